import threading

import psycopg2

from odoo import SUPERUSER_ID, api
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.cnas_base.tests.common import TransactionCase


@tagged("post_install", "-at_install", "cnas")
class TestConcurrence(TransactionCase):
    """Deux agents, deux connexions, le même instant : la base ne laisse passer qu'une écriture."""

    def setUp(self):
        super().setUp()
        self.addCleanup(self._nettoyer)
        with self.registry.cursor() as cr:
            env = self._env(cr)
            regime = env.ref("cnas_base.regime_amed").id
            assures = env["cnas.assure"].create([
                {"nom": "Concurrence", "prenom": f"Personne {i}", "genre": "feminin", "date_naissance": "1980-01-01",
                 "regime_id": regime} for i in "AB"])
            self.ids = assures.ids

    def _env(self, cr):
        return api.Environment(cr, SUPERUSER_ID, {})

    def _nettoyer(self):
        with self.registry.cursor() as cr:
            for table, modele in (("mail_message", "model"), ("mail_followers", "res_model")):
                cr.execute(f"DELETE FROM {table} WHERE {modele} = 'cnas.assure' AND res_id = ANY(%s)", (self.ids,))
            cr.execute("DELETE FROM cnas_droit WHERE assure_id = ANY(%s)", (self.ids,))
            cr.execute("DELETE FROM cnas_lien_familial WHERE membre_id = ANY(%s)", (self.ids,))
            cr.execute("UPDATE cnas_assure SET assure_principal_id = NULL, lien = NULL, type_assure = 'principal',"
                       " famille_id = id WHERE id = ANY(%s)", (self.ids,))
            cr.execute("DELETE FROM cnas_assure WHERE id = ANY(%s)", (self.ids,))

    def _a_deux(self, premier, second):
        """Fait `premier` sans valider, `second` d'une autre connexion, puis valide ; rend les erreurs des deux."""
        erreurs = []
        attendues = (psycopg2.Error, UserError, ValidationError)
        pret = threading.Event()

        def autre_agent():
            try:
                with self.registry.cursor() as cr:
                    cr.execute("SELECT 1")  # fige ce que voit cette transaction
                    pret.set()
                    second(self._env(cr))
            except attendues as erreur:
                erreurs.append(erreur)

        fil = threading.Thread(target=autre_agent)
        try:
            with self.registry.cursor() as cr:
                premier(self._env(cr))
                fil.start()
                pret.wait(5)
                fil.join(timeout=0.5)
        except attendues as erreur:
            erreurs.append(erreur)
        fil.join(timeout=30)
        self.assertFalse(fil.is_alive())
        return erreurs

    def _compter(self, requete):
        with self.registry.cursor() as cr:
            cr.execute(requete, (self.ids,))
            return cr.fetchone()[0]

    @mute_logger("odoo.sql_db")
    def test_droits_qui_se_chevauchent(self):
        def ouvrir(debut):
            return lambda env: env["cnas.droit"].create({"assure_id": self.ids[0], "date_debut": debut}).flush_recordset()

        erreurs = self._a_deux(ouvrir("2025-01-01"), ouvrir("2026-01-01"))
        self.assertEqual(len(erreurs), 1)
        self.assertEqual(self._compter("SELECT count(*) FROM cnas_droit WHERE assure_id = ANY(%s)"), 1)

    def test_droits_qui_se_suivent(self):
        def ouvrir(debut, fin):
            return lambda env: env["cnas.droit"].create(
                {"assure_id": self.ids[0], "date_debut": debut, "date_fin": fin}).flush_recordset()

        erreurs = self._a_deux(ouvrir("2025-01-01", "2025-12-31"), ouvrir("2026-01-01", "2026-12-31"))
        self.assertEqual(erreurs, [])
        self.assertEqual(self._compter("SELECT count(*) FROM cnas_droit WHERE assure_id = ANY(%s)"), 2)

    @mute_logger("odoo.sql_db")
    def test_rattachements_croises(self):
        """A devient l'ayant droit de B pendant que B devient celui de A : pas de boucle."""
        def rattacher(qui, a_qui):
            def geste(env):
                env["cnas.assure"].browse(self.ids[qui]).write(
                    {"type_assure": "ayant_droit", "assure_principal_id": self.ids[a_qui], "lien": "conjoint"})
                env.flush_all()
            return geste

        erreurs = self._a_deux(rattacher(0, 1), rattacher(1, 0))
        self.assertEqual(len(erreurs), 1)
        self.assertEqual(self._compter(
            "SELECT count(*) FROM cnas_assure WHERE id = ANY(%s) AND assure_principal_id IS NOT NULL"), 1)

    def test_suspendre_et_ouvrir(self):
        def creer(**valeurs):
            return lambda env: env["cnas.droit"]._creer([{
                "assure_id": self.ids[0], "regime_id": env.ref("cnas_base.regime_amed").id, "date_debut": "2025-03-01",
                "date_fin": "2025-03-31", **valeurs}]).flush_recordset()

        with mute_logger("odoo.sql_db"):
            erreurs = self._a_deux(creer(state="ferme", origine="suspension"), creer(origine="affiliation"))
        self.assertEqual(len(erreurs), 1)
        self.assertEqual(self._compter(f"SELECT count(*) FROM cnas_droit WHERE assure_id = {self.ids[0]}"), 1)
