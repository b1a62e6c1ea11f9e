from odoo import api, fields, models


class ProprietaireMixin(models.AbstractModel):
    """Un document, un courrier, un gel se rangent sous un assuré."""

    _inherit = "cnas.proprietaire.mixin"

    assure_id = fields.Many2one("cnas.assure", string="Assuré", ondelete="restrict", index="btree_not_null")

    @api.model
    def _champs_proprietaires(self):
        return ["assure_id", *super()._champs_proprietaires()]
