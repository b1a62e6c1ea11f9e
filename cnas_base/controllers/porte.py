from odoo import _, http
from odoo.exceptions import UserError
from odoo.http import request

from odoo.addons.auth_signup.controllers.main import AuthSignupHome
from odoo.addons.auth_totp_mail_enforce.controllers.home import Home as DeuxFacteurs

from .portail import propre


def habiller(reponse, gabarit, **valeurs):
    """Rend la page d'Odoo dans notre gabarit léger ; une redirection reste ce qu'elle est."""
    if getattr(reponse, "is_qweb", False):
        reponse.template = gabarit
        reponse.qcontext.update(valeurs)
    return reponse


class Porte(AuthSignupHome, DeuxFacteurs):
    """La porte : connexion, mot de passe oublié, première connexion, code. Ce qu'Odoo décide reste à Odoo ; seules la page,
    les phrases et l'adresse d'arrivée sont à nous. Rien n'y dit si un compte existe.
    """

    # ------------------------------------------------------------------ pages
    @http.route()
    def web_login(self, redirect=None, **parametres):
        self._recevoir()
        usagers = request.env["res.users"].sudo()
        if request.httprequest.method == "GET" and request.session.uid and not redirect:
            return request.redirect(usagers.browse(request.session.uid)._espace())
        reponse = super().web_login(redirect=redirect, **parametres)
        erreur = getattr(reponse, "is_qweb", False) and reponse.qcontext.get("error")
        if erreur and request.httprequest.method == "POST":
            erreur = _("Trop d'essais : attendez une minute, puis recommencez.") if usagers._trop_d_essais() else _(
                "Identifiant ou mot de passe faux.")
        return habiller(reponse, "cnas_base.porte_connexion", error=erreur)

    @http.route(multilang=False)  # la langue n'est pas dans l'adresse
    def web_auth_reset_password(self, *args, **parametres):
        self._recevoir()
        contexte = self.get_auth_signup_qcontext()
        if contexte.get("token"):
            reponse = super().web_auth_reset_password(*args, **parametres)
            erreur = contexte.get("invalid_token") and _("Ce lien a expiré ou a déjà servi.")
            return habiller(reponse, "cnas_base.porte_mot_de_passe", **({"error": erreur} if erreur else {}))
        if request.httprequest.method == "POST":
            try:
                request.env["res.users"]._demander_un_lien(request.params["login"])
                contexte["message"] = _("Si ce compte existe, un lien vient de partir à son courriel. Regardez aussi vos indésirables ; "
                                        "sans courriel, votre agence vous en remet un.")
            except UserError as refus:
                contexte["error"] = str(refus)
        reponse = request.render("cnas_base.porte_oubli", contexte)
        reponse.headers["X-Frame-Options"] = "SAMEORIGIN"
        reponse.headers["Content-Security-Policy"] = "frame-ancestors 'self'"
        return reponse

    @http.route(multilang=False)
    def web_auth_signup(self, *args, **parametres):
        self._recevoir()
        return habiller(super().web_auth_signup(*args, **parametres), "cnas_base.porte_mot_de_passe")

    @http.route()
    def web_totp(self, redirect=None, **parametres):
        self._recevoir()
        return habiller(super().web_totp(redirect=redirect, **parametres), "cnas_base.porte_code")

    # ------------------------------------------------------------------ privé
    def _login_redirect(self, uid, redirect=None):
        """L'agent arrive dans le client web, les autres dans leur espace ; un mot de passe donné se change d'abord.

        Qui a choisi sa langue à la porte la garde : elle devient celle de son compte.
        """
        if request.session.uid:
            usager = request.env["res.users"].sudo().browse(uid)
            choisie = request.session.pop("langue_choisie", None)
            if choisie in request.env["res.lang"]._offertes():
                usager.with_user(uid)._choisir_sa_langue(choisie)
            if usager.mot_de_passe_provisoire:
                return usager._lien_mot_de_passe()
            if usager.share and (not redirect or redirect.startswith("/web")):
                return usager._espace()
        return super()._login_redirect(uid, redirect=redirect)

    @staticmethod
    def _recevoir():
        """Ne laisse passer que des textes : ni fichier, ni champ absent."""
        for nom, valeur in request.params.items():
            request.params[nom] = propre(valeur)
        if request.httprequest.method == "POST":
            for nom in ("login", "password", "confirm_password"):
                request.params.setdefault(nom, "")
