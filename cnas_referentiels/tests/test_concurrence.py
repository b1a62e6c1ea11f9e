import threading
from contextlib import closing

import psycopg2

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tests.common import get_db_name, tagged
from odoo.tools import mute_logger

from odoo.addons.cnas_base.tests.common import BaseCase


@tagged("post_install", "-at_install", "cnas")
class TestConcurrence(BaseCase):
    """Deux connexions réelles créent au même instant deux tarifs qui se chevauchent : une seule y parvient."""

    def setUp(self):
        super().setUp()
        self.registre = Registry(get_db_name())
        with closing(self.registre.cursor()) as cr:
            env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})
            medicament = env["cnas.medicament"].create({"code": "TST-CONC", "name": "Concurrence"})
            self.medicament, self.prestation = medicament.id, medicament.prestation_id.id
            cr.commit()
        self.addCleanup(self._nettoyer)

    def _nettoyer(self):
        with closing(self.registre.cursor()) as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            env["cnas.config_medicament"].search([("medicament_id", "=", self.medicament)]).unlink()
            env["cnas.medicament"].browse(self.medicament).unlink()
            cr.commit()

    def _creer(self, cr, debut):
        env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})
        env["cnas.config_medicament"].create(
            {"medicament_id": self.medicament, "montant": 100, "date_debut": debut, "date_fin": "2026-12-31"})
        env.flush_all()

    @mute_logger("odoo.sql_db")
    def test_deux_connexions(self):
        erreurs = []

        def second():
            with closing(self.registre.cursor()) as cr2:
                try:
                    self._creer(cr2, "2026-06-01")
                    cr2.commit()
                except psycopg2.IntegrityError as erreur:
                    cr2.rollback()
                    erreurs.append(erreur)

        with closing(self.registre.cursor()) as cr1:
            self._creer(cr1, "2026-01-01")
            fil = threading.Thread(target=second)
            fil.start()
            fil.join(0.5)
            self.assertTrue(fil.is_alive(), "la seconde connexion attend le sort de la première")
            cr1.commit()
            fil.join(10)
        self.assertEqual([type(e) for e in erreurs], [psycopg2.errors.ExclusionViolation])
        with closing(self.registre.cursor()) as cr:
            cr.execute("SELECT count(*) FROM cnas_config_medicament WHERE medicament_id = %s", (self.medicament,))
            self.assertEqual(cr.fetchone()[0], 1)
