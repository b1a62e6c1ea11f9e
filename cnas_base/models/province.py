from odoo import api, fields, models

from ..impression.langue import sql_francais


class Province(models.Model):
    """Une des vingt-trois provinces du Tchad (ISO 3166-2:TD).

    | qui | peut |
    |---|---|
    | tous les agents | lire |
    | administrateur | modifier |
    """

    _name = "cnas.province"
    _description = "Province"
    _inherit = ["cnas.garde.mixin"]
    _order = "name"
    _rec_names_search = ["name", "code"]

    code = fields.Char(string="Code", required=True, help="Code ISO 3166-2, par exemple TD-ND.")
    name = fields.Char(string="Province", required=True, translate=True)
    chef_lieu = fields.Char(string="Chef-lieu", translate=True)
    district_ids = fields.One2many("cnas.district", "province_id", string="Districts")
    nombre_districts = fields.Integer(string="Nombre de districts", compute="_compute_nombre_districts")
    active = fields.Boolean(string="Actif", default=True)

    _sql_constraints = [
        ("code_unique", "UNIQUE (code)", "Ce code de province existe déjà."),
        # le nom se traduit : c'est le français qui n'est qu'à une province
        ("name_unique", f"EXCLUDE USING btree (({sql_francais('name')}) WITH =)", "Cette province existe déjà."),
    ]

    @api.depends("district_ids")
    def _compute_nombre_districts(self):
        comptes = dict(self.env["cnas.district"]._read_group(
            [("province_id", "in", self.ids)], ["province_id"], ["__count"]))
        for province in self:
            province.nombre_districts = comptes.get(province, 0)
