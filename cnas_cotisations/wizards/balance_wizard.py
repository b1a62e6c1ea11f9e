from odoo import fields, models

from odoo.addons.cnas_base.jour import aujourd_hui


class BalanceWizard(models.TransientModel):
    """La balance âgée à une date, en classeur."""

    _name = "cnas.balance.wizard"
    _description = "Balance âgée à une date"

    jour = fields.Date(string="Au", required=True, default=lambda self: aujourd_hui())

    def action_telecharger(self):
        """Rend l'action qui télécharge le classeur."""
        self.ensure_one()
        return {"type": "ir.actions.act_url", "url": f"/cnas/cotisations/balance/{self.jour}/xlsx", "target": "self"}
