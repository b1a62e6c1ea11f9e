import re
from urllib.parse import urlsplit

from lxml import html

from odoo.tests import new_test_user, tagged

from odoo.addons.cnas_base.hooks import oter_adresse_d_exemple
from odoo.addons.cnas_base.models.courriel import A_NOTRE_NOM
from odoo.addons.cnas_base.tests.common import TransactionCase

INTERDITS = re.compile(r"odoo|powered|yourcompany|250 executive|unfollow|localhost:8069|example\.com", re.IGNORECASE)
ISO = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")


@tagged("post_install", "-at_install", "cnas")
class TestCourriels(TransactionCase):
    """Tout courriel de la caisse : sobre, à son nom, un sujet qui dit l'affaire, un lien qui s'ouvre, une date française."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["ir.config_parameter"].set_param("web.base.url", "https://cnas.essai.td")
        cls.env.company.email = "accueil@cnas.essai.td"
        cls.usager = new_test_user(cls.env, login="t_courriel", email="achta@essai.td", name="Achta Mahamat",
                                   groups="cnas_base.group_portail_formation", lang="fr_FR")
        cls.usager.formation_ids = cls.env["cnas.formation_sanitaire"].search([("state", "=", "active")], limit=1)
        cls.usager.partner_id.signup_prepare()

    def examiner(self, courriel, sujet=None):
        page = courriel.body_html
        self.assertFalse(INTERDITS.search(page), INTERDITS.search(page))
        texte = html.fromstring(page).text_content()
        self.assertFalse(ISO.search(texte), texte)
        self.assertIn(self.env.company.name, courriel.email_from)
        self.assertIn("accueil@cnas.essai.td", courriel.email_from)
        self.assertIn("logo.png", page, "l'emblème")
        en_arabe, redite = map(html.fromstring(page).xpath, ("/html[@lang='ar'][@dir='rtl']", "//p[@lang='ar'] | //td[@lang='ar']"))
        self.assertNotEqual(bool(en_arabe), bool(redite), "dit aussi en arabe, sauf à qui le lit déjà")
        self.assertTrue(courriel.subject and len(courriel.subject) > 10, courriel.subject)
        self.assertFalse(ISO.search(courriel.subject) or INTERDITS.search(courriel.subject), courriel.subject)
        if sujet:
            self.assertIn(sujet, courriel.subject)
        liens = html.fromstring(page).xpath("//a/@href | //img/@src")
        for lien in liens:
            self.assertIn(urlsplit(lien).scheme, ("https", "mailto"), lien)
            self.assertIn(urlsplit(lien).netloc, ("cnas.essai.td", ""), lien)

    def gabarits(self):
        siens = self.env["mail.template"].search([("model", "like", "cnas.%")])
        notres = self.env["ir.model.data"].search([("model", "=", "mail.template"), ("module", "like", "cnas_%")])
        return siens | self.env["mail.template"].browse(notres.mapped("res_id")) | self.env["mail.template"].browse(
            [self.env.ref(ailleurs).id for ailleurs in A_NOTRE_NOM])

    def sujet(self, modele):
        """Rend un enregistrement pour l'essai."""
        if modele == "res.users":
            return self.usager
        if modele == "portal.wizard.user":
            return self.env["portal.wizard.user"].create({
                "wizard_id": self.env["portal.wizard"].create({}).id, "partner_id": self.usager.partner_id.id})
        return self.env[modele].search([], limit=1, order="id desc")

    def test_chaque_gabarit(self):
        gabarits = self.gabarits()
        self.assertGreaterEqual(len(gabarits), 9)
        for gabarit in gabarits:
            with self.subTest(gabarit.name):
                dossier = self.sujet(gabarit.model)
                self.assertTrue(dossier)
                for langue, _nom in self.env["res.lang"].get_installed():
                    self.usager.lang = langue
                    courriel = self.env["mail.mail"].browse(gabarit.send_mail(dossier.id))
                    affaire = {"cnas.feuille_soin": "numero"}.get(gabarit.model)
                    self.examiner(courriel, affaire and dossier[affaire])

    def test_courriel_du_fil(self):
        """Ce qui part d'un fil : même papier."""
        facture = self.env["cnas.facture"].search([], limit=1)
        facture._informer(lambda _facture: ("Décompte disponible", "le décompte est prêt."), "/my/formation/decomptes/1")
        message = facture.message_ids[0]
        courriels = self.env["mail.mail"].search([("mail_message_id", "=", message.id)])
        corps = self.env["ir.qweb"]._render("mail.mail_notification_layout", {
            "message": message, "company": self.env.company, "record": facture, "record_name": facture.display_name,
            "model_description": "Facture", "is_discussion": True, "has_button_access": False}, minimal_qcontext=True)
        for page in [corps, *courriels.mapped("body_html")]:
            self.assertFalse(INTERDITS.search(str(page)), INTERDITS.search(str(page)))
        self.assertIn("https://cnas.essai.td/my/formation/decomptes/1", str(corps))
        self.assertIn(facture.numero, message.subject)

    def test_ecrits_par_le_code_et_par_odoo(self):
        self.env["cnas.assure"].search([], limit=1)._annoncer_changement(lambda _assure: "L'adresse change.", {"a@essai.td"})
        self.examiner(self.env["mail.mail"].search([("email_to", "=", "a@essai.td")], order="id desc", limit=1))
        rendre = self.env["mail.render.mixin"]._render_template
        for vue, plus in (("auth_signup.reset_password_email", {}),
                          ("auth_signup.alert_login_new_device", self.usager._prepare_new_device_notice_values())):
            page = rendre(self.env.ref(vue), model="res.users", res_ids=self.usager.ids, engine="qweb_view",
                          add_context=plus, options={"post_process": True})[self.usager.id]
            self.assertFalse(INTERDITS.search(page), (vue, INTERDITS.search(page)))
            self.assertIn("Bonjour", page)

    def test_invitation_d_une_formation(self):
        formation = self.env["cnas.formation_sanitaire"].search([("state", "=", "active")], limit=1)
        invitation = self.env["cnas.invitation_portail"].create({"formation_id": formation.id, "ligne_ids": [
            (0, 0, {"name": "Moussa Idriss", "email": "moussa@essai.td"})]})
        invitation.action_inviter()
        courriel = self.env["mail.mail"].search([("email_to", "=", "moussa@essai.td")], order="id desc", limit=1)
        self.examiner(courriel, formation.name)
        self.assertIn("/web/reset_password?", courriel.body_html)

    def test_adresse_d_exemple(self):
        """Une base née avec la démonstration d'Odoo s'imprimait à Fremont, Californie."""
        societe = self.env.ref("base.main_partner")
        societe.write({"email": "info@yourcompany.com", "street": "250 Executive Park Blvd, Suite 3400", "zip": "94134"})
        oter_adresse_d_exemple(self.env)
        self.assertFalse(societe.email or societe.street or societe.zip)
        societe.write({"email": "accueil@cnas.essai.td", "street": "Avenue Mobutu"})
        oter_adresse_d_exemple(self.env)
        self.assertEqual((societe.email, societe.street), ("accueil@cnas.essai.td", "Avenue Mobutu"))
