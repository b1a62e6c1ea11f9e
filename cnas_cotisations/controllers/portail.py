import base64

from odoo import _lt
from odoo.http import request

from odoo.addons.cnas_base.controllers.portail import Liste
from odoo.addons.cnas_employeurs.controllers.portail import ACCUEIL, PortailEmployeur, espace_employeur

from .documents import servir

APPELS = Liste(_lt("Appels de cotisation"), "cnas.appel_cotisation", "/my/employeur/appels", ("numero",), _lt("Numéro d'appel"), "date_appel",
               {"reste": (_lt("Ce qui reste à payer"), "reste desc, id desc")}, fermee=True)
VERSEMENTS = Liste(_lt("Versements"), "cnas.encaissement", "/my/employeur/versements", ("numero", "reference"), _lt("Reçu ou référence"), "date", fermee=True)


class PortailCotisations(PortailEmployeur):
    """Les cotisations de l'employeur : ses appels, ses versements et leurs reçus, son solde, son attestation."""

    @espace_employeur(["/my/employeur/cotisations", "/my/employeur/cotisations/page/<int:numero_page>"])
    def cotisations(self, numero_page=1, **parametres):
        """Ce que l'employeur doit : son solde, ses appels et ses versements."""
        reponse = super().cotisations(numero_page=numero_page, **parametres)
        employeur = self._employeur()
        if employeur:
            reponse.qcontext.update(compte=employeur._situation_cotisations(), derniers_appels=request.env["cnas.appel_cotisation"].sudo().search(
                [("state", "=", "emis"), *self._siens()], limit=5))
        return reponse

    @espace_employeur(["/my/employeur/appels", "/my/employeur/appels/page/<int:numero_page>"])
    def appels(self, numero_page=1, **parametres):
        """Les appels de l'employeur, ce qu'il en reste à payer, leur avis PDF."""
        return self._rendre_employeur("cnas_cotisations.portail_appels", {
            "page": "cotisations", **APPELS.page(numero_page, [("state", "!=", "brouillon"), *self._siens()], **parametres)})

    @espace_employeur(["/my/employeur/versements", "/my/employeur/versements/page/<int:numero_page>"])
    def versements(self, numero_page=1, **parametres):
        """Les versements de l'employeur, et leurs reçus."""
        return self._rendre_employeur("cnas_cotisations.portail_versements", {
            "page": "cotisations", "modes": dict(request.env["cnas.encaissement"].sudo()._fields["mode"]._description_selection(request.env)),
            **VERSEMENTS.page(numero_page, self._siens(), **parametres)})

    @espace_employeur("/my/employeur/appels/<int:appel_id>/avis.pdf")
    def avis_appel(self, appel_id, **_parametres):
        """Rend l'avis d'un appel, en PDF."""
        return self._papier("cnas.appel_cotisation", appel_id, "/my/employeur/appels")

    @espace_employeur("/my/employeur/versements/<int:versement_id>/recu.pdf")
    def recu_versement(self, versement_id, **_parametres):
        """Rend le reçu d'un versement, en PDF."""
        return self._papier("cnas.encaissement", versement_id, "/my/employeur/versements")

    @espace_employeur("/my/employeur/situation.pdf")
    def situation_cotisations(self, **_parametres):
        """Rend l'attestation de situation des cotisations, en PDF."""
        employeur = self._employeur()
        if not employeur or employeur.state != "actif":
            return request.redirect(ACCUEIL)
        return servir(f"situation-cotisations-{employeur.matricule}.pdf", employeur.telecharger_situation())

    # ------------------------------------------------------------------ privé
    def _papier(self, modele, identifiant, retour):
        """Rend le papier de l'employeur ; absent et interdit donnent la même réponse."""
        fiche = request.env[modele].sudo().search([("id", "=", identifiant), ("state", "!=", "brouillon"), *self._siens()])
        if not fiche:
            return request.redirect(retour)
        fichier = fiche.telecharger()
        return servir(fichier["nom"], base64.b64decode(fichier["contenu"]))

    def _siens(self):
        """Rend le domaine de ce qui est à l'employeur pour qui l'usager agit : le seul mur de ces deux modèles, que le portail ne lit pas."""
        return [("employeur_id", "=", self._employeur().id), ("employeur_id", "!=", False)]
