from odoo import http, models

from ..ramassage import mettre_hors_de_portee


class IrModule(models.Model):
    """Les modules chargés : ce qui se connaît d'eux se lit avant le premier usager, puis reste en mémoire sans être relu."""

    _inherit = "ir.module.module"

    def _register_hook(self):
        super()._register_hook()
        # la carte des fichiers statiques se fait ici, avant les usagers : à plusieurs fils, deux premières demandes ensemble
        # la feraient en même temps, et l'analyseur de Python 3.11 s'y trompe (« AST constructor recursion depth mismatch »)
        http.root.statics  # noqa: B018
        mettre_hors_de_portee()
