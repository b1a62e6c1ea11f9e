import json
import logging

from markupsafe import escape
from werkzeug.exceptions import BadRequest, HTTPException, NotFound

from odoo import SUPERUSER_ID, api, models
from odoo.exceptions import UserError
from odoo.http import JsonRPCDispatcher, request

from ..erreurs import dire

# Les pages qui nomment quelqu'un : un poste partagé n'en garde rien. Le proxy de production dit la même chose.
NOMINATIVES = ("/my", "/cnas/verifier", "/web/content")

# Les espaces et les pages publiques : leurs erreurs tiennent en un Ko, en français. Celles d'Odoo pèsent 600 Ko, ou sont en anglais.
LEGERES = ("/my", "/cnas")
PAGE = """<!DOCTYPE html>
<html lang="fr"><head><meta charset="utf-8"/><meta name="viewport" content="width=device-width, initial-scale=1"/><title>%(titre)s — CNAS</title></head>
<body style="font: 16px/1.5 system-ui, sans-serif; max-width: 36rem; margin: 2rem auto; padding: 0 1rem"><main><h1>%(titre)s</h1>%(suite)s</main></body></html>"""
ACCUEIL = '<p><a href="/my">Revenir à l\'accueil</a></p>'
# Un formulaire d'une session finie : sans script, « revenir en arrière » rend la saisie, que se reconnecter ailleurs permet d'envoyer.
SESSION_CHANGEE = ("Rien n'a été envoyé", """<p>Votre session a changé depuis l'ouverture de cette page.</p>
<p><a href="/web/login" target="_blank" rel="noopener">Reconnectez-vous dans un autre onglet</a>, revenez en arrière ici : votre saisie y est
encore ; recopiez-la dans une page neuve.</p>""")
ERREURS = {
    400: ("Demande refusée", "<p>%(dit)s</p>" + ACCUEIL),
    403: ("Page fermée", "<p>Votre compte n'ouvre pas cette page.</p>" + ACCUEIL),
    404: ("Page introuvable", "<p>Cette page n'existe pas, ou elle n'est pas à vous.</p>" + ACCUEIL),
    405: ("Page introuvable", "<p>Cette adresse ne s'ouvre pas ainsi : revenez en arrière.</p>" + ACCUEIL),
    413: ("Envoi trop lourd", "<p>Rien n'a été reçu : envoyez moins de fichiers, ou des photos plus petites.</p>" + ACCUEIL),
    500: ("La CNAS n'a pas pu répondre", "<p>Attendez une minute, revenez en arrière et recommencez : rien n'est fait à moitié.</p>" + ACCUEIL),
}


class IrHttp(models.AbstractModel):
    """Les portes HTTP : une adresse impossible est une page absente, une erreur JSON n'emporte pas de trace.

    Nulle page ne s'encadre ailleurs, et celles qui nomment quelqu'un ne se gardent pas, proxy ou non.
    """

    _inherit = "ir.http"

    @classmethod
    def _post_dispatch(cls, response):
        super()._post_dispatch(response)
        response.headers.setdefault("Content-Security-Policy", "frame-ancestors 'self'")
        chemin = request.httprequest.path
        # sous /my, seul ce qui ne nomme personne (scripts, référentiels) dit lui-même qu'il se garde
        if chemin.startswith(NOMINATIVES) and not (chemin.startswith("/my") and "Cache-Control" in response.headers):
            response.headers["Cache-Control"] = "no-store"

    @classmethod
    def _serve_fallback(cls):
        if "\0" in request.httprequest.path:
            raise NotFound()
        return super()._serve_fallback()

    @classmethod
    def _handle_error(cls, exception):
        """En JSON-RPC, l'erreur imprévue devient une phrase ; sa trace reste au journal, hors mode développeur."""
        if isinstance(exception, BadRequest) and "CSRF" in (exception.description or ""):
            return cls._page_d_erreur(400, *SESSION_CHANGEE)
        if not isinstance(request.dispatcher, JsonRPCDispatcher):
            reponse = super()._handle_error(exception)
            legere = request.httprequest.path.startswith(LEGERES) and isinstance(reponse, HTTPException) and not reponse.response
            return cls._page_d_erreur(reponse.code, *cls._phrases(reponse.code, exception)) if legere else reponse
        phrase = dire(request.env, exception)
        if phrase is not None and not isinstance(exception, UserError):
            exception.loglevel = logging.DEBUG  # déjà journalisée, avec sa référence
        reponse = super()._handle_error(phrase or exception)
        if not cls._montre_les_traces():
            contenu = json.loads(reponse.get_data())
            contenu["error"]["data"]["debug"] = ""
            reponse.set_data(json.dumps(contenu))
        return reponse

    @classmethod
    def _get_error_html(cls, env, code, values):
        """Nous n'avons pas de site : les pages d'erreur du site d'Odoo sont les nôtres, légères."""
        numero = int(code) if str(code).isdigit() else 500
        titre, suite = cls._phrases(numero, values.get("exception"))
        return numero, PAGE % {"titre": titre, "suite": suite}

    @classmethod
    def _phrases(cls, code, exception):
        """Rend le titre et la suite de la page d'erreur ; un refus du métier dit sa phrase."""
        titre, suite = ERREURS.get(code, ERREURS[500])
        dit = str(exception) if isinstance(exception, UserError) else "Cette demande ne se comprend pas : revenez en arrière."
        return titre, suite.replace("%(dit)s", str(escape(dit)))

    @classmethod
    def _page_d_erreur(cls, code, titre, suite):
        return request.make_response(PAGE % {"titre": titre, "suite": suite}, [
            ("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store"),
            ("Content-Security-Policy", "frame-ancestors 'self'")], status=code)

    @classmethod
    def _montre_les_traces(cls):
        """Le mode développeur se demande dans l'adresse : il ne vaut que pour un administrateur du système."""
        if not (request.session.debug and request.session.uid):
            return False
        with cls.pool.cursor() as cr:  # celui de la requête est peut-être rompu
            usager = api.Environment(cr, SUPERUSER_ID, {})["res.users"].browse(request.session.uid)
            return usager.has_group("base.group_system")
