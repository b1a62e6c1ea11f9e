from odoo import api, fields, models


class Incompatibilite(models.Model):
    """Deux prestations qui ne se facturent pas ensemble dans la même séance (règle CLI-04), à des dates données.

    Le couple est sans ordre : il se range tout seul, plus petit identifiant d'abord.
    Lecture : tous les rôles internes. Écriture : administrateur.
    """

    _name = "cnas.incompatibilite"
    _description = "Incompatibilité entre prestations"
    _inherit = ["cnas.garde.mixin", "cnas.periode.mixin"]
    _order = "prestation_1_id, prestation_2_id"
    _champs_journal = ("prestation_1_id", "prestation_2_id", "date_debut", "date_fin")

    _periode_cle = ("prestation_1_id", "prestation_2_id")
    _periode_message = "Cette incompatibilité existe déjà à ces dates."

    prestation_1_id = fields.Many2one(
        "cnas.prestation", string="Prestation", required=True, index=True, ondelete="cascade")
    prestation_2_id = fields.Many2one(
        "cnas.prestation", string="Incompatible avec", required=True, index=True, ondelete="cascade")
    motif = fields.Char(string="Motif", translate=True)

    _sql_constraints = [
        ("couple_range", "CHECK (prestation_1_id < prestation_2_id)",
         "Une incompatibilité unit deux prestations différentes."),
    ]

    @api.depends("prestation_1_id", "prestation_2_id")
    def _compute_display_name(self):
        for couple in self:
            couple.display_name = f"{couple.prestation_1_id.code} / {couple.prestation_2_id.code}"

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._ranger(vals, vals.get("prestation_1_id"), vals.get("prestation_2_id"))
                               for vals in vals_list])

    def write(self, vals):
        if not {"prestation_1_id", "prestation_2_id"} & vals.keys():
            return super().write(vals)
        for couple in self:
            super(Incompatibilite, couple).write(self._ranger(
                vals, vals.get("prestation_1_id", couple.prestation_1_id.id),
                vals.get("prestation_2_id", couple.prestation_2_id.id)))
        return True

    @api.model
    def _ranger(self, vals, une, autre):
        if une and autre and une > autre:
            return {**vals, "prestation_1_id": autre, "prestation_2_id": une}
        return vals
