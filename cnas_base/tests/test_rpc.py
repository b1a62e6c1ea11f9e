import xmlrpc.client

from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import HttpCase


@tagged("post_install", "-at_install", "cnas")
class TestRpc(HttpCase):
    """XML-RPC : des phrases en français, jamais de trace Python."""

    def setUp(self):
        super().setUp()
        self.usager = new_test_user(self.env, "rpc_admin", groups="cnas_base.group_administrateur", password="rpc_admin")

    def _refus(self, modele, methode, *arguments):
        with mute_logger("odoo.sql_db"), self.assertRaises(xmlrpc.client.Fault) as refus:
            self.xmlrpc_object.execute_kw(
                self.env.cr.dbname, self.usager.id, "rpc_admin", modele, methode, list(arguments))
        self.assertNotIn("Traceback", refus.exception.faultString)
        return refus.exception.faultString

    def test_appel_juste(self):
        noms = self.xmlrpc_object.execute_kw(
            self.env.cr.dbname, self.usager.id, "rpc_admin", "cnas.regime", "search_read", [[]], {"fields": ["code"]})
        self.assertEqual([n["code"] for n in noms], ["ASS", "ASI", "AMED"])

    def test_champ_obligatoire_en_francais(self):
        phrase = self._refus("cnas.agence", "create", {"name": "Sans code"})
        self.assertIn("obligatoire", phrase)

    def test_contrainte_en_francais(self):
        phrase = self._refus("cnas.agence", "create", {"name": "Double", "code": "AG-NDJ"})
        self.assertIn("Ce code d'agence existe déjà", phrase)
        self.assertNotIn("cannot", phrase)

    def test_appels_mal_formes(self):
        for arguments in (
            ("cnas.agence", "methode_inconnue", []), ("cnas.agence", "create", {"champ_inconnu": 1}),
            ("cnas.agence", "search", "pas un domaine"), ("modele.inconnu", "search", []),
            ("cnas.agence", "write", "x", 12), ("cnas.regime", "create", {"numero": "texte", "code": "X", "name": "X"}),
        ):
            with self.subTest(appel=arguments[:2]):
                self.assertTrue(self._refus(*arguments))

    def test_methode_privee(self):
        self.assertIn("_changer_etat", self._refus("cnas.agence", "_changer_etat", [1], "x"))
