from odoo import models


class IrModule(models.Model):
    """Le plan de comptes que le cœur charge à la fin d'une installation ne se pose pas sur des écritures déjà passées."""

    _inherit = "ir.module.module"

    def _register_hook(self):
        if hasattr(self.env.registry, "_auto_install_template") and self.env["res.company"]._cnas_societe()._existing_accounting():
            del self.env.registry._auto_install_template
        return super()._register_hook()
