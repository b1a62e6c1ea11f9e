from odoo import _
from odoo.exceptions import UserError
from odoo.http import request

from odoo.addons.cnas_employeurs.controllers.portail import ACCUEIL, PortailEmployeur, espace_employeur
from odoo.addons.cnas_facturation.controllers.assure import DossierAssure


class SignalerDossier(DossierAssure):
    """L'assuré signale un fait depuis son dossier, dont il vient d'ouvrir la porte avec son code."""

    def _agir(self, assure, champs):
        if champs.get("quoi") != "signaler":
            return super()._agir(assure, champs)
        try:
            numero = request.env["cnas.signalement"].sudo()._deposer(assure, champs)
        except UserError as refus:
            return self._lire(assure, erreur=str(refus))
        return self._lire(assure, fait=_("Signalement %s reçu. La CNAS l'examine en secret : personne d'autre ne le lit.", numero))


class SignalerEmployeur(PortailEmployeur):
    """L'employeur signale un fait depuis son espace."""

    @espace_employeur("/my/employeur/signaler", methods=["GET", "POST"])
    def signaler(self, **champs):
        """Le formulaire, et ce qu'on en a reçu."""
        employeur, erreur, message = self._employeur(), "", ""
        if not employeur:
            return request.redirect(ACCUEIL)
        if request.httprequest.method == "POST":
            try:
                with request.env.cr.savepoint():
                    message = _("Signalement %s reçu. La CNAS l'examine en secret : personne d'autre ne le lit.",
                                request.env["cnas.signalement"].sudo()._deposer(employeur, champs))
            except UserError as refus:
                erreur = str(refus)
        objets = request.env["cnas.signalement"].sudo()._fields["objet"]._description_selection(request.env)
        return self._rendre_employeur("cnas_controle.portail_signaler", {
            "page": "signaler", "erreur": erreur, "message": message, "objets": objets, "champs": champs if erreur else {}})
