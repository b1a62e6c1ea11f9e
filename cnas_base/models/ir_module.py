from odoo import models

from ..ramassage import mettre_hors_de_portee


class IrModule(models.Model):
    """Les modules chargés : ce qu'ils ont posé en mémoire y reste, le ramassage n'a plus à le relire."""

    _inherit = "ir.module.module"

    def _register_hook(self):
        super()._register_hook()
        mettre_hors_de_portee()
