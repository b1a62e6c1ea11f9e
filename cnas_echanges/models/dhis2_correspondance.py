import re

from odoo import _, api, fields, models
from odoo.exceptions import ValidationError

UID = re.compile(r"[A-Za-z][A-Za-z0-9]{10}")
INDICATEURS = [
    ("feuilles", "Feuilles décidées"),
    ("beneficiaires", "Personnes soignées"),
    ("enfants", "Feuilles d'enfants de moins de 5 ans"),
    ("maternite", "Feuilles de maternité"),
    ("hospitalisations", "Hospitalisations"),
    ("rejets", "Feuilles rejetées"),
    ("part_cnas", "Part CNAS (francs)"),
]


class Dhis2Correspondance(models.Model):
    """Un de nos agrégats mensuels, et l'élément de données DHIS2 qui le reçoit ; sans ligne, l'agrégat ne part pas.

    L'administrateur tient la table, les agents la lisent.
    """

    _name = "cnas.dhis2.correspondance"
    _description = "Correspondance DHIS2"
    _inherit = ["cnas.garde.mixin"]
    _rec_name = "element"
    _order = "indicateur"
    _champs_journal = ("indicateur", "element", "combinaison", "active")

    indicateur = fields.Selection(INDICATEURS, string="Agrégat", required=True)
    element = fields.Char(string="Élément de données", required=True, help="Identifiant DHIS2 (dataElement), onze signes.")
    combinaison = fields.Char(string="Combinaison", help="Identifiant DHIS2 (categoryOptionCombo) ; vide : celle par défaut.")
    active = fields.Boolean(string="Active", default=True)

    _sql_constraints = [("indicateur_unique", "UNIQUE (indicateur)", "Cet agrégat a déjà sa correspondance.")]

    @api.constrains("element", "combinaison")
    def _check_uid(self):
        for ligne in self:
            for uid in filter(None, (ligne.element, ligne.combinaison)):
                if not UID.fullmatch(uid):
                    raise ValidationError(_("« %s » n'est pas un identifiant DHIS2 : une lettre, puis dix lettres ou chiffres.", uid))
