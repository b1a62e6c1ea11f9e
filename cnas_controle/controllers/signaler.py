from odoo import _
from odoo.exceptions import UserError
from odoo.http import request

from odoo.addons.cnas_employeurs.controllers.portail import ACCUEIL, PortailEmployeur, espace_employeur
from odoo.addons.cnas_facturation.controllers.assure import DossierAssure


def _deposer(auteur, champs):
    """Dépose un signalement, entier ou pas du tout. Rend ce que la page en dit : (message, erreur)."""
    try:
        with request.env.cr.savepoint():
            numero = request.env["cnas.signalement"].sudo()._deposer(auteur, champs)
    except UserError as refus:
        return "", str(refus)
    return _("Signalement %s reçu. La CNAS l'examine en secret : personne d'autre ne le lit.", numero), ""


def _formulaire(champs):
    """Rend ce que montre le formulaire : les objets, et ce qui était écrit avant un refus."""
    return {"objets": request.env["cnas.signalement"].sudo()._fields["objet"]._description_selection(request.env), "champs": champs}


class SignalerDossier(DossierAssure):
    """L'assuré signale un fait depuis son dossier, dont il vient d'ouvrir la porte avec son code."""

    def _agir(self, assure, champs):
        if champs.get("quoi") != "signaler":
            return super()._agir(assure, champs)
        message, erreur = _deposer(assure, champs)
        return self._lire(assure, fait=message, erreur=erreur, signale=_formulaire(champs if erreur else {}))

    def _lire(self, assure, **dit):
        return super()._lire(assure, **{"signale": _formulaire({}), **dit})


class SignalerEmployeur(PortailEmployeur):
    """L'employeur signale un fait depuis son espace."""

    @espace_employeur("/my/employeur/signaler", methods=["GET", "POST"])
    def signaler(self, **champs):
        """Le formulaire, et ce qu'on en a reçu."""
        employeur = self._employeur()
        if not employeur:
            return request.redirect(ACCUEIL)
        message, erreur = _deposer(employeur, champs) if request.httprequest.method == "POST" else ("", "")
        return self._rendre_employeur("cnas_controle.portail_signaler", {
            "page": "signaler", "erreur": erreur, "message": message, "signale": _formulaire(champs if erreur else {})})
