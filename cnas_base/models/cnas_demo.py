from odoo import models


class CnasDemo(models.AbstractModel):
    """Point d'accroche des jeux d'essai : chaque addon y ajoute `_charger_<domaine>` dans `demo/`."""

    _name = "cnas.demo"
    _description = "Jeu de démonstration CNAS"
