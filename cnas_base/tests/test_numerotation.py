import psycopg2

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
