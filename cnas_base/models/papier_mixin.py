from odoo import api, models
from odoo.tools import hmac

from ..jeton import fiche_du_jeton

TAILLE_SCEAU = 20


class PapierMixin(models.AbstractModel):
    """Un papier que son QR vérifie : la page publique dit s'il vient de la caisse et ce qu'il doit porter.

    Le modèle qui hérite nomme ses papiers et dit, pour chacun, ce qu'un passant peut en lire : ni nom d'assuré, ni soin.

    * ``_papiers`` : {code court, unique parmi les modèles : titre} ;
    * ``_faits_du_papier(code)`` : [(libellé, valeur)].
    """

    _name = "cnas.papier.mixin"
    _description = "Papier vérifiable"

    _papiers = {}

    def _url_papier(self, code):
        """Rend l'adresse que lit le QR d'un papier, ou "" tant que l'adresse publique n'est pas réglée."""
        self.ensure_one()
        adresse = self.env["ir.config_parameter"]._adresse_publique()
        return f"{adresse}/cnas/verifier/papier/{self._jeton_papier(code)}" if adresse else ""

    def _jeton_papier(self, code):
        return f"{code}-{self.id}-{self._sceau_papier(code)}"

    def _sceau_papier(self, code):
        return hmac(self.env(su=True), "cnas_papier", (self._name, self.id, code))[:TAILLE_SCEAU]

    def _faits_du_papier(self, code):
        """Rend [(libellé, valeur)] que la page publique montre ; à surcharger."""
        return []

    @api.model
    def _trouver_papier(self, jeton):
        """Rend (code, fiche) que désigne un jeton ; la fiche est vide s'il n'en désigne aucune : inconnu et malformé se ressemblent."""
        code, _tiret, suite = jeton.partition("-")
        modele = next((nom for nom, classe in self.env.registry.items() if code in getattr(classe, "_papiers", ())), None)
        if not modele:
            return code, self.browse()
        return code, fiche_du_jeton(self.env[modele].sudo(), suite, lambda fiche: fiche._sceau_papier(code))
