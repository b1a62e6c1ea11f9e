from odoo import api, fields, models


class District(models.Model):
    """Un district sanitaire. Le découpage change : la CNAS active et désactive.

    | qui | peut |
    |---|---|
    | tous les agents | lire |
    | administrateur | modifier, archiver |
    """

    _name = "cnas.district"
    _description = "District sanitaire"
    _inherit = ["cnas.garde.mixin"]
    _order = "name"

    name = fields.Char(string="District", required=True, index="trigram")
    province_id = fields.Many2one("cnas.province", string="Province", required=True, index=True, ondelete="restrict")
    active = fields.Boolean(string="Actif", default=True)

    _sql_constraints = [
        ("nom_unique", "UNIQUE (province_id, name)", "Ce district existe déjà dans cette province."),
    ]

    @api.depends("name", "province_id.name")
    @api.depends_context("avec_province")
    def _compute_display_name(self):
        for district in self:
            province = self.env.context.get("avec_province") and district.province_id.name
            district.display_name = f"{district.name} ({province})" if province else district.name
