import json
import logging

from werkzeug.exceptions import BadRequest, NotFound

from odoo import SUPERUSER_ID, api, models
from odoo.exceptions import UserError
from odoo.http import JsonRPCDispatcher, request

from ..erreurs import dire

# Les pages qui nomment quelqu'un : un poste partagé n'en garde rien. Le proxy de production dit la même chose.
NOMINATIVES = ("/my", "/cnas/verifier", "/web/content")

# Un formulaire d'une session finie : sans script, « revenir en arrière » rend la saisie, que se reconnecter ailleurs permet d'envoyer.
SESSION_CHANGEE = """<!DOCTYPE html>
<html lang="fr"><head><meta charset="utf-8"/><meta name="viewport" content="width=device-width, initial-scale=1"/><title>Session finie — CNAS</title></head>
<body style="font: 16px/1.5 system-ui, sans-serif; max-width: 36rem; margin: 2rem auto; padding: 0 1rem"><h1>Rien n'a été envoyé</h1>
<p>Votre session a changé depuis l'ouverture de cette page.</p>
<p><a href="/web/login" target="_blank" rel="noopener">Reconnectez-vous dans un autre onglet</a>, revenez en arrière ici : votre saisie y est
encore ; recopiez-la dans une page neuve.</p></body></html>"""


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
            return request.make_response(SESSION_CHANGEE, [("Content-Type", "text/html; charset=utf-8")], status=400)
        if not isinstance(request.dispatcher, JsonRPCDispatcher):
            return super()._handle_error(exception)
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
    def _montre_les_traces(cls):
        """Le mode développeur se demande dans l'adresse : il ne vaut que pour un administrateur du système."""
        if not (request.session.debug and request.session.uid):
            return False
        with cls.pool.cursor() as cr:  # celui de la requête est peut-être rompu
            usager = api.Environment(cr, SUPERUSER_ID, {})["res.users"].browse(request.session.uid)
            return usager.has_group("base.group_system")
