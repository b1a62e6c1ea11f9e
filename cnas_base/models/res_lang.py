import unicodedata

from babel import Locale

from odoo import api, models

from ..impression.langue import ARABE, FRANCAIS, SOURCE

COMME_EN_FRANCAIS = ("date_format", "time_format", "decimal_point", "thousands_sep", "grouping")
DATE_ARABE_D_ODOO = "%d %b, %Y"


class ResLang(models.Model):
    """L'heure se lit sans les secondes, l'arabe écrit dates et montants comme le français ; un usager choisit parmi les actives."""

    _inherit = "res.lang"

    @api.model
    def _sans_secondes(self):
        """Ôte les secondes des langues qui les montrent, installées ou à venir ; rejoué à chaque mise à jour."""
        for langue in self.with_context(active_test=False).search([("time_format", "like", ":%S")]).filtered(lambda langue: ":%S" in langue.time_format):
            langue.time_format = langue.time_format.replace(":%S", "")

    # ------------------------------------------------------------------ la langue d'une page
    @api.model
    def _offertes(self):
        """Rend {code: nom dans cette langue} des langues actives qu'un usager peut choisir, le français d'abord."""
        noms = {code: nom.rpartition(" / ")[2] for code, nom in self.sudo().get_installed() if code != SOURCE}
        sans_voyelles = {code: "".join(lettre for lettre in nom if not unicodedata.combining(lettre)) for code, nom in noms.items()}
        return dict(sorted(sans_voyelles.items(), key=lambda langue: (langue[0] != FRANCAIS, langue[0])))

    @api.model
    def _la_premiere_offerte(self, voulues):
        """Rend le code de la première langue offerte parmi ces codes ou étiquettes (« ar », « ar-TD », « ar_001 »), le français sinon."""
        offertes = self._offertes()
        for voulue in filter(None, voulues):
            if voulue in offertes:
                return voulue
            proche = next((code for code in offertes if code.split("_")[0] == voulue.replace("-", "_").split("_")[0].lower()), None)
            if proche:
                return proche
        return FRANCAIS

    @api.model
    def _attributs(self, code):
        """Rend les attributs HTML d'un texte de cette langue : {"lang": "ar", "dir": "rtl"}."""
        courte = (code or FRANCAIS).split("_")[0].split("@")[0]
        return {"lang": courte, "dir": "rtl" if Locale.parse(courte).text_direction == "rtl" else "ltr"}

    @api.model
    def _regler_l_arabe(self):
        """Donne à l'arabe les dates et les nombres du français, tant que personne ne les a réglés."""
        langues = {langue.code: langue for langue in self.with_context(active_test=False).search([("code", "in", (FRANCAIS, ARABE))])}
        arabe, francais = langues.get(ARABE), langues.get(FRANCAIS)
        if arabe and francais and arabe.date_format == DATE_ARABE_D_ODOO:
            arabe.write({champ: francais[champ] for champ in COMME_EN_FRANCAIS})
