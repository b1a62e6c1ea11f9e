from datetime import date

from odoo.tests import tagged

from odoo.addons.cnas_base.faits import Fait, tableau, tableau_de_textes

from .common import TransactionCase


class Point(Fait):
    __slots__ = ("x", "y")


@tagged("post_install", "-at_install", "cnas")
class TestFaits(TransactionCase):
    """Des colonnes entières vont à la base et en reviennent, quoi qu'elles portent."""

    def aller_retour(self, genre, texte):
        self.env.cr.execute(f"SELECT unnest(%s::{genre}[])", [texte])
        return [valeur for (valeur,) in self.env.cr.fetchall()]

    def test_nombres_jours_et_vides(self):
        for genre, valeurs in (("int", [3, None, -7]), ("bool", [True, None, False]), ("date", [date(2026, 1, 31), None]), ("bigint", [10 ** 12]), ("int", [])):
            with self.subTest(genre=genre):
                self.assertEqual(self.aller_retour(genre, tableau(valeurs)), valeurs)

    def test_textes(self):
        valeurs = ["N'Djaména", 'dit « "Abba" »', "a\\b", "{x,y}", "", "NULL", None, "ligne\nautre", "نجامينا", "100 % %s"]
        self.assertEqual(self.aller_retour("text", tableau_de_textes(valeurs)), valeurs)

    def test_faits_lus_par_nom(self):
        """L'ordre des colonnes n'y fait rien."""
        for requete in ("SELECT 'bas' AS y, 4 AS x", "SELECT 4 AS x, 'bas' AS y"):
            point, = Point.lire(self.env.cr, requete)
            self.assertEqual((point.x, point.y), (4, "bas"))

    def test_une_seule_colonne(self):
        point, = Point.lire(self.env.cr, "SELECT 4 AS x")
        self.assertEqual(point.x, 4)

    def test_une_colonne_inconnue_est_une_erreur(self):
        with self.assertRaises(AttributeError):
            Point.lire(self.env.cr, "SELECT 1 AS z")
