from odoo import api, models

COMME_EN_FRANCAIS = ("date_format", "time_format", "decimal_point", "thousands_sep", "grouping")
DATE_ARABE_D_ODOO = "%d %b, %Y"


class ResLang(models.Model):
    """L'heure se lit sans les secondes ; l'arabe écrit ses dates et ses montants comme le français, 1 500 FCFA."""

    _inherit = "res.lang"

    @api.model
    def _sans_secondes(self):
        """Ôte les secondes des langues qui les montrent, installées ou à venir ; rejoué à chaque mise à jour."""
        for langue in self.with_context(active_test=False).search([("time_format", "like", ":%S")]).filtered(lambda langue: ":%S" in langue.time_format):
            langue.time_format = langue.time_format.replace(":%S", "")

    @api.model
    def _regler_l_arabe(self):
        """Donne à l'arabe les dates et les nombres du français, tant que personne ne les a réglés."""
        langues = {langue.code: langue for langue in self.with_context(active_test=False).search([("code", "in", ("fr_FR", "ar_001"))])}
        arabe, francais = langues.get("ar_001"), langues.get("fr_FR")
        if arabe and francais and arabe.date_format == DATE_ARABE_D_ODOO:
            arabe.write({champ: francais[champ] for champ in COMME_EN_FRANCAIS})
