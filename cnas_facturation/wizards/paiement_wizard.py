from odoo import fields, models

from odoo.addons.cnas_base.jour import aujourd_hui


class PaiementWizard(models.TransientModel):
    """Demande la date d'exécution et la référence, puis paie les factures ou exécute le lot."""

    _name = "cnas.paiement.wizard"
    _description = "Paiement"

    facture_ids = fields.Many2many("cnas.facture", string="Factures")
    lot_id = fields.Many2one("cnas.lot_paiement", string="Lot de paiement")
    date = fields.Date(string="Date d'exécution", required=True, default=lambda self: aujourd_hui())
    reference = fields.Char(string="Référence du paiement", required=True)

    def action_confirmer(self):
        """Paie. Rend True ; les contrôles de rôle et d'état sont dans les actions appelées."""
        self.ensure_one()
        if self.lot_id:
            return self.lot_id.action_executer(self.date, self.reference)
        return self.facture_ids.action_payer(self.date, self.reference)
