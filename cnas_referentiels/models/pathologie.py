import re

from odoo import _, api, fields, models
from odoo.exceptions import ValidationError

from .constantes import AGE_SANS_LIMITE, SEXES

CODE_CIM10 = re.compile(r"[A-Z]\d{2}(\.\d{1,2})?")
_SANS_POINT = re.compile(r"([A-Z][0-9]{2})([0-9]{0,2})")


def lire_code_cim10(texte):
    """Rend le code sous sa forme à point : « j069 », « J06-9 », « J06.9+ » se lisent J06.9 ; le reste, tel quel."""
    lu = _SANS_POINT.fullmatch(re.sub(r"[\s.,*+†-]", "", texte.upper()))
    return ".".join(filter(None, lu.groups())) if lu else texte.strip().upper()


class Pathologie(models.Model):
    """Pathologie codée en CIM-10 (200 livrées ; la CIM-10 complète s'importe).

    Les âges sont en années révolues, bornes incluses ; 120 : sans limite.
    Lecture : tous les rôles et le portail. Écriture : administrateur.
    """

    _name = "cnas.pathologie"
    _description = "Pathologie"
    _inherit = ["cnas.archivage.mixin", "mail.thread"]
    _order = "code"
    _champs_journal = ("code", "ald", "maternite", "sexe", "age_min", "age_max", "active")
    _rec_names_search = ["code", "name"]

    code = fields.Char(string="Code", required=True, tracking=True, help="Code CIM-10, par exemple B50.9.")
    name = fields.Char(string="Pathologie", required=True, translate=True, index="trigram", tracking=True)
    categorie_id = fields.Many2one(
        "cnas.categorie_pathologie", string="Catégorie", index=True, ondelete="restrict", tracking=True)
    ald = fields.Boolean(string="Affection de longue durée", tracking=True)
    maternite = fields.Boolean(string="Maternité", tracking=True)
    sexe = fields.Selection(SEXES, string="Sexe", tracking=True, help="Vide : les deux.")
    age_min = fields.Integer(string="Âge minimum", tracking=True, help="Années révolues, incluses.")
    age_max = fields.Integer(
        string="Âge maximum", default=AGE_SANS_LIMITE, tracking=True,
        help="Années révolues, incluses ; 120 : sans limite.")
    indication_ids = fields.One2many("cnas.indication", "pathologie_id", string="Prestations indiquées")
    active = fields.Boolean(string="Actif", default=True, tracking=True)

    _sql_constraints = [
        ("code_unique", "UNIQUE (code)", "Ce code CIM-10 existe déjà."),
        ("ages_ordonnes", "CHECK (COALESCE(age_min, 0) >= 0 AND COALESCE(age_max, 120) BETWEEN COALESCE(age_min, 0) "
         "AND 120)", "L'âge maximum suit l'âge minimum, entre 0 et 120 ans."),
    ]

    @api.constrains("code")
    def _check_code(self):
        for pathologie in self:
            if not CODE_CIM10.fullmatch(pathologie.code or ""):
                raise ValidationError(_(
                    "« %s » n'est pas un code CIM-10 : une lettre, deux chiffres, puis au besoin un point et un ou "
                    "deux chiffres (B54, B50.9).", pathologie.code))

    @api.depends("code", "name")
    def _compute_display_name(self):
        for pathologie in self:
            pathologie.display_name = f"[{pathologie.code}] {pathologie.name}" if pathologie.code else pathologie.name

    @api.model
    def _name_search(self, name, domain=None, operator="ilike", limit=None, order=None):
        """Trouve un code comme on l'écrit : « J069 » est J06.9, « J06 » montre ses sous-codes."""
        code = lire_code_cim10(name) if isinstance(name, str) else ""
        return super()._name_search(code if CODE_CIM10.fullmatch(code) else name, domain, operator, limit, order)

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._normaliser(vals) for vals in vals_list])

    def write(self, vals):
        return super().write(self._normaliser(vals))

    @api.model
    def _normaliser(self, vals):
        if isinstance(vals.get("code"), str):
            vals = {**vals, "code": lire_code_cim10(vals["code"])}
        return vals
