import re
from urllib.parse import quote

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from ..controllers.langue import chemin_local
from .common import HttpCase

ARABE = '<html lang="ar" dir="rtl">'
FRANCAIS = '<html lang="fr" dir="ltr">'


@tagged("post_install", "-at_install", "cnas")
class TestLangue(HttpCase):
    """Un usager choisit sa langue sans quitter sa page ; la page la dit, et va dans son sens."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("ar_001")
        cls.portail = new_test_user(cls.env, "langue_portail", password="langue-essai-1", groups="base.group_portal", lang="fr_FR")

    def choisir(self, code, retour="/my/security", **entetes):
        reponse = self.url_open(f"/cnas/langue/{code}?retour={quote(retour)}", allow_redirects=False, headers=entetes)
        self.assertEqual(reponse.status_code, 303)
        return re.sub(r"^https?://[^/]+", "", reponse.headers["Location"])

    def ouvrir(self, adresse="/web/login", **entetes):
        return self.url_open(adresse, headers=entetes).text

    def test_sans_compte(self):
        """La langue de l'appareil, sinon celle du navigateur, sinon le français ; celle qu'on choisit tient d'une page à l'autre."""
        self.authenticate(None, None)
        for demandee, attendue in (("en-US", FRANCAIS), ("ar", ARABE), ("en, ar-TD;q=0.8, fr;q=0.5", ARABE), ("fr, ar;q=0.5", FRANCAIS), ("x;;", FRANCAIS)):
            self.assertIn(attendue, self.ouvrir(**{"Accept-Language": demandee}), demandee)
        self.choisir("ar_001", "/web/login")
        self.assertIn(ARABE, self.ouvrir(**{"Accept-Language": "fr"}))
        self.assertIn(ARABE, self.ouvrir("/web/reset_password"), "sans préfixe de langue dans l'adresse")
        self.assertIn(ARABE, self.ouvrir("/my/nulle-part"), "la page d'erreur aussi")

    def test_compte(self):
        """Le compte change de langue, et lui seul ; il reste sur sa page, filtres compris."""
        self.authenticate("langue_portail", "langue-essai-1")
        page = "/my/formation/feuilles/page/2?etat=deposee&recherche=Ahmat%20%C3%89t%C3%A9&du=2026-01-01"
        self.assertEqual(self.choisir("ar_001", page), page)
        self.assertEqual(self.portail.lang, "ar_001")
        self.assertIn(ARABE, self.ouvrir("/my/security", **{"Accept-Language": "fr"}))
        self.portail.lang = "fr_FR"  # d'un autre appareil
        self.assertIn(FRANCAIS, self.ouvrir("/my/security"), "le compte l'emporte sur le témoin de l'appareil")
        with self.assertRaises(AccessError):
            self.env.ref("base.user_admin").with_user(self.portail).write({"lang": "ar_001"})

    def test_la_page_porte_son_adresse(self):
        self.authenticate("langue_portail", "langue-essai-1")
        self.assertIn("/cnas/langue/ar_001?retour=/my/security%3Fdu%3D2026-01-01%26tri%3Dancien", self.ouvrir("/my/security?du=2026-01-01&tri=ancien"))

    def test_choix_qui_ne_changent_rien(self):
        """Langue inconnue ou inactive, demande d'un autre site : la page, inchangée."""
        self.authenticate("langue_portail", "langue-essai-1")
        for code, entetes in (("xx_XX", {}), ("en_US", {}), ("de_DE", {}), ("ar_001", {"Sec-Fetch-Site": "cross-site"})):
            with self.subTest(code):
                self.assertEqual(self.choisir(code, **entetes), "/my/security")
                self.assertEqual(self.portail.lang, "fr_FR")

    def test_retour_d_ici_seulement(self):
        """Aucun retour ne sort du site : chez soi plutôt."""
        self.authenticate("langue_portail", "langue-essai-1")
        for hostile in ("https://ailleurs.example/", "//ailleurs.example", "/\\ailleurs.example", "\\\\ailleurs.example", "/\t/ailleurs.example", "javascript:alert(1)",
                        "ailleurs.example", "/" + "a" * 3000, "///ailleurs.example", "https:ailleurs.example", ""):
            with self.subTest(hostile[:40]):
                self.assertEqual(chemin_local(hostile), "")
                self.assertEqual(self.choisir("fr_FR", hostile), self.portail._espace())

    def test_une_seule_langue_ne_se_choisit_pas(self):
        self.env["res.users"].with_context(active_test=False).search([("lang", "=", "ar_001")]).lang = "fr_FR"
        self.env["res.lang"].search([("code", "=", "ar_001")]).active = False
        self.authenticate(None, None)
        page = self.ouvrir(**{"Accept-Language": "ar"})
        self.assertIn(FRANCAIS, page)
        self.assertNotIn("/cnas/langue/", page)

    def test_choisie_a_la_porte(self):
        """Qui lit la porte en arabe entre en arabe ; qui n'a rien choisi garde la langue de son compte."""
        for choisie, attendue in ((None, "fr_FR"), ("ar_001", "ar_001")):
            self.authenticate(None, None)
            if choisie:
                self.choisir(choisie, "/web/login")
            jeton = re.search(r'name="csrf_token" value="([^"]+)"', self.ouvrir()).group(1)
            self.url_open("/web/login", data={"login": "langue_portail", "password": "langue-essai-1", "csrf_token": jeton}, allow_redirects=False)
            self.portail.invalidate_recordset()
            self.assertEqual(self.portail.lang, attendue)
