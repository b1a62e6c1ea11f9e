from odoo import fields, models

RELEVES = [("releves", "Relevés de banque et d'opérateur")]


class Colonne(models.Model):
    """Les colonnes d'un relevé."""

    _inherit = "cnas.colonne"

    sujet = fields.Selection(selection_add=RELEVES, ondelete={"releves": "cascade"})
