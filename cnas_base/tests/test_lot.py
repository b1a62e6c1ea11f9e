from unittest.mock import patch

from psycopg2 import IntegrityError
from psycopg2.errors import SerializationFailure

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.queue_job.job import Job

from .common import TransactionCase


@tagged("post_install", "-at_install", "cnas")
class TestLot(TransactionCase):
    """Un lot est un groupe de tâches : une erreur y est une tâche en échec, relançable."""

    def setUp(self):
        super().setUp()
        self.provinces = self.env["cnas.province"].search([])
        self.appels = appels = []
        self.panne = panne = {}

        def _marquer(provinces, mot="marqué"):
            appels.append(provinces.ids)
            provinces.sudo().write({"chef_lieu": mot})
            if panne:
                raise panne["erreur"]

        self.startPatcher(patch.object(type(self.provinces), "_marquer", _marquer, create=True))
        self.superviseur = new_test_user(self.env, "superviseur_lot", groups="cnas_base.group_superviseur")
        self.agent = new_test_user(self.env, "agent_lot", groups="cnas_base.group_agent")

    def _lancer(self, usager=None, en_file=True, **options):
        lots = self.env["cnas.lot"].with_user(usager or self.superviseur)
        with patch.object(type(lots), "_tout_de_suite", lambda lot, tranches: not en_file):
            return lots._lancer("Essai", "cnas.province", "_marquer", self.provinces.ids, **options)

    def _mener(self, taches):
        """Joue les tâches comme le fait `queue_job` : une transaction chacune, l'échec écrit sur la tâche."""
        for tache in taches.sudo():
            job = Job.load(self.env, tache.uuid)
            try:
                with self.env.cr.savepoint():
                    job.perform()
                job.set_done()
            except UserError as erreur:
                job.set_failed(exc_name="UserError", exc_message=str(erreur), exc_info="trace")
            job.store()
        self.env["cnas.lot"].invalidate_model()

    def test_petit_lot_tout_de_suite(self):
        lot = self.env["cnas.lot"].with_user(self.superviseur)._lancer(
            "Essai", "cnas.province", "_marquer", self.provinces.ids, parametres={"mot": "vu"})
        self.assertEqual((lot.state, lot.traites, lot.progression, len(self.appels)), ("fait", 23, 100, 1))
        self.assertEqual(set(self.provinces.mapped("chef_lieu")), {"vu"})
        self.assertFalse(lot.tache_ids)

    def test_erreur_immediate_a_l_appelant(self):
        self.panne["erreur"] = UserError("Panne d'essai")
        with self.assertRaisesRegex(UserError, "Panne d'essai"):
            self._lancer(en_file=False, taille=10)

    def test_installation_et_tests_sans_file(self):
        lot = self.env["cnas.lot"].with_user(self.superviseur)._lancer(
            "Essai", "cnas.province", "_marquer", self.provinces.ids, taille=10)
        self.assertEqual((lot.state, len(self.appels), len(lot.tache_ids)), ("fait", 3, 0))

    def test_grand_lot_en_taches(self):
        lot = self._lancer(taille=10)
        taches = lot.tache_ids.sorted("priority")
        self.assertEqual((lot.state, lot.traites, taches.mapped("nombre")), ("en_cours", 0, [10, 10, 3]))
        self.assertEqual(len(set(taches.mapped("graph_uuid"))), 1)
        self.assertEqual(set(taches.mapped("channel")), {"root.cnas"})
        self._mener(taches[:2])
        self.assertEqual((lot.state, lot.traites), ("en_cours", 20))
        self.assertEqual(self.env["cnas.lot"].search([("state", "=", "en_cours"), ("id", "=", lot.id)]), lot)
        self._mener(taches[2:])
        self.assertEqual((lot.state, lot.progression), ("fait", 100))
        self.assertIn(lot, self.env["cnas.lot"].search([("state", "=", "fait")]))

    def test_taches_au_nom_de_celui_qui_lance(self):
        vus = []

        def _noter(provinces, mot=""):
            vus.append((provinces.env.uid, provinces.env.su))

        lot = self._lancer(usager=self.agent, taille=10)
        with patch.object(type(self.provinces), "_marquer", _noter):
            self._mener(lot.sudo().tache_ids)
        self.assertEqual(set(vus), {(self.agent.id, False)})

    def test_echec_visible_et_relance(self):
        lot = self._lancer(taille=10)
        self.panne["erreur"] = UserError("Panne d'essai")
        tache = lot.tache_ids[0]
        self._mener(tache)
        self.assertEqual((lot.state, lot.traites, lot.message_erreur), ("erreur", 0, "Panne d'essai"))
        self.assertEqual(tache.state, "failed")
        self.provinces.invalidate_recordset()
        self.assertNotIn("marqué", self.provinces.mapped("chef_lieu"), "rien à moitié")
        self.panne.clear()
        lot.action_relancer()
        self.assertEqual(set(lot.tache_ids.mapped("state")), {"pending"})
        self._mener(lot.tache_ids)
        self.assertEqual((lot.state, lot.message_erreur), ("fait", False))

    def test_concurrence_rejouee_par_queue_job(self):
        """`queue_job` rejoue une erreur de concurrence : le lot ne l'avale pas."""
        lot = self._lancer(taille=10)
        self.panne["erreur"] = SerializationFailure()
        with self.assertRaises(SerializationFailure), self.env.cr.savepoint():
            Job.load(self.env, lot.tache_ids[0].uuid).perform()

    def test_double_clic(self):
        self._lancer(taille=10)
        with self.assertRaisesRegex(UserError, "déjà en cours"):
            self._lancer(taille=10)
        autre = self._lancer(taille=10, parametres={"mot": "autre"})
        self.assertEqual(autre.state, "en_cours")

    def test_double_clic_en_base(self):
        """Deux transactions au même instant : la base n'en garde qu'une."""
        lot = self._lancer(taille=10)
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self.env.cr.execute("""
                INSERT INTO queue_job (uuid, state, lot_id, identity_key)
                SELECT 'double', 'pending', lot_id, identity_key FROM queue_job WHERE id = %s""", [lot.tache_ids[0].id])

    def test_cle_refuse_le_double(self):
        lot = self._lancer(taille=10, cle="essai")
        with self.assertRaisesRegex(UserError, "déjà en cours"):
            self._lancer(taille=10, cle="essai", parametres={"mot": "autre"})
        lot.action_annuler()
        self.env["cnas.lot"].invalidate_model()
        self.assertEqual(lot.state, "annule")
        self.assertEqual(self._lancer(taille=10, cle="essai").state, "en_cours")

    def test_relance_reservee(self):
        lot = self._lancer(usager=self.agent, taille=10)
        for action in ("action_annuler", "action_relancer"):
            with self.assertRaisesRegex(UserError, "superviseur"):
                getattr(lot, action)()
        self.assertEqual((lot.state, lot.progression), ("en_cours", 0))
        with self.assertRaises(AccessError):
            lot.read(["tache_ids"])
        self.assertFalse(self.env["cnas.lot"].with_user(new_test_user(
            self.env, "autre_lot", groups="cnas_base.group_agent")).search([("id", "=", lot.id)]))
