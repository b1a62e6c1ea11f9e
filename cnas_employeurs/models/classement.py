from odoo import api, fields, models


class ProprietaireMixin(models.AbstractModel):
    """Un document, un courrier, un gel se rangent sous un employeur."""

    _inherit = "cnas.proprietaire.mixin"

    employeur_id = fields.Many2one("cnas.employeur", string="Employeur", ondelete="restrict", index="btree_not_null")

    @api.model
    def _champs_proprietaires(self):
        return ["employeur_id", *super()._champs_proprietaires()]
