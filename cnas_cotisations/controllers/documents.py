import base64

from odoo import http
from odoo.exceptions import UserError
from odoo.http import content_disposition, request

from odoo.addons.cnas_base.controllers.portail import IDENTIFIANT_MAX
from odoo.addons.cnas_base.lecture import lire_date

MODELES = {"appel": "cnas.appel_cotisation", "encaissement": "cnas.encaissement", "acte": "cnas.recouvrement.acte"}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def servir(nom, contenu, mime="application/pdf"):
    """Rend un fichier à l'écran, sans qu'aucun cache ne le garde."""
    disposition = content_disposition(nom)
    if mime == "application/pdf":
        disposition = disposition.replace("attachment", "inline", 1)
    return request.make_response(contenu, [("Content-Type", mime), ("Content-Disposition", disposition),
                                           ("Cache-Control", "private, no-store"), ("X-Content-Type-Options", "nosniff")])


class DocumentsCotisation(http.Controller):
    """Les papiers des cotisations, servis avec les droits de qui les demande : inconnu, interdit ou absent, 404."""

    @http.route("/cnas/cotisations/<any(appel,encaissement,acte,situation):sorte>/<int:identifiant>/pdf", type="http", auth="user", methods=["GET"])
    def papier(self, sorte, identifiant, **_parametres):
        """Sert un papier : /cnas/cotisations/appel/12/pdf."""
        if identifiant > IDENTIFIANT_MAX:
            raise request.not_found()
        try:
            fiche = request.env[MODELES.get(sorte, "cnas.employeur")].search([("id", "=", identifiant)])
            if not fiche:
                raise request.not_found()
            if sorte == "situation":
                return servir(f"situation-{fiche.matricule}.pdf", fiche.telecharger_situation())
            fichier = fiche.telecharger()
        except UserError:
            raise request.not_found() from None
        return servir(fichier["nom"], base64.b64decode(fichier["contenu"]))

    @http.route("/cnas/cotisations/balance/<string:jour>/xlsx", type="http", auth="user", methods=["GET"])
    def balance(self, jour, **_parametres):
        """Sert la balance âgée d'un jour : /cnas/cotisations/balance/2026-10-31/xlsx."""
        try:
            contenu = request.env["cnas.balance_agee"]._classeur(lire_date(jour, stricte=True))
        except UserError:
            raise request.not_found() from None
        return servir(f"balance-agee-{jour}.xlsx", contenu, XLSX)
