from odoo import _, api, fields, models
from odoo.exceptions import ValidationError

from .dhis2_correspondance import UID


class Dhis2Unite(models.Model):
    """Le district sanitaire sous son identifiant d'unité d'organisation DHIS2 ; sans lui, le district ne part pas.

    L'administrateur tient la table, les agents la lisent.
    """

    _name = "cnas.dhis2.unite"
    _description = "District dans DHIS2"
    _inherit = ["cnas.garde.mixin"]
    _rec_name = "uid"
    _order = "district_id"
    _champs_journal = ("district_id", "uid")

    district_id = fields.Many2one("cnas.district", string="District", required=True, ondelete="restrict", index=True)
    province_id = fields.Many2one(related="district_id.province_id", string="Province")
    uid = fields.Char(string="Unité DHIS2", required=True, help="Onze signes, tels que DHIS2 les donne : « O6uvpzGd5pu ».")

    _sql_constraints = [("district_unique", "UNIQUE (district_id)", "Ce district a déjà son unité DHIS2."),
                        ("uid_unique", "UNIQUE (uid)", "Cette unité DHIS2 est déjà celle d'un autre district.")]

    @api.constrains("uid")
    def _check_uid(self):
        for unite in self:
            if not UID.fullmatch(unite.uid or ""):
                raise ValidationError(_("« %s » n'est pas un identifiant DHIS2 : une lettre, puis dix lettres ou chiffres.", unite.uid))
