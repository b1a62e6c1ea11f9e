import json
import xmlrpc.client
from contextlib import contextmanager
from unittest.mock import patch

from psycopg2.errors import SerializationFailure

from odoo.http import root
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import HttpCase

JOURNAL = "odoo.addons.cnas_base.erreurs"
REFERENCE = r"Erreur interne, référence ([0-9A-F]{8}) :"



@tagged("post_install", "-at_install", "cnas")
class TestRpc(HttpCase):
    """XML-RPC et JSON-RPC : des phrases en français, jamais de trace ; une faute à nous a sa référence au journal."""

    def setUp(self):
        super().setUp()
        self.usager = new_test_user(self.env, "rpc_admin", groups="cnas_base.group_administrateur", password="rpc_admin")

    # ------------------------------------------------------------------ les portes
    def _refus(self, modele, methode, *arguments):
        with mute_logger("odoo.sql_db"), self.assertRaises(xmlrpc.client.Fault) as refus:
            self.xmlrpc_object.execute_kw(
                self.env.cr.dbname, self.usager.id, "rpc_admin", modele, methode, list(arguments))
        self.assertNotIn("Traceback", refus.exception.faultString)
        return refus.exception.faultString

    def _poster(self, adresse, parametres):
        reponse = self.url_open(adresse, data=json.dumps({"jsonrpc": "2.0", "method": "call", "params": parametres}),
                                headers={"Content-Type": "application/json"}).json()
        return reponse["error"]["data"]

    def _refus_jsonrpc(self, modele, methode, *arguments):
        with mute_logger("odoo.sql_db", "odoo.http"):
            donnees = self._poster("/jsonrpc", {"service": "object", "method": "execute_kw", "args": [
                self.env.cr.dbname, self.usager.id, "rpc_admin", modele, methode, list(arguments)]})
        self.assertEqual(donnees["debug"], "")
        return donnees["message"]

    def _refus_web(self, modele, methode, *arguments):
        self.authenticate("rpc_admin", "rpc_admin")
        with mute_logger("odoo.sql_db", "odoo.http"):
            donnees = self._poster("/web/dataset/call_kw", {
                "model": modele, "method": methode, "args": list(arguments), "kwargs": {}})
        self.assertEqual(donnees["debug"], "")
        return donnees["message"]

    def _portes(self):
        for porte in (self._refus, self._refus_jsonrpc, self._refus_web):
            with self.subTest(porte=porte.__name__):
                yield porte

    @contextmanager
    def _panne(self, erreur):
        """Une méthode à nous qui tombe."""
        def action_panne(regimes):
            raise erreur
        with patch.object(type(self.env["cnas.regime"]), "action_panne", action_panne, create=True):
            yield

    # ------------------------------------------------------------------ cas
    def test_appel_juste(self):
        noms = self.xmlrpc_object.execute_kw(
            self.env.cr.dbname, self.usager.id, "rpc_admin", "cnas.regime", "search_read", [[]], {"fields": ["code"]})
        self.assertEqual([n["code"] for n in noms], ["ASS", "ASI", "AMED"])

    def test_un_message_se_poste(self):
        """Ce que l'appel a écrit, il le rend : l'identifiant, non une faute."""
        parametre = self.env["cnas.parametre"].search([], limit=1)
        for nom, valeurs in (("message_post", {}), ("message_notify", {"partner_ids": self.usager.partner_id.ids})):
            numero = self.xmlrpc_object.execute_kw(
                self.env.cr.dbname, self.usager.id, "rpc_admin", "cnas.parametre", nom, [parametre.ids], {"body": "vu", **valeurs})
            self.assertEqual(self.env["mail.message"].browse(numero).author_id, self.usager.partner_id)

    def test_le_journal_dit_d_ou(self):
        """Odoo retire la requête d'un appel XML-RPC ou JSON-RPC : l'adresse est retenue, le débit par adresse y tient."""
        appels = {
            "xmlrpc": lambda *a: self.xmlrpc_object.execute_kw(self.env.cr.dbname, self.usager.id, "rpc_admin", *a),
            "jsonrpc": lambda *a: self.url_open("/jsonrpc", headers={"Content-Type": "application/json"}, data=json.dumps({
                "jsonrpc": "2.0", "method": "call", "params": {"service": "object", "method": "execute_kw", "args": [
                    self.env.cr.dbname, self.usager.id, "rpc_admin", *a]}})).json()["result"],
        }
        for rang, (nom, appel) in enumerate(appels.items()):
            with self.subTest(porte=nom):
                agence = appel("cnas.agence", "create", [{"code": f"AG-RPC-{rang}", "name": f"Agence {nom}"}])
                self.env.cr.execute("SELECT adresse FROM cnas_journal WHERE modele = 'cnas.agence' AND res_id = %s", [agence])
                self.assertEqual(self.env.cr.fetchall(), [("127.0.0.1",)])

    def test_pages_nominatives(self):
        """Ni gardées sur un poste partagé, ni encadrées ailleurs, que le proxy de production soit là ou non."""
        self.authenticate("rpc_admin", "rpc_admin")
        for page in ("/my", "/my/account"):
            entetes = self.url_open(page).headers
            self.assertEqual(entetes.get("Cache-Control"), "no-store", page)
            self.assertIn("frame-ancestors", entetes.get("Content-Security-Policy", ""), page)

    def test_surcharge_garde_ce_que_l_appel_rend(self):
        """Une méthode publique qui rend un enregistrement le rend en nombres ; qui la complète ne l'oublie pas."""
        oublis = set()
        for nom, classe in self.env.registry.items():
            for methode in {m for parent in classe.__mro__ for m, f in vars(parent).items() if hasattr(f, "_returns")}:
                if not methode.startswith("_") and not hasattr(getattr(classe, methode), "_returns"):
                    oublis.add(f"{nom}.{methode}")
        self.assertFalse(oublis)

    def test_message_mal_forme(self):
        """Un appel que la messagerie d'Odoo refuse est la faute de l'appelant, pas la nôtre."""
        numero = self.env["cnas.parametre"].search([], limit=1).ids
        self.assertIn("mal formé", self._refus("cnas.parametre", "message_post_with_source", numero, "x"))

    def test_champ_obligatoire_en_francais(self):
        phrase = self._refus("cnas.agence", "create", {"name": "Sans code"})
        self.assertIn("obligatoire", phrase)

    def test_contrainte_en_francais(self):
        phrase = self._refus("cnas.agence", "create", {"name": "Double", "code": "AG-NDJ"})
        self.assertIn("Ce code d'agence existe déjà", phrase)
        self.assertNotIn("cannot", phrase)

    def test_appels_mal_formes(self):
        appels = (
            ("cnas.agence", "methode_inconnue", []), ("cnas.agence", "create", {"champ_inconnu": 1}),
            ("cnas.agence", "search", "pas un domaine"), ("cnas.agence", "search", [["champ_inconnu", "=", 1]]),
            ("cnas.agence", "read", [1], ["champ_inconnu"], "x", "trop", "d'arguments"), ("cnas.agence", "name_search", 1, 2, 3, 4, 5, 6),
            ("cnas.agence", "write", "x", 12), ("cnas.regime", "create", {"numero": "texte", "code": "X", "name": "X"}),
            ("cnas.parametre", "create", {"code": "x", "name": "x", "famille": "feuilles", "valeur": "1", "date_debut": "hier"}),
        )
        for porte in self._portes():
            for arguments in appels:
                with self.subTest(appel=arguments[:2]), self.assertNoLogs(JOURNAL, "ERROR"):
                    self.assertIn("L'appel est mal formé", porte(*arguments))

    def test_modele_inconnu(self):
        for porte in self._portes():
            with self.assertNoLogs(JOURNAL, "ERROR"):
                self.assertTrue(porte("modele.inconnu", "search", []))

    def test_enveloppe_mal_formee(self):
        with self.assertNoLogs(JOURNAL, "ERROR"):
            reponse = self.url_open("/xmlrpc/2/object", data="<rien", headers={"Content-Type": "text/xml"}).text
        self.assertIn("L'appel est mal formé", reponse)

    def test_erreur_interne_a_sa_reference(self):
        """La même référence chez l'appelant et au journal, où est la trace."""
        for porte in self._portes():
            for erreur in (AttributeError("'bool' object has no attribute 'x'"), ValueError("secret"), ZeroDivisionError()):
                with self._panne(erreur), self.assertLogs(JOURNAL, "ERROR") as journal:
                    phrase = porte("cnas.regime", "action_panne", [1])
                self.assertRegex(phrase, REFERENCE)
                self.assertNotIn("secret", phrase)
                self.assertNotIn("mal formé", phrase)
                self.assertEqual(len(journal.records), 1)
                self.assertIn(journal.records[0].args[0], phrase)
                self.assertIn("action_panne", journal.output[0])

    def test_champ_faux_chez_nous(self):
        """Un champ inconnu demandé par notre code n'est pas la faute de l'appelant."""
        def action_panne(regimes):
            return regimes.search([("champ_disparu", "=", 1)])
        for porte in self._portes():
            with patch.object(type(self.env["cnas.regime"]), "action_panne", action_panne, create=True), \
                    self.assertLogs(JOURNAL, "ERROR"):
                self.assertRegex(porte("cnas.regime", "action_panne", [1]), REFERENCE)

    def test_valeurs_fausses_chez_nous(self):
        """Un `write` mal nourri par notre code n'est pas la faute de l'appelant ; le sien, si."""
        for faux in (7, "x", [1]):
            for porte in self._portes():
                with self.subTest(faux), patch.object(type(self.env["cnas.regime"]), "action_panne",
                                                      lambda regimes, faux=faux: regimes.write(faux), create=True), \
                        self.assertLogs(JOURNAL, "ERROR"):
                    self.assertRegex(porte("cnas.regime", "action_panne", [1]), REFERENCE)
                with self.subTest(faux), self.assertNoLogs(JOURNAL, "ERROR"):
                    self.assertNotRegex(porte("cnas.regime", "write", [1], faux), REFERENCE)

    def test_references_au_hasard(self):
        with self._panne(RuntimeError()), self.assertLogs(JOURNAL, "ERROR") as journal:
            for _essai in range(3):
                self._refus("cnas.regime", "action_panne", [1])
        self.assertEqual(len({ligne.args[0] for ligne in journal.records}), 3)

    def test_phrase_d_usager_sans_trace(self):
        self.assertIn("AAAA-MM-JJ", self._refus_jsonrpc("cnas.parametre", "valeur", "delai_recours", "hier"))

    def test_mode_developpeur(self):
        """La trace ne sort que pour un administrateur du système en mode développeur."""
        systeme = new_test_user(self.env, "rpc_systeme", groups="base.group_system", password="rpc_systeme")
        agent = new_test_user(self.env, "rpc_agent", groups="cnas_base.group_agent", password="rpc_agent")
        for usager, attendu in ((agent, False), (systeme, True)):
            session = self.authenticate(usager.login, usager.login)
            session.debug = "1"
            root.session_store.save(session)
            with self._panne(RuntimeError()), mute_logger(JOURNAL, "odoo.http"):
                donnees = self._poster("/web/dataset/call_kw", {
                    "model": "cnas.regime", "method": "action_panne", "args": [[1]], "kwargs": {}})
            self.assertRegex(donnees["message"], REFERENCE)
            self.assertEqual("Traceback" in donnees["debug"], attendu)

    def test_concurrence(self):
        with self._panne(SerializationFailure()), patch("odoo.service.model.MAX_TRIES_ON_CONCURRENCY_FAILURE", 1):
            self.assertIn("Un autre traitement", self._refus("cnas.regime", "action_panne", [1]))

    def test_methode_privee(self):
        self.assertIn("_changer_etat", self._refus("cnas.agence", "_changer_etat", [1], "x"))
