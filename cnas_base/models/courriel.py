import socket
from urllib.parse import urlsplit

from markupsafe import Markup

from odoo import api, models, tools
from odoo.tools import formataddr

from ..impression.langue import FRANCAIS, SOURCE

# Les courriels d'Odoo à ses usagers, et notre texte : le sien invite à visiter son site.
A_NOTRE_NOM = {
    "auth_signup.set_password_email": "cnas_base.courriel_invitation",
    "auth_signup.mail_template_user_signup_account_created": "cnas_base.courriel_compte_cree",
    "auth_signup.mail_template_data_unregistered_users": "cnas_base.courriel_rappel",
    "portal.mail_template_data_portal_welcome": "cnas_base.courriel_portail",
    "auth_totp_mail.mail_template_totp_invite": "cnas_base.courriel_deux_facteurs",
    "auth_totp_mail_enforce.mail_template_totp_mail_code": "cnas_base.courriel_code",
}
EXPEDITEUR = "{{ object.env.company._expediteur() }}"
PAPIER = "cnas_base.courriel"
# La langue d'un courriel est celle de qui le lit ; un gabarit d'un addon du dessus dit la sienne.
LANGUES = {"res.users": "{{ object.lang }}", "portal.wizard.user": "{{ object.user_id.lang }}"}


class MailTemplate(models.Model):
    """Les courriels de la caisse : un papier à lettres, un expéditeur, la langue de qui les lit."""

    _inherit = "mail.template"

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([{
            **vals, "email_from": vals.get("email_from") or EXPEDITEUR,
            "email_layout_xmlid": vals.get("email_layout_xmlid") or PAPIER} for vals in vals_list])

    @api.model
    def _habiller(self):
        """Met notre texte aux gabarits d'Odoo, en chaque langue ; rejoué à chaque mise à jour."""
        self.search([("model", "like", "cnas.%"), ("email_layout_xmlid", "=", False)]).email_layout_xmlid = PAPIER
        self.search([("model", "like", "cnas.%"), ("email_from", "=", False)]).email_from = EXPEDITEUR
        for gabarit in self.search([("model", "in", list(LANGUES)), ("email_layout_xmlid", "=", PAPIER), ("lang", "in", (False, "", FRANCAIS))]):
            gabarit.lang = LANGUES[gabarit.model]
        for ailleurs, ici in A_NOTRE_NOM.items():
            siens, notre = self.env.ref(ailleurs, raise_if_not_found=False), self.env.ref(ici)
            if siens:
                siens.write({"email_from": EXPEDITEUR, "email_layout_xmlid": PAPIER, "email_to": notre.email_to, "lang": LANGUES.get(siens.model, FRANCAIS)})
                for langue in self._langues():
                    dit = notre.with_context(lang=langue)
                    siens.with_context(lang=langue).write({"subject": dit.subject, "body_html": dit.body_html})

    @api.model
    def _reprendre(self, xmlid, morceaux):
        """Met à jour un gabarit déjà en base, morceau par morceau : ce que la caisse a récrit reste le sien.

        :param dict morceaux: {ce qui était livré: ce qui l'est}
        """
        gabarit = self.env.ref(xmlid, raise_if_not_found=False) or self.browse()
        for langue in self._langues():
            for champ in ("subject", "body_html"):
                dit = gabarit.with_context(lang=langue)
                texte = str(dit[champ] or "")
                for avant, apres in morceaux.items():
                    if not apres or apres not in texte:  # une langue reprise se lit par défaut dans la suivante
                        texte = texte.replace(avant, apres)
                if texte != (dit[champ] or ""):
                    dit[champ] = texte

    @api.model
    def _langues(self):
        return {SOURCE, *(code for code, _nom in self.env["res.lang"].get_installed())}


class IrQweb(models.AbstractModel):
    """Dit à tout gabarit le sens de sa langue : un papier à lettres, rendu sans contexte, n'a rien d'autre pour le savoir."""

    _inherit = "ir.qweb"

    def _prepare_environment(self, values):
        values.setdefault("sens_de_la_langue", self.env["res.lang"]._attributs(self.env.lang)["dir"])
        return super()._prepare_environment(values)


class MailMail(models.Model):
    """Un courriel écrit par le code, sans gabarit ni fil : même papier, même expéditeur."""

    _inherit = "mail.mail"

    def send(self, auto_commit=False, raise_exception=False):
        """Sans rien qui envoie, un courriel attend en file : un échec par courriel noierait la boîte de messages de chacun."""
        if not raise_exception and self.env["ir.mail_server"]._rien_n_envoie():
            return True
        return super().send(auto_commit=auto_commit, raise_exception=raise_exception)

    @api.model
    def _ecrire(self, adresses, sujet, corps, **valeurs):
        """Met en file un courriel par adresse.

        :param sujet: il dit l'affaire
        :param corps: Markup, ou texte à échapper
        """
        return self._ecrire_en_nombre([(adresse, sujet, corps) for adresse in adresses], **valeurs)

    @api.model
    def _ecrire_en_nombre(self, courriels, **valeurs):
        """Met en file des courriels qui ne disent pas la même chose.

        :param courriels: [(adresse, sujet, corps)]
        """
        expediteur, pages = self.env.company._expediteur(), {}
        for _adresse, _sujet, corps in courriels:
            if corps not in pages:
                pages[corps] = self._sur_papier(corps)
        return self.sudo().create([{"email_to": adresse, "email_from": expediteur, "subject": sujet, "body_html": pages[corps], **valeurs}
                                   for adresse, sujet, corps in courriels])

    @api.model
    def _sur_papier(self, corps):
        message = self.env["mail.message"].sudo().new({"body": corps if isinstance(corps, Markup) else Markup("<p>%s</p>") % corps})
        page = self.env["ir.qweb"]._render(PAPIER, {"company": self.env.company, "message": message}, lang=self.env.lang or FRANCAIS, minimal_qcontext=True)
        return self.env["mail.render.mixin"]._replace_local_links(page)


class IrMailServer(models.Model):
    """Sait si quelque chose envoie les courriels."""

    _inherit = "ir.mail_server"

    @api.model
    def _rien_n_envoie(self):
        """Dit que ni la base ni la configuration ne désignent de serveur d'envoi, et que la machine n'en a pas."""
        hote = tools.config["smtp_server"] or "localhost"
        if self._is_test_mode() or hote != "localhost" or self.sudo().search_count([], limit=1):
            return False
        try:
            socket.create_connection((hote, int(tools.config["smtp_port"] or 25)), timeout=1).close()
        except OSError:
            return True
        return False


class ResCompany(models.Model):
    """La société dit qui écrit."""

    _inherit = "res.company"

    def _expediteur(self):
        """Rend « Caisse Nationale d'Assurance Santé <adresse> » : celle de la société, sinon celle de son domaine."""
        self.ensure_one()
        adresse = self.email or self.catchall_email or self.env["ir.config_parameter"].sudo().get_param("mail.default.from")
        if not adresse or "@" not in adresse:
            domaine = self.alias_domain_name or urlsplit(self.get_base_url()).hostname or "localhost"
            adresse = f"{adresse or 'ne-pas-repondre'}@{domaine}"
        return formataddr((self.name, adresse))
