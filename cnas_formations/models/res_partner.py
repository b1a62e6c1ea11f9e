from odoo import fields, models


class ResPartner(models.Model):
    """Le contact d'une formation sanitaire connaît sa formation."""

    _inherit = "res.partner"

    cnas_formation_ids = fields.One2many(
        "cnas.formation_sanitaire", "partner_id", string="Formation sanitaire", readonly=True)
