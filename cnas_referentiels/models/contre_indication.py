from odoo import api, fields, models

from .constantes import AGE_SANS_LIMITE


class ContreIndication(models.Model):
    """Contre-indication d'une prestation (règle CLI-06) : grossesse, âge ou pathologie.

    Une ligne vaut dès qu'une de ses conditions est remplie : femme enceinte (dossier de maternité), âge sous
    `age_min` ou au-dessus de `age_max` (années révolues), pathologie de la feuille.
    Lecture : tous les rôles internes. Écriture : administrateur.
    """

    _name = "cnas.contre_indication"
    _description = "Contre-indication"
    _inherit = ["cnas.garde.mixin"]
    _order = "prestation_id, id"
    _champs_journal = ("prestation_id", "grossesse", "age_min", "age_max", "pathologie_id")

    prestation_id = fields.Many2one(
        "cnas.prestation", string="Prestation", required=True, index=True, ondelete="cascade")
    grossesse = fields.Boolean(string="Grossesse")
    age_min = fields.Integer(string="Âge minimum", default=0, help="Contre-indiqué avant cet âge ; 0 : aucun.")
    age_max = fields.Integer(
        string="Âge maximum", default=AGE_SANS_LIMITE, help="Contre-indiqué après cet âge ; 120 : aucun.")
    pathologie_id = fields.Many2one("cnas.pathologie", string="Pathologie", ondelete="restrict", index="btree_not_null")
    motif = fields.Char(string="Motif", translate=True)

    _sql_constraints = [
        ("ages_ordonnes", "CHECK (COALESCE(age_min, 0) >= 0 AND COALESCE(age_max, 120) BETWEEN COALESCE(age_min, 0) "
         "AND 120)", "L'âge maximum suit l'âge minimum, entre 0 et 120 ans."),
        ("condition_presente", "CHECK (grossesse OR COALESCE(age_min, 0) > 0 OR COALESCE(age_max, 120) < 120 "
         "OR pathologie_id IS NOT NULL)", "Donnez une condition : grossesse, âge ou pathologie."),
    ]

    @api.depends("prestation_id", "motif")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for ligne in self:
            ligne.display_name = f"{ligne.prestation_id.code} — {ligne.motif or ''}".rstrip(" —")
