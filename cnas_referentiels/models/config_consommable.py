from odoo import fields, models


class ConfigConsommable(models.Model):
    """Tarif daté d'un consommable (voir `cnas.config.mixin`)."""

    _name = "cnas.config_consommable"
    _description = "Config Consommable"
    _inherit = ["cnas.config.mixin"]
    _rec_names_search = ["consommable_id.code", "consommable_id.name"]

    _order = "consommable_id, niveau nulls first, date_debut desc"

    _cle_tarif = "consommable_id"
    _periode_cle = ("consommable_id", "niveau")

    consommable_id = fields.Many2one(
        "cnas.consommable", string="Consommable", required=True, index=True, ondelete="restrict", tracking=True)
    unite = fields.Char(related="consommable_id.unite", string="Unité")
