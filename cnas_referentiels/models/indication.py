from odoo import api, fields, models


class Indication(models.Model):
    """Pathologie qui justifie une prestation (règle CLI-03). Une prestation sans indication est libre.

    Lecture : tous les rôles internes. Écriture : administrateur.
    """

    _name = "cnas.indication"
    _description = "Indication"
    _inherit = ["cnas.garde.mixin"]
    _order = "prestation_id, pathologie_id"
    _champs_journal = ("prestation_id", "pathologie_id")

    prestation_id = fields.Many2one(
        "cnas.prestation", string="Prestation", required=True, index=True, ondelete="cascade")
    pathologie_id = fields.Many2one(
        "cnas.pathologie", string="Pathologie", required=True, index=True, ondelete="restrict")

    _sql_constraints = [
        ("couple_unique", "UNIQUE (prestation_id, pathologie_id)", "Cette indication existe déjà."),
    ]

    @api.depends("prestation_id", "pathologie_id")
    def _compute_display_name(self):
        for indication in self:
            indication.display_name = f"{indication.prestation_id.code} — {indication.pathologie_id.code}"
