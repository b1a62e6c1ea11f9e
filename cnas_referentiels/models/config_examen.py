from odoo import fields, models


class ConfigExamen(models.Model):
    """Tarif daté d'un examen au forfait (voir `cnas.config.mixin`)."""

    _name = "cnas.config_examen"
    _description = "Config Examen"
    _inherit = ["cnas.config.mixin"]
    _rec_names_search = ["examen_id.code", "examen_id.name"]

    _order = "examen_id, niveau nulls first, date_debut desc"

    _cle_tarif = "examen_id"
    _periode_cle = ("examen_id", "niveau")

    examen_id = fields.Many2one(
        "cnas.examen", string="Examen", required=True, index=True, ondelete="restrict", tracking=True)
    mode_tarif = fields.Selection(related="examen_id.mode_tarif")
