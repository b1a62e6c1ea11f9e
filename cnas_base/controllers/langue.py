from urllib.parse import urlsplit

from odoo import http
from odoo.http import request

from .portail import propre

RETOUR_MAX = 2000


def chemin_local(adresse):
    """Rend l'adresse si elle est un chemin d'ici, rien sinon : ni autre site, ni ce qu'un navigateur prendrait pour tel."""
    adresse = str(adresse or "")
    try:
        lue = urlsplit(adresse)
    except ValueError:
        return ""
    douteuse = lue.scheme or lue.netloc or "\\" in adresse or any(ord(lettre) < 33 for lettre in adresse)
    return adresse if adresse.startswith("/") and not adresse.startswith("//") and len(adresse) <= RETOUR_MAX and not douteuse else ""


class Langue(http.Controller):
    """Le choix de la langue, en tête de chaque page : celle du compte connecté, ou de l'appareil de qui n'en a pas."""

    @http.route("/cnas/langue/<string:code>", type="http", auth="public", methods=["GET"], sitemap=False)
    def choisir(self, code, retour="", **_ignores):
        """Retient la langue et rend la page d'où l'on vient ; une langue inconnue ou une demande d'un autre site n'y change rien."""
        usager = request.env.user
        accueil = "/web/login" if usager._is_public() else usager._espace()
        reponse = request.redirect(chemin_local(propre(retour)) or accueil)
        d_ici = request.httprequest.headers.get("Sec-Fetch-Site", "none") in ("same-origin", "none")
        if d_ici and code in request.env["res.lang"]._offertes():
            request.env["ir.http"]._retenir_la_langue(reponse, code)
            if usager._is_public():
                request.session["langue_choisie"] = code
            else:
                usager._choisir_sa_langue(code)
        return reponse
