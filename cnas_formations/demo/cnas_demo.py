from odoo import models


class CnasDemo(models.AbstractModel):
    _inherit = "cnas.demo"

    def _charger_formations(self):
        """Charge les formations sanitaires de démonstration."""
        return True
