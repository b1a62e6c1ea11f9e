from odoo import fields, models

ETAT_CIVIL = [("etat_civil", "Actes d'état civil")]


class Colonne(models.Model):
    """Les colonnes des actes d'état civil."""

    _inherit = "cnas.colonne"

    sujet = fields.Selection(selection_add=ETAT_CIVIL, ondelete={"etat_civil": "cascade"})
