from odoo import fields, models


class ConfigMedicament(models.Model):
    """Tarif daté d'un médicament (voir `cnas.config.mixin`)."""

    _name = "cnas.config_medicament"
    _description = "Config Médicament"
    _inherit = ["cnas.config.mixin"]
    _rec_names_search = ["medicament_id.code", "medicament_id.name", "medicament_id.dci"]

    _order = "medicament_id, niveau nulls first, date_debut desc"

    _cle_tarif = "medicament_id"
    _periode_cle = ("medicament_id", "niveau")

    medicament_id = fields.Many2one(
        "cnas.medicament", string="Médicament", required=True, index=True, ondelete="restrict", tracking=True)
    dci = fields.Char(related="medicament_id.dci", string="DCI")
