from odoo import api, fields, models


class EntenteAccordWizard(models.TransientModel):
    """Le médecin-conseil accorde une entente préalable, en tout ou partie."""

    _name = "cnas.entente_accord.wizard"
    _description = "Accorder une entente préalable"
    _inherit = ["cnas.montant.mixin"]

    entente_id = fields.Many2one("cnas.entente_prealable", string="Entente préalable", required=True,
                                 default=lambda self: self.env.context.get("active_id"))
    quantite = fields.Integer(string="Quantité accordée", compute="_compute_demande", store=True, readonly=False)
    montant = fields.Monetary(string="Montant accordé", compute="_compute_demande", store=True, readonly=False)
    date_debut = fields.Date(string="Valable du", help="Vide : aujourd'hui.")
    date_fin = fields.Date(string="Au", help="Vide : durée de validité ordinaire.")
    motif = fields.Char(string="Motif", help="Obligatoire si l'accord est partiel.")

    @api.depends("entente_id")
    def _compute_demande(self):
        for assistant in self:
            assistant.quantite = assistant.entente_id.quantite_demandee
            assistant.montant = assistant.entente_id.montant_demande

    def action_confirmer(self):
        """Accorde."""
        self.entente_id.action_accorder(self.quantite, int(self.montant), self.date_debut, self.date_fin, self.motif)
        return {"type": "ir.actions.act_window_close"}
