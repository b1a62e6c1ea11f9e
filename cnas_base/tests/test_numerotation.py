from threading import Barrier, Thread

import psycopg2

from odoo import SUPERUSER_ID, api
from odoo.service.model import retrying
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.cnas_base.jour import aujourd_hui

from .common import TransactionCase


@tagged("post_install", "-at_install", "cnas")
class TestNumerotation(TransactionCase):
    """Deux agents ouvrent la même année au même instant : un seul numéro, aucun refus."""

    @mute_logger("odoo.sql_db")
    def test_l_annee_d_une_numerotation_s_ouvre_une_fois(self):
        """Qui l'ouvre en second, sans la voir, est rejoué par Odoo : un échec de sérialisation, pas un refus."""
        sequence = self.env["ir.sequence"].create({"name": "Essai", "code": "cnas.essai", "use_date_range": True, "prefix": "E/"})
        jour = aujourd_hui().replace(month=1, day=1)
        self.assertTrue(sequence.next_by_code("cnas.essai", sequence_date=jour).startswith("E/"))
        with self.assertRaises(psycopg2.errors.SerializationFailure), self.env.cr.savepoint():
            sequence._create_date_range_seq(jour)

    @mute_logger("odoo.sql_db", "odoo.service.model")
    def test_six_premiers_numeros_sans_trou(self):
        """Six papiers ouvrent l'année d'une numérotation sans trou, tous au même instant : chacun a son numéro, aucun n'échoue."""
        with self.env.registry._db.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            sequence = env["ir.sequence"].create({
                "name": "Essai", "code": "cnas.essai.file", "implementation": "no_gap", "use_date_range": True, "company_id": False})
        self.addCleanup(self._oter, sequence.id)
        depart, numeros = Barrier(6), []

        def numeroter():
            with self.env.registry._db.cursor() as cr:
                env = api.Environment(cr, SUPERUSER_ID, {})
                cr.execute("SELECT 1")  # l'instantané est pris avant le signal
                depart.wait()
                retrying(lambda: numeros.append(env["ir.sequence"].next_by_code("cnas.essai.file")), env)

        fils = [Thread(target=numeroter) for _rang in range(6)]
        for fil in fils:
            fil.start()
        for fil in fils:
            fil.join()
        self.assertEqual(sorted(numeros), ["1", "2", "3", "4", "5", "6"])

    def _oter(self, sequence):
        with self.env.registry._db.cursor() as cr:
            cr.execute("DELETE FROM cnas_compteur_sequence WHERE sequence = %s", [sequence])
            cr.execute("DELETE FROM ir_sequence WHERE id = %s", [sequence])

    def test_le_prochain_numero_se_choisit(self):
        """Une numérotation sans trou montre son prochain numéro ; l'administrateur le change ; un travail annulé rend le sien."""
        sequence = self.env["ir.sequence"].create({"name": "Essai", "implementation": "no_gap", "number_next": 7})
        self.assertEqual([sequence.next_by_id(), sequence.next_by_id()], ["7", "8"])
        sequence.invalidate_recordset()
        self.assertEqual(sequence.number_next_actual, 9)
        sequence.number_next_actual = 3
        self.assertEqual(sequence.next_by_id(), "3")
        with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
            sequence.next_by_id()
            raise ZeroDivisionError
        self.assertEqual(sequence.next_by_id(), "4")
        self.env["cnas.compteur_sequence"]._oter_les_depassees()
        self.assertEqual(sequence.next_by_id(), "5")
