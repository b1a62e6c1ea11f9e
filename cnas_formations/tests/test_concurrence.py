import threading

from psycopg2.errors import ExclusionViolation

from odoo import SUPERUSER_ID, api
from odoo.tests import TransactionCase, tagged
from odoo.tools import mute_logger


@tagged("post_install", "-at_install", "cnas")
class TestConcurrence(TransactionCase):
    """Deux agents, deux connexions, le même instant : une seule écriture passe."""

    def setUp(self):
        super().setUp()
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})
            formation = env["cnas.formation_sanitaire"].create({"code": "CONCUR-01", "name": "Concurrence"})
            self.formation_id, self.partner_id = formation.id, formation.partner_id.id
        self.addCleanup(self._nettoyer)

    def _nettoyer(self):
        with self.registry.cursor() as cr:
            for table in ("cnas_convention", "cnas_carnet"):
                cr.execute(f"DELETE FROM {table} WHERE formation_id = %s", (self.formation_id,))
            cr.execute("DELETE FROM cnas_formation_sanitaire WHERE id = %s", (self.formation_id,))
            cr.execute("DELETE FROM res_partner WHERE id = %s", (self.partner_id,))

    def _a_deux(self, modele, premier, second):
        """Crée `premier` sans valider, `second` d'une autre connexion, puis valide : rend l'erreur du second."""
        erreurs = []

        def autre_agent():
            try:
                with self.registry.cursor() as cr, mute_logger("odoo.sql_db"):
                    api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})[modele].create(second)
            except ExclusionViolation as erreur:
                erreurs.append(erreur)

        with self.registry.cursor() as cr:
            api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})[modele].create(premier)
            fil = threading.Thread(target=autre_agent)
            fil.start()
            fil.join(timeout=0.5)
        fil.join(timeout=20)
        self.assertFalse(fil.is_alive())
        return erreurs

    def _compter(self, modele):
        with self.registry.cursor() as cr:
            return api.Environment(cr, SUPERUSER_ID, {})[modele].search_count([("formation_id", "=", self.formation_id)])

    def test_conventions_concurrentes(self):
        base = {"formation_id": self.formation_id, "date_fin": "2027-12-31"}
        erreurs = self._a_deux(
            "cnas.convention", {**base, "numero": "C-1", "date_debut": "2025-01-01"},
            {**base, "numero": "C-2", "date_debut": "2026-01-01"})
        self.assertEqual(len(erreurs), 1)
        self.assertEqual(self._compter("cnas.convention"), 1)

    def test_conventions_successives(self):
        base = {"formation_id": self.formation_id}
        erreurs = self._a_deux(
            "cnas.convention", {**base, "numero": "C-1", "date_debut": "2025-01-01", "date_fin": "2025-12-31"},
            {**base, "numero": "C-2", "date_debut": "2026-01-01", "date_fin": "2026-12-31"})
        self.assertEqual(erreurs, [])
        self.assertEqual(self._compter("cnas.convention"), 2)

    def test_carnets_concurrents(self):
        base = {"formation_id": self.formation_id}
        erreurs = self._a_deux(
            "cnas.carnet", {**base, "debut": 900_000_001, "fin": 900_000_100},
            {**base, "debut": 900_000_100, "fin": 900_000_200})
        self.assertEqual(len(erreurs), 1)
        self.assertEqual(self._compter("cnas.carnet"), 1)
