from odoo import fields, models

from odoo.addons.cnas_base.jour import aujourd_hui


class EcheancierWizard(models.TransientModel):
    """Demande le nombre d'échéances et le jour de la première, puis accorde l'échéancier."""

    _name = "cnas.echeancier.wizard"
    _description = "Échéancier d'un indu"
    _inherit = ["cnas.montant.mixin"]

    indu_id = fields.Many2one("cnas.indu", string="Indu", required=True)
    solde = fields.Monetary(related="indu_id.solde")
    nombre = fields.Integer(string="Nombre d'échéances mensuelles", required=True, default=3)
    premiere = fields.Date(
        string="Première échéance", required=True, default=lambda self: fields.Date.add(aujourd_hui(), months=1))

    def action_confirmer(self):
        """Accorde l'échéancier. Rend True ; rôle et état sont vérifiés par l'action appelée."""
        self.ensure_one()
        return self.indu_id.action_echelonner(self.nombre, self.premiere)
