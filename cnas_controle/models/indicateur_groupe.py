from odoo import api, fields, models
from odoo.tools.translate import _lt, code_translations

from odoo.addons.cnas_base.impression.langue import FRANCAIS
from odoo.addons.cnas_feuilles_soin.regles.lecture_motif import dire

COMPARE, TROP_PEU = _lt("comparé"), _lt("n. d. : {vus} pairs, il en faut {minimum}")
SERIES = (
    _lt("Paludisme grave"), _lt("Consultations de spécialiste"), _lt("Césariennes"), _lt("Délivrances sans consultation"), _lt("Fins de semaine"),
    _lt("Coût moyen d'une feuille"), _lt("Lignes par feuille"), _lt("Part des feuilles avec antibiotique"), _lt("Part des feuilles avec injection"),
)


class IndicateurGroupe(models.Model):
    """Un groupe de pairs d'un indicateur, tel que le dernier calcul l'a lu : combien, leur moyenne, leur écart-type ; ou « n. d. ».

    Écrit par le calcul seul ; le superviseur le lit sur l'indicateur.
    """

    _name = "cnas.indicateur.groupe"
    _description = "Pairs d'un indicateur"
    _inherit = ["cnas.garde.mixin"]
    _order = "serie, type_formation, niveau"
    _rec_name = "serie"
    _champs_geles = ("indicateur_id", "serie", "type_formation", "niveau", "pairs", "moyenne", "ecart_type", "dit")

    indicateur_id = fields.Many2one("cnas.indicateur", string="Indicateur", required=True, ondelete="cascade", index=True, readonly=True)
    serie = fields.Char(string="Série", required=True, readonly=True)
    serie_lue = fields.Char(string="Mesure", compute="_compute_lus")
    type_formation = fields.Selection(
        lambda self: self.env["cnas.formation_sanitaire"]._fields["type_formation"]._description_selection(self.env), string="Type", readonly=True)
    niveau = fields.Integer(string="Niveau", readonly=True)
    pairs = fields.Integer(string="Pairs", readonly=True)
    moyenne = fields.Float(string="Moyenne", digits=(16, 2), readonly=True)
    ecart_type = fields.Float(string="Écart-type", digits=(16, 2), readonly=True)
    dit = fields.Char(string="Constat", readonly=True)
    dit_lu = fields.Char(string="Comparaison", compute="_compute_lus", help="« n. d. » : trop peu de pairs pour comparer.")

    @api.depends("serie", "dit")
    @api.depends_context("lang")
    def _compute_lus(self):
        """Ce que le calcul a écrit, en français, se lit dans la langue de l'écran."""
        langue = self.env.lang or FRANCAIS
        connues = code_translations.get_python_translations("cnas_controle", langue)
        phrases = [(phrase._source, connues.get(phrase._source, phrase._source)) for phrase in (COMPARE, TROP_PEU)]
        for groupe in self:
            groupe.serie_lue = connues.get(groupe.serie, groupe.serie)
            groupe.dit_lu = dire(phrases, groupe.dit or "", langue)
