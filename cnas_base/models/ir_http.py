import json
import logging
from urllib.parse import urlsplit

import psycopg2
from markupsafe import Markup
from werkzeug.exceptions import BadRequest, HTTPException, NotFound
from werkzeug.urls import url_quote

from odoo import SUPERUSER_ID, _lt, api, models
from odoo.exceptions import UserError
from odoo.http import JsonRPCDispatcher, request

from ..erreurs import dire

_logger = logging.getLogger(__name__)

TEMOIN = "frontend_lang"  # celui d'Odoo : la langue choisie sur l'appareil
AN = 365 * 24 * 3600
# Les pages qui nomment quelqu'un : un poste partagé n'en garde rien. Le proxy de production dit la même chose.
NOMINATIVES = ("/my", "/cnas/verifier", "/web/content")

# Les espaces et les pages publiques : leurs erreurs tiennent en un Ko, dans la langue du visiteur. Celles d'Odoo pèsent 600 Ko, ou sont en anglais.
LEGERES = ("/my", "/cnas")
# La porte et elles parlent au visiteur dans sa langue, qu'il ait un compte ou non.
EN_SA_LANGUE = (*LEGERES, "/web/login", "/web/reset_password", "/web/signup")
PAGE = """<!DOCTYPE html>
<html lang="%(lang)s" dir="%(dir)s"><head><meta charset="utf-8"/><meta name="viewport" content="width=device-width, initial-scale=1"/><title>%(titre)s — CNAS</title></head>
<body style="font: 16px/1.5 system-ui, sans-serif; max-width: 36rem; margin: 2rem auto; padding: 0 1rem"><main><h1>%(titre)s</h1>%(suite)s</main></body></html>"""
ACCUEIL = _lt("Revenir à l'accueil")
# Un formulaire d'une session finie : sans script, « revenir en arrière » rend la saisie, que se reconnecter ailleurs permet d'envoyer.
SESSION_CHANGEE = (
    _lt("Rien n'a été envoyé"), _lt("Votre session a changé depuis l'ouverture de cette page."), _lt("Reconnectez-vous dans un autre onglet"),
    _lt("Puis revenez en arrière ici : votre saisie y est encore ; recopiez-la dans une page neuve."))
INCOMPRISE = _lt("Cette demande ne se comprend pas : revenez en arrière.")
ERREURS = {
    400: (_lt("Demande refusée"), INCOMPRISE),
    403: (_lt("Page fermée"), _lt("Votre compte n'ouvre pas cette page.")),
    404: (_lt("Page introuvable"), _lt("Cette page n'existe pas, ou elle n'est pas à vous.")),
    405: (_lt("Page introuvable"), _lt("Cette adresse ne s'ouvre pas ainsi : revenez en arrière.")),
    413: (_lt("Envoi trop lourd"), _lt("Rien n'a été reçu : envoyez moins de fichiers, ou des photos plus petites.")),
    500: (_lt("La CNAS n'a pas pu répondre"), _lt("Attendez une minute, revenez en arrière et recommencez : rien n'est fait à moitié.")),
}


