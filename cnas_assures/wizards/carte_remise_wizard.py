from odoo import fields, models


class CarteRemiseWizard(models.TransientModel):
    """Assistant de remise : à qui la carte est donnée, en quelle qualité, sur quelle pièce."""

    _name = "cnas.carte.remise.wizard"
    _description = "Remise d'une carte"

    carte_ids = fields.Many2many("cnas.carte", string="Cartes", required=True)
    qualite = fields.Selection(
        [("titulaire", "Le titulaire"), ("parent", "Un parent"), ("conjoint", "Le conjoint"),
         ("mandataire", "Un mandataire")],
        string="Remise à", default="titulaire", required=True)
    remise_a = fields.Char(string="Nom de qui la reçoit")
    piece = fields.Char(string="Pièce présentée", help="Type et numéro : CNI 123456…")
    activer = fields.Boolean(string="Activer aussitôt", default=True)

    def action_confirmer(self):
        """Remet les cartes et, si demandé, les active ; rend l'accusé à imprimer."""
        self.ensure_one()
        self.carte_ids.action_remettre(self.remise_a, self.qualite, self.piece)
        if self.activer:
            self.carte_ids.action_activer()
        return {**self.carte_ids.action_imprimer_accuse(), "close": True}
