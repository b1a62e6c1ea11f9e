from odoo import api, fields, models


class Gel(models.Model):
    """Un gel protège aussi les pièces d'une feuille de soins."""

    _inherit = "cnas.gel"

    feuille_id = fields.Many2one("cnas.feuille_soin", string="Feuille de soins", ondelete="restrict", index="btree_not_null")

    @api.model
    def _champs_proprietaires(self):
        return [*super()._champs_proprietaires(), "feuille_id"]