class IrHttp(models.AbstractModel):
    """Les portes HTTP : une adresse impossible est une page absente, une erreur JSON n'emporte pas de trace.

    Nulle page ne s'encadre ailleurs, et celles qui nomment quelqu'un ne se gardent pas, proxy ou non.
    """

    _inherit = "ir.http"

    @classmethod
    def _pre_dispatch(cls, rule, args):
        super()._pre_dispatch(rule, args)
        if request.httprequest.path.startswith(EN_SA_LANGUE):
            request.update_context(lang=cls._langue_demandee() or cls._langue_du_visiteur())

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
            return cls._page_d_erreur(400, *cls._session_changee())
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
        return numero, cls._ecrire_la_page(*cls._phrases(numero, values.get("exception")))

    @classmethod
    def _phrases(cls, code, exception):
        """Rend le titre et la suite de la page d'erreur ; un refus du métier dit sa phrase."""
        cls._parler_au_visiteur()
        titre, phrase = ERREURS.get(code, ERREURS[500])
        dit = str(exception) if code == 400 and isinstance(exception, UserError) else str(phrase)
        return str(titre), Markup('<p>%s</p><p><a href="/my">%s</a></p>') % (dit, str(ACCUEIL))

    @classmethod
    def _session_changee(cls):
        """Rend le titre et la suite de la page d'un formulaire dont la session est finie."""
        cls._parler_au_visiteur()
        titre, *dits = map(str, SESSION_CHANGEE)
        return titre, Markup('<p>%s</p><p><a href="/web/login" target="_blank" rel="noopener">%s</a></p><p>%s</p>') % tuple(dits)

    @classmethod
    def _ecrire_la_page(cls, titre, suite):
        return str(Markup(PAGE) % {**request.env["res.lang"]._attributs(request.env.lang), "titre": titre, "suite": suite})

    @classmethod
    def _page_d_erreur(cls, code, titre, suite):
        return request.make_response(cls._ecrire_la_page(titre, suite), [
            ("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store"),
            ("Content-Security-Policy", "frame-ancestors 'self'")], status=code)

    # ------------------------------------------------------------------ la langue
    @classmethod
    def _langue_du_visiteur(cls):
        """Rend la langue de la page : celle du compte ; sans compte, celle choisie sur l'appareil, sinon celle du navigateur."""
        usager = request.env.uid and request.env.user
        voulues = [usager.lang] if usager and not usager._is_public() else [
            request.httprequest.cookies.get(TEMOIN, "")[:16], *request.httprequest.accept_languages.values()]
        return request.env["res.lang"]._la_premiere_offerte(voulues)

    @classmethod
    def _langue_demandee(cls):
        """Rend la langue qu'une page publique demande dans son adresse, et la retient sur l'appareil ; rien sinon."""
        demande = request.httprequest
        code = demande.args.get("langue") if demande.path.startswith("/cnas") else None
        if code not in request.env["res.lang"]._offertes():
            return None
        cls._retenir_la_langue(request.future_response, code)
        return code

    @classmethod
    def _retenir_la_langue(cls, reponse, code):
        """Pose le témoin de la langue choisie sur l'appareil."""
        reponse.set_cookie(TEMOIN, code, max_age=AN, httponly=True, samesite="Lax", secure=request.httprequest.scheme == "https")

    @classmethod
    def _parler_au_visiteur(cls):
        """Met la langue du visiteur avant d'écrire une page d'erreur, où qu'ait eu lieu l'erreur."""
        try:
            request.update_context(lang=cls._langue_demandee() or cls._langue_du_visiteur())
        except psycopg2.Error:
            _logger.debug("Transaction rompue : la langue posée à l'entrée reste")

    @classmethod
    def _langue_de_la_page(cls, publique=False):
        """Rend ce qu'une page dit de sa langue : ses attributs, et de quoi en changer sans quitter la page.

        :param publique: la page ne répète rien de ce qu'on lui demande ; son choix n'écrit pas son adresse
        :return: {"lang": "ar", "dir": "rtl", "choix": [{"adresse", "nom", "lang", "courante"}]}
        """
        langues, courante = request.env["res.lang"], request.env.lang
        retour = "" if publique else url_quote(cls._page_ouverte(), safe="/")
        return {**langues._attributs(courante), "choix": [
            {"adresse": f"?langue={code}" if publique else f"/cnas/langue/{code}?retour={retour}", "nom": nom, "courante": code == courante,
             "lang": langues._attributs(code)["lang"]} for code, nom in langues._offertes().items()]}

    @classmethod
    def _page_ouverte(cls):
        """Rend l'adresse que le visiteur peut rouvrir : la page, ou, d'un formulaire refusé, celle qui le portait."""
        demande = request.httprequest
        if demande.method == "POST" and demande.referrer:
            venue = urlsplit(demande.referrer)
            return venue.path + (f"?{venue.query}" if venue.query else "")
        return demande.full_path.rstrip("?")

    @classmethod
    def _montre_les_traces(cls):
        """Le mode développeur se demande dans l'adresse : il ne vaut que pour un administrateur du système."""
        if not (request.session.debug and request.session.uid):
            return False
        with cls.pool.cursor() as cr:  # celui de la requête est peut-être rompu
            usager = api.Environment(cr, SUPERUSER_ID, {})["res.users"].browse(request.session.uid)
            return usager.has_group("base.group_system")
