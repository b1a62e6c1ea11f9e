import json
import logging

from werkzeug.exceptions import NotFound

from odoo import SUPERUSER_ID, api, models
from odoo.exceptions import UserError
from odoo.http import JsonRPCDispatcher, request

from ..erreurs import dire

# Les pages qui nomment quelqu'un : un poste partagé n'en garde rien. Le proxy de production dit la même chose.
NOMINATIVES = ("/my", "/cnas/verifier", "/web/content")


class IrHttp(models.AbstractModel):
    """Les portes HTTP : une adresse impossible est une page absente, une erreur JSON n'emporte pas de trace.

    Nulle page ne s'encadre ailleurs, et celles qui nomment quelqu'un ne se gardent pas, proxy ou non.
    """

    _inherit = "ir.http"

    @classmethod
    def _post_dispatch(cls, response):
        super()._post_dispatch(response)
        response.headers.setdefault("Content-Security-Policy", "frame-ancestors 'self'")
        if request.httprequest.path.startswith(NOMINATIVES):
            response.headers["Cache-Control"] = "no-store"

    @classmethod
    def _serve_fallback(cls):
        if "\0" in request.httprequest.path:
            raise NotFound()
        return super()._serve_fallback()

    @classmethod
    def _handle_error(cls, exception):
        """En JSON-RPC, l'erreur imprévue devient une phrase ; sa trace reste au journal, hors mode développeur."""
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
