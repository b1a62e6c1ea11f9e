import re
from unittest.mock import patch
from urllib.parse import urlparse

from odoo.http import Request
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.auth_totp.models.totp import TOTP
from odoo.addons.base.models.res_users import Users

from .common import HttpCase

POIDS_PORTE = 40 * 1024


@tagged("post_install", "-at_install", "cnas")
class TestPorte(HttpCase):
    """La porte : légère, en français, la même pour tous, et qui ne dit pas qui existe."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agent = new_test_user(cls.env, "porte_agent", password="porte-essai-1", groups="cnas_base.group_agent")
        cls.portail = new_test_user(cls.env, "porte_portail", password="porte-essai-2", groups="base.group_portal",
                                    email="Infirmier@sante.example")
        cls.portail.partner_id.write({"phone": "66 12 34 56", "country_id": cls.env.ref("base.td").id})

    def setUp(self):
        super().setUp()
        self.env.registry._login_failures = None
        self.addCleanup(setattr, self.env.registry, "_login_failures", None)

    # ------------------------------------------------------------------ aides
    def entrer(self, login, mot_de_passe, **champs):
        self.opener.cookies.clear()
        jeton = re.search(r'name="csrf_token" value="([^"]+)"', self.url_open("/web/login").text).group(1)
        return self.url_open("/web/login", allow_redirects=False, data={
            "login": login, "password": mot_de_passe, "csrf_token": jeton, **champs})

    def envoyer(self, adresse, **champs):
        return self.url_open(adresse, data={"csrf_token": Request.csrf_token(self), **champs})

    def arrivee(self, reponse):
        return reponse.status_code, urlparse(reponse.headers.get("Location", "")).path

    def peser(self, page):
        """Rend les octets d'une page et de toutes ses ressources."""
        ressources = set(re.findall(r'(?:src|href)="(/[^"#]+\.(?:css|js|png|svg|ico|webmanifest))"', page.text))
        return len(page.content) + sum(len(self.url_open(ressource).content) for ressource in ressources)

    # ------------------------------------------------------------------ pages
    def test_pages_legeres_en_francais(self):
        jeton = self.portail._lien_mot_de_passe()
        for adresse, titre in (("/web/login", "Connexion"), ("/web/reset_password", "Mot de passe oublié"), (jeton, "Choisir son mot de passe"),
                               ("/web/reset_password?token=faux", "Choisir son mot de passe")):
            with self.subTest(adresse):
                page = self.url_open(adresse, headers={"Accept-Language": "en-US"})
                self.assertEqual(page.status_code, 200)
                self.assertIn('<html lang="fr" dir="ltr">', page.text)
                self.assertRegex(page.text, f"<title>{titre} — CNAS</title>")
                self.assertRegex(page.text, "Besoin d('|&#39;)aide")
                self.assertNotIn("Odoo", page.text)
                self.assertNotIn("web.assets", page.text)
                self.assertLess(self.peser(page), POIDS_PORTE)

    def test_aide_en_parametre(self):
        self.env["cnas.parametre"].search([("code", "=", "aide_portail")])._ecrire({"valeur": "Appelez le 1313."})
        self.assertIn("Appelez le 1313.", self.url_open("/web/login").text)

    def test_chacun_arrive_chez_soi(self):
        self.assertEqual(self.arrivee(self.entrer("porte_agent", "porte-essai-1")), (303, "/web"))
        self.assertEqual(self.arrivee(self.entrer("porte_portail", "porte-essai-2")), (303, "/my"))
        self.assertEqual(self.arrivee(self.entrer("porte_portail", "porte-essai-2", redirect="/web")), (303, "/my"))
        self.assertEqual(self.arrivee(self.url_open("/web/login", allow_redirects=False)), (303, "/my"))

    def test_identifiant_courriel_ou_telephone(self):
        for identifiant in ("infirmier@sante.example", " INFIRMIER@sante.example ", "66123456", "+235 66 12 34 56"):
            with self.subTest(identifiant):
                self.assertEqual(self.arrivee(self.entrer(identifiant, "porte-essai-2")), (303, "/my"))

    def test_identifiant_partage_ou_pris(self):
        """Un courriel à deux ne désigne personne ; le courriel d'un autre ne prend pas son identifiant."""
        autre = new_test_user(self.env, "porte_autre", password="porte-essai-3", groups="base.group_portal",
                              email="infirmier@sante.example")
        self.assertFalse(self.env["res.users"]._usager_de("infirmier@sante.example"))
        self.portail.login = "infirmier@sante.example"
        self.assertEqual(self.env["res.users"]._usager_de("infirmier@sante.example"), self.portail)
        self.assertNotEqual(self.env["res.users"]._usager_de("infirmier@sante.example"), autre)
        self.assertFalse(self.env["res.users"]._usager_de("%") | self.env["res.users"]._usager_de(""))

    def test_rien_ne_dit_qui_existe(self):
        """Même page, même phrase, même calcul, compte connu ou non, à la connexion comme à l'oubli."""
        with patch.object(Users, "_crypt_context", autospec=True, side_effect=Users._crypt_context) as calculs:
            def essai(adresse, **champs):
                avant = calculs.call_count
                texte = re.sub(r'value="[^"]*"', "", self.envoyer(adresse, **champs).text)
                return texte, calculs.call_count - avant
            self.authenticate(None, None)
            connu, cout_connu = essai("/web/login", login="porte_portail", password="faux")
            inconnu, cout_inconnu = essai("/web/login", login="personne", password="faux")
            self.assertEqual((connu, cout_connu), (inconnu, cout_inconnu))
            self.assertIn("Identifiant ou mot de passe faux.", connu)
            courriels = self.env["mail.mail"].search_count([])
            oublis = [essai("/web/reset_password", login=login) for login in ("porte_portail", "personne")]
        self.assertEqual(oublis[0], oublis[1])
        self.assertIn("Si ce compte existe", oublis[0][0])
        self.assertEqual(self.env["mail.mail"].search_count([]), courriels, "le courriel part après la réponse")
        travaux = self.env["queue.job"].search([("method_name", "=", "_envoyer_un_lien")], order="id desc", limit=2)
        self.assertEqual(sorted(travail.args[0] for travail in travaux), ["personne", "porte_portail"])

    def test_oubli_envoie_un_lien_par_minute(self):
        usagers, contact = self.env["res.users"], self.portail.partner_id
        usagers._envoyer_un_lien("infirmier@sante.example")
        lien = contact.signup_token
        self.assertTrue(lien)
        for identifiant in ("66123456", "personne", ""):
            usagers._envoyer_un_lien(identifiant)
        self.assertEqual(contact.signup_token, lien)

    @mute_logger("odoo.addons.base.models.res_users")
    def test_trop_d_essais(self):
        self.authenticate(None, None)
        for _rang in range(10):
            page = self.envoyer("/web/login", login="porte_portail", password="faux")
        self.assertIn("attendez une minute", page.text)
        self.assertIn("attendez une minute", self.envoyer("/web/login", login="porte_portail", password="porte-essai-2").text)

    def test_entrees_fausses(self):
        self.authenticate(None, None)
        jeton = Request.csrf_token(self)
        for adresse in ("/web/login", "/web/reset_password"):
            self.assertEqual(self.url_open(adresse, data={"csrf_token": jeton}).status_code, 200)
            self.assertEqual(self.url_open(adresse, data={"csrf_token": jeton, "login": "\x00';--", "password": "x"}).status_code, 200)
            self.assertEqual(self.url_open(adresse, data={"csrf_token": jeton}, files={"login": ("a", b"b")}).status_code, 200)

    # ------------------------------------------------------------------ première connexion
    def test_premiere_connexion(self):
        self.authenticate(None, None)
        page = self.url_open(self.portail._lien_mot_de_passe())
        champs = dict(re.findall(r'name="(token|login|name)"[^>]* value="([^"]*)"', page.text))
        faux = self.envoyer("/web/reset_password", **champs, password="choisi-par-moi-8", confirm_password="autre")
        self.assertIn("erreur", faux.text)
        self.envoyer("/web/reset_password", **champs, password="choisi-par-moi-8", confirm_password="choisi-par-moi-8")
        self.assertEqual(self.arrivee(self.entrer("porte_portail", "choisi-par-moi-8")), (303, "/my"))
        encore = self.url_open(page.url)
        self.assertIn("a expiré ou a déjà servi", encore.text)

    def test_mot_de_passe_donne_se_change_a_la_porte(self):
        self.portail.mot_de_passe_provisoire = True
        self.assertEqual(self.arrivee(self.entrer("porte_portail", "porte-essai-2")), (303, "/web/reset_password"))

    # ------------------------------------------------------------------ mon compte
    def test_mon_compte_leger(self):
        self.authenticate("porte_portail", "porte-essai-2")
        for adresse in ("/my/security", "/my/account"):
            page = self.url_open(adresse)
            self.assertIn("<title>Mon compte — CNAS</title>", page.text)
            self.assertLess(self.peser(page), POIDS_PORTE)
        self.assertIn("pas le bon", self.envoyer("/my/account", courriel="a@b.td", telephone="", mot_de_passe="faux").text)
        self.assertIn("valable", self.envoyer("/my/account", courriel="a@b.td", telephone="12", mot_de_passe="porte-essai-2").text)
        self.assertEqual(self.portail.email, "Infirmier@sante.example")
        self.envoyer("/my/account", courriel="Nouveau@b.td", telephone="99 00 00 11", mot_de_passe="porte-essai-2")
        self.portail.invalidate_recordset()
        self.assertEqual((self.portail.email, self.portail.phone), ("nouveau@b.td", "+235 99 00 00 11"))
        self.assertIn("deux fois", self.envoyer("/my/security", old="porte-essai-2", new1="a", new2="b").text)
        self.assertIn("est changé", self.envoyer("/my/security", old="porte-essai-2", new1="porte-essai-9", new2="porte-essai-9").text)
        self.assertEqual(self.url_open("/my/security").status_code, 200)
        self.assertEqual(self.arrivee(self.entrer("nouveau@b.td", "porte-essai-9")), (303, "/my"))

    def test_double_authentification(self):
        self.authenticate("porte_portail", "porte-essai-2")
        self.assertIn("actuel", self.envoyer("/my/security/deux_facteurs", quoi="preparer").text)
        page = self.envoyer("/my/security/deux_facteurs", quoi="preparer", mot_de_passe="porte-essai-2")
        cle = re.search(r"Clé : <strong>([A-Z2-7]+)</strong>", page.text).group(1)
        self.assertLess(self.peser(page), POIDS_PORTE)
        self.assertIn("pas le bon", self.envoyer("/my/security/deux_facteurs", quoi="activer", code="abc").text)
        with patch.object(TOTP, "match", lambda _self, code, **_options: 1 if code == 123456 else None):
            self.assertIn("est activée", self.envoyer("/my/security/deux_facteurs", quoi="activer", code="123 456").text)
            self.assertTrue(cle and self.portail.totp_enabled)
            entree = self.entrer("porte_portail", "porte-essai-2")
            self.assertEqual(self.arrivee(entree), (303, "/web/login/totp"))
            code = self.url_open("/web/login/totp")
            self.assertIn("<title>Code de connexion — CNAS</title>", code.text)
            self.assertLess(self.peser(code), POIDS_PORTE)
            jeton = re.search(r'name="csrf_token" value="([^"]+)"', code.text).group(1)
            arrivee = self.url_open("/web/login/totp", data={"csrf_token": jeton, "totp_token": "123456"}, allow_redirects=False)
            self.assertEqual(self.arrivee(arrivee), (303, "/my"))
