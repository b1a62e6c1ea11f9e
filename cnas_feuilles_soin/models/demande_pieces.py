import re

from odoo import api, fields, models
from odoo.tools.translate import code_translations

from odoo.addons.cnas_base.impression.langue import en_francais
from odoo.addons.cnas_base.jour import aujourd_hui

from ..regles.lecture_motif import MOTS

VIRGULES = {", ": "، ", " ; ": "؛ ", "": ""}


def lire_liste(texte, noms):
    """Rend une liste écrite en français (« Ordonnance, diagnostic codé »), ses termes connus traduits, le reste tel quel.

    :param noms: {terme français: terme traduit}
    """
    if not noms or not texte:
        return texte
    termes = "|".join(map(re.escape, sorted(noms, key=len, reverse=True)))
    return re.sub(rf"(?:^|(?<=, )|(?<= [:;] ))({termes})(, | ; |\Z)", lambda terme: noms[terme[1]] + VIRGULES[terme[2]], texte)


class DemandePieces(models.Model):
    """Une demande de pièces : ce qui manque, à qui, avant quand, combien de relances, quelle issue.

    États : en attente → satisfaite | échue | abandonnée, menés par les actions de la feuille. La formation lit les siennes.
    """

    _name = "cnas.demande_pieces"
    _description = "Demande de pièces"
    _inherit = ["cnas.etat.mixin"]
    _cloison_agence = ("feuille_id.agence_id", "feuille_id.bordereau_id.destination_id")
    _cloison_usager = ("feuille_id.controleur_id",)
    _order = "id desc"
    _rec_name = "motif"

    _etat_initial = "en_attente"
    _passages = {"en_attente": ("satisfaite", "echue", "abandonnee")}
    _champs_geles = ("date_limite", "relances", "date_relance", "date_fermeture")

    feuille_id = fields.Many2one("cnas.feuille_soin", string="Feuille de soins", required=True, index=True,
                                 ondelete="cascade")
    formation_id = fields.Many2one(related="feuille_id.formation_id", string="Formation sanitaire")
    motif = fields.Char(string="Ce qui manque, écrit", required=True)
    motif_lu = fields.Char(string="Ce qui manque", compute="_compute_motif_lu", compute_sudo=True, help="Dans la langue de qui le lit.")
    date_demande = fields.Date(string="Demandée le", required=True, default=lambda self: aujourd_hui())
    date_limite = fields.Date(string="À fournir avant le", index=True)
    relances = fields.Integer(string="Relances", default=0)
    date_relance = fields.Date(string="Dernière relance")
    date_fermeture = fields.Date(string="Fermée le")
    demandee_par_id = fields.Many2one("res.users", string="Demandée par", default=lambda self: self.env.user)
    state = fields.Selection(
        [("en_attente", "En attente"), ("satisfaite", "Satisfaite"), ("echue", "Échue"),
         ("abandonnee", "Abandonnée")],
        string="État", default="en_attente", required=True, readonly=True, index=True)

    @api.depends("motif", "feuille_id.anomalie_ids.message")
    @api.depends_context("lang")
    def _compute_motif_lu(self):
        """Pièces, phrases types et motifs du moteur, dans la langue de qui lit ; ce qu'une personne a écrit, tel quel."""
        noms = self._noms_lus()
        for demande in self:
            motifs = {a.message: a.motif_lu for a in demande.feuille_id.anomalie_ids} if noms else {}
            demande.motif_lu = lire_liste(demande.motif, {**noms, **motifs})

    @api.model
    def _noms_lus(self):
        """Rend {terme français: terme dans la langue de l'usager} de ce qui se demande ; rien à qui lit en français."""
        if en_francais(self.env):
            return {}
        connues = code_translations.get_python_translations("cnas_feuilles_soin", self.env.lang)
        phrases = self.env["cnas.demande_pieces.wizard"]._fields["phrase"]
        lues = dict(phrases._description_selection(self.env))
        return {**self.env["cnas.type_piece"]._noms_lus(), **{phrase: lues[cle] for cle, phrase in phrases.selection},
                **{mot._source: connues.get(mot._source, mot._source) for mot in MOTS}}
