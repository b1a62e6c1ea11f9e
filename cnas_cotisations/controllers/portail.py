from odoo.http import request

from odoo.addons.cnas_base.controllers.portail import Liste
from odoo.addons.cnas_employeurs.controllers.portail import ACCUEIL, PortailEmployeur, espace_employeur

from .documents import servir

APPELS = Liste("Appels de cotisation", "cnas.appel_cotisation", "/my/employeur/appels", ("numero",), "Numéro d'appel", "date_appel",
               {"reste": ("Ce qui reste à payer", "reste desc, id desc")})
VERSEMENTS = Liste("Versements", "cnas.encaissement", "/my/employeur/versements", ("numero", "reference"), "Reçu ou référence", "date")


class PortailCotisations(PortailEmployeur):
    """Les cotisations de l'employeur : ses appels, ses versements et leurs reçus, son solde, son attestation."""

    @espace_employeur(["/my/employeur/cotisations", "/my/employeur/cotisations/page/<int:numero_page>"])
    def cotisations(self, numero_page=1, **parametres):
        """Ce que l'employeur doit : son solde, ses appels et ses versements."""
        reponse = super().cotisations(numero_page=numero_page, **parametres)
        employeur = self._employeur()
        if employeur:
            derniers = [("employeur_id", "=", employeur.id), ("state", "=", "emis")]
            reponse.qcontext.update(compte=employeur._situation_cotisations(), derniers_appels=request.env["cnas.appel_cotisation"].search(
                derniers, limit=5).sudo())
        return reponse

    @espace_employeur(["/my/employeur/appels", "/my/employeur/appels/page/<int:numero_page>"])
    def appels(self, numero_page=1, **parametres):
        """Les appels de l'employeur, ce qu'il en reste à payer, leur avis PDF."""
        return self._rendre_employeur("cnas_cotisations.portail_appels", {
            "page": "cotisations", **APPELS.page(numero_page, [("employeur_id", "=", self._employeur().id)], **parametres)})

    @espace_employeur(["/my/employeur/versements", "/my/employeur/versements/page/<int:numero_page>"])
    def versements(self, numero_page=1, **parametres):
        """Les versements de l'employeur, et leurs reçus."""
        return self._rendre_employeur("cnas_cotisations.portail_versements", {
            "page": "cotisations", "modes": dict(request.env["cnas.encaissement"]._fields["mode"]._description_selection(request.env)),
            **VERSEMENTS.page(numero_page, [("employeur_id", "=", self._employeur().id)], **parametres)})

    @espace_employeur("/my/employeur/situation.pdf")
    def situation_cotisations(self, **_parametres):
        """Rend l'attestation de situation des cotisations, en PDF."""
        employeur = self._employeur()
        if not employeur or employeur.state != "actif":
            return request.redirect(ACCUEIL)
        return servir(f"situation-cotisations-{employeur.matricule}.pdf", employeur.telecharger_situation())
