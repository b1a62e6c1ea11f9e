from odoo import fields, models


class DecisionWizard(models.TransientModel):
    """Décision d'une contestation : montant accordé et motif."""

    _name = "cnas.decision.wizard"
    _description = "Décision d'une contestation"
    _inherit = ["cnas.montant.mixin"]

    contestation_id = fields.Many2one("cnas.contestation", string="Contestation", required=True)
    montant_demande = fields.Monetary(related="contestation_id.montant_demande", string="Montant demandé")
    montant_accorde = fields.Monetary(string="Montant accordé", required=True)
    motif = fields.Text(string="Motif de la décision")

    def action_confirmer(self):
        """Enregistre la décision. Rend True."""
        self.ensure_one()
        return self.contestation_id.action_accepter(self.montant_accorde, self.motif)
