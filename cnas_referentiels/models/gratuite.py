from odoo import fields, models

from .constantes import AGE_SANS_LIMITE, SEXES


class Gratuite(models.Model):
    """Soin déjà payé par un autre programme : la caisse ne le paie pas une seconde fois.

    Vaut pour une prestation, une pathologie, ou les deux ensemble ; âges en années révolues, inclus.
    Lecture : tous les rôles internes. Écriture : administrateur.
    """

    _name = "cnas.gratuite"
    _description = "Gratuité d'un autre programme"
    _inherit = ["cnas.garde.mixin", "cnas.periode.mixin"]
    _order = "name, prestation_id, pathologie_id"
    _champs_journal = ("name", "prestation_id", "pathologie_id", "sexe", "age_min", "age_max", "date_debut", "date_fin")

    _periode_cle = ("name", "prestation_id", "pathologie_id", "sexe", "age_min", "age_max")
    _periode_message = "Cette gratuité existe déjà à ces dates."

    name = fields.Char(string="Programme payeur", required=True, translate=True)
    prestation_id = fields.Many2one("cnas.prestation", string="Prestation", index=True, ondelete="cascade")
    pathologie_id = fields.Many2one("cnas.pathologie", string="Pathologie", index=True, ondelete="restrict")
    sexe = fields.Selection(SEXES, string="Sexe", help="Vide : les deux.")
    age_min = fields.Integer(string="Âge minimum", default=0)
    age_max = fields.Integer(string="Âge maximum", default=AGE_SANS_LIMITE, help="120 : sans limite.")

    _sql_constraints = [
        ("cible_presente", "CHECK (prestation_id IS NOT NULL OR pathologie_id IS NOT NULL)",
         "Désignez une prestation, une pathologie, ou les deux."),
        ("ages_ordonnes", "CHECK (COALESCE(age_min, 0) >= 0 AND COALESCE(age_max, 120) BETWEEN COALESCE(age_min, 0) "
         "AND 120)", "L'âge maximum suit l'âge minimum, entre 0 et 120 ans."),
    ]
