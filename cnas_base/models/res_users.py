from odoo import fields, models


class ResUsers(models.Model):
    _inherit = "res.users"

    agence_ids = fields.Many2many(
        "cnas.agence", "cnas_agence_user_rel", "user_id", "agence_id", string="Agences CNAS")
