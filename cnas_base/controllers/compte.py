import base64
import io
import os
import time

import qrcode
from werkzeug.urls import url_encode, url_quote

from odoo import _, http
from odoo.exceptions import AccessDenied, UserError
from odoo.http import request
from odoo.tools import email_normalize

from odoo.addons.auth_totp.models.totp import TOTP_SECRET_SIZE
from odoo.addons.portal.controllers.portal import CustomerPortal

from .portail import propre


class MonCompte(CustomerPortal):
    """Le compte d'un usager du portail, en pages légères : se faire joindre, changer de mot de passe, double authentification.

    Un agent garde les pages d'Odoo. Ce qui change l'accès demande le mot de passe actuel.
    """

    @http.route(multilang=False)
    def home(self, **parametres):
        espace = request.env.user._espace()
        return request.redirect(espace) if espace.startswith("/my/") else super().home(**parametres)

    @http.route(multilang=False)
    def account(self, **parametres):
        if not request.env.user.share:
            return super().account(**parametres)
        if request.httprequest.method != "POST":
            return self._rendre_compte()
        courriel, telephone, mot_de_passe = (propre(parametres.get(nom, "")) for nom in ("courriel", "telephone", "mot_de_passe"))
        return self._changer(lambda: self._ecrire_contacts(courriel, telephone), mot_de_passe, _("Vos coordonnées sont à jour."))

    @http.route(multilang=False)
    def security(self, **parametres):
        if not request.env.user.share:
            return super().security(**parametres)
        if request.httprequest.method != "POST":
            return self._rendre_compte()
        old, new1, new2 = (propre(parametres.get(nom, "")) for nom in ("old", "new1", "new2"))
        if not new1 or new1 != new2:
            return self._rendre_compte(erreur=_("Écrivez deux fois le même nouveau mot de passe."))
        return self._changer(lambda: self._changer_mot_de_passe(old, new1), old, _("Votre mot de passe est changé."))

    @http.route("/my/security/deux_facteurs", type="http", auth="user", methods=["POST"])
    def deux_facteurs(self, **parametres):
        """Prépare une clé, l'active quand son code est juste, ou arrête la double authentification."""
        quoi, code, mot_de_passe = (propre(parametres.get(nom, "")) for nom in ("quoi", "code", "mot_de_passe"))
        if not request.env.user.share:
            return request.redirect("/my/security")
        if quoi == "preparer":
            return self._changer(self._preparer_cle, mot_de_passe, "")
        if quoi == "arreter":
            return self._changer(self._arreter, mot_de_passe, _("La double authentification est arrêtée."))
        secret, chiffres = request.session.get("cle_deux_facteurs"), "".join(code.split())
        if not secret:
            return self._rendre_compte()
        if not (chiffres.isascii() and chiffres.isdigit() and request.env.user._totp_try_setting(secret, int(chiffres))):
            return self._rendre_compte(erreur=_("Ce code n'est pas le bon : attendez le suivant et recopiez-le."))
        request.session.pop("cle_deux_facteurs")
        return self._rendre_compte(message=_("La double authentification est activée."))

    # ------------------------------------------------------------------ privé
    def _rendre_compte(self, message="", erreur=""):
        secret = request.session.get("cle_deux_facteurs")
        reponse = request.render("cnas_base.compte", {
            "usager": request.env.user, "espace": request.env.user._espace(), "message": message, "erreur": erreur,
            "secret": secret, "qr": secret and self._qr(secret)})
        reponse.headers["X-Frame-Options"] = "SAMEORIGIN"
        reponse.headers["Content-Security-Policy"] = "frame-ancestors 'self'"
        reponse.headers["Cache-Control"] = "no-store"
        return reponse

    def _changer(self, geste, mot_de_passe, message):
        """Fait le geste si le mot de passe est le bon (essais comptés, comme à la porte), puis montre le compte."""
        usager = request.env.user
        if not mot_de_passe:
            return self._rendre_compte(erreur=_("Écrivez votre mot de passe actuel."))
        try:
            with usager._assert_can_auth(user=usager.id):
                usager._check_credentials(mot_de_passe, {"interactive": True})
            with request.env.cr.savepoint():
                geste()
        except AccessDenied:
            return self._rendre_compte(erreur=_("Trop d'essais : attendez une minute, puis recommencez.") if usager._trop_d_essais()
                                       else _("Le mot de passe actuel n'est pas le bon."))
        except UserError as refus:
            return self._rendre_compte(erreur=str(refus))
        return self._rendre_compte(message=message)

    @staticmethod
    def _ecrire_contacts(courriel, telephone):
        normalise = email_normalize(courriel)
        if not normalise:
            raise UserError(_("L'adresse courriel « %s » n'est pas valable.", courriel))
        numero = request.env["cnas.coordonnees.mixin"]._formater_telephone(telephone.strip()[:32])
        request.env.user.partner_id.sudo().write({"email": normalise, "phone": numero or False})

    @staticmethod
    def _changer_mot_de_passe(ancien, nouveau):
        request.env["res.users"].change_password(ancien, nouveau)
        request.env.flush_all()
        request.session.session_token = request.env.user._compute_session_token(request.session.sid)

    @staticmethod
    def _preparer_cle():
        # La clé reste dans la session jusqu'à son premier code juste : la page n'en est pas la dépositaire.
        request.session["cle_deux_facteurs"] = base64.b32encode(os.urandom(TOTP_SECRET_SIZE // 8)).decode()

    @staticmethod
    def _arreter():
        request.session["identity-check-last"] = time.time()  # le mot de passe vient d'être vérifié
        request.env.user.action_totp_disable()

    @staticmethod
    def _qr(secret):
        nom = request.env.user.login
        adresse = f"otpauth://totp/CNAS:{url_quote(nom, safe='')}?" + url_encode({"secret": secret, "issuer": "CNAS"})
        image = io.BytesIO()
        qrcode.make(adresse, box_size=4).save(image, format="PNG")
        return "data:image/png;base64," + base64.b64encode(image.getvalue()).decode()
