from odoo import fields, models


class ConfigActe(models.Model):
    """Tarif daté d'un acte au forfait (voir `cnas.config.mixin`)."""

    _name = "cnas.config_acte"
    _description = "Config Acte"
    _inherit = ["cnas.config.mixin"]
    _rec_names_search = ["acte_id.code", "acte_id.name"]

    _order = "acte_id, niveau nulls first, date_debut desc"

    _cle_tarif = "acte_id"
    _periode_cle = ("acte_id", "niveau")

    acte_id = fields.Many2one(
        "cnas.acte", string="Acte", required=True, index=True, ondelete="restrict", tracking=True)
    mode_tarif = fields.Selection(related="acte_id.mode_tarif")
