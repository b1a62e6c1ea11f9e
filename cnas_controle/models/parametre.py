from odoo import fields, models


class Parametre(models.Model):
    """Les seuils du contrôle après coup ont leur famille."""

    _inherit = "cnas.parametre"

    famille = fields.Selection(selection_add=[("controle", "Contrôle après coup")], ondelete={"controle": "cascade"})
