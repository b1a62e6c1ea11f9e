from datetime import date

from odoo.tests import tagged

from odoo.addons.cnas_base.tests.common import TransactionCase

from ..age import age_en_annees, age_en_mois, anniversaire


@tagged("post_install", "-at_install", "cnas")
class TestAge(TransactionCase):
    """Une seule loi de l'anniversaire, en Python et en SQL."""

    def test_ne_un_29_fevrier(self):
        for jour, annees in ((date(2018, 2, 28), 17), (date(2018, 3, 1), 18), (date(2020, 2, 28), 19), (date(2020, 2, 29), 20)):
            with self.subTest(jour=jour):
                self.assertEqual(age_en_annees(date(2000, 2, 29), jour), annees)

    def test_anniversaire_est_le_premier_jour_de_l_age(self):
        self.assertEqual([anniversaire(date(2000, 2, 29), n) for n in (0, 4, 18)],
                         [date(2000, 2, 29), date(2004, 2, 29), date(2018, 3, 1)])
        self.assertEqual(age_en_annees(date(2000, 2, 29), date(1999, 1, 1)), 0)

    def test_comme_en_sql(self):
        """`age()` juge les droits en base : pour chaque jour d'une année commune et d'une bissextile, le même âge."""
        naissances = [date(2000, 2, 28), date(2000, 2, 29), date(2000, 3, 1), date(1999, 12, 31)]
        self.env.cr.execute("""
            SELECT n, j::date, date_part('year', age(j, n))::int
              FROM unnest(%s::date[]) n, generate_series(DATE '2019-01-01', DATE '2020-12-31', '1 day') j""", [naissances])
        for naissance, jour, annees in self.env.cr.fetchall():
            self.assertEqual(age_en_annees(naissance, jour), annees, (naissance, jour))
            self.assertEqual(age_en_mois(naissance, jour) // 12, annees)
