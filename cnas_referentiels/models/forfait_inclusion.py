from odoo import api, fields, models


class ForfaitInclusion(models.Model):
    """Prestation comprise dans un forfait : facturée en sus, elle est rejetée (règle TAR-06), à des dates données.

    Lecture : tous les rôles internes. Écriture : administrateur.
    """

    _name = "cnas.forfait_inclusion"
    _description = "Prestation incluse dans un forfait"
    _inherit = ["cnas.garde.mixin", "cnas.periode.mixin"]
    _order = "forfait_id, prestation_id"
    _champs_journal = ("forfait_id", "prestation_id", "date_debut", "date_fin")

    _periode_cle = ("forfait_id", "prestation_id")
    _periode_message = "Cette prestation est déjà incluse dans ce forfait à ces dates."

    forfait_id = fields.Many2one("cnas.prestation", string="Forfait", required=True, index=True, ondelete="cascade")
    prestation_id = fields.Many2one(
        "cnas.prestation", string="Prestation incluse", required=True, index=True, ondelete="cascade")

    _sql_constraints = [
        ("pas_soi_meme", "CHECK (forfait_id <> prestation_id)", "Un forfait ne s'inclut pas lui-même."),
    ]

    @api.depends("forfait_id", "prestation_id")
    def _compute_display_name(self):
        for inclusion in self:
            inclusion.display_name = f"{inclusion.forfait_id.code} ⊃ {inclusion.prestation_id.code}"
