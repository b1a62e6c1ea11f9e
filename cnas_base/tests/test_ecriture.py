import io
from datetime import date, datetime

from openpyxl import load_workbook

from odoo.tests import tagged

from odoo.addons.cnas_base.arrondi import arrondi_xaf
from odoo.addons.cnas_base.ecriture import (
    cellule_sure,
    ecrire_csv,
    ecrire_date,
    ecrire_debut,
    ecrire_mois,
    ecrire_montant,
    ecrire_nombre,
    ecrire_quantite,
    ecrire_xlsx,
)

from .common import BaseCase


@tagged("post_install", "-at_install", "cnas")
class TestEcriture(BaseCase):
    """Un seul séparateur de milliers, une seule date, des tableurs sans formule."""

    def test_arrondi_demi_superieur(self):
        for valeur, attendu in (("0.5", 1), ("1.5", 2), ("2.5", 3), ("2.4999", 2), (7, 7)):
            self.assertEqual(arrondi_xaf(valeur), attendu)

    def test_nombres(self):
        self.assertEqual(ecrire_nombre(1234567), "1\u00a0234\u00a0567")
        self.assertEqual(ecrire_nombre(-1500.0), "-1\u00a0500")
        self.assertEqual((ecrire_nombre(False), ecrire_nombre(None)), ("0", "0"))
        self.assertEqual(ecrire_montant(1500), "1\u00a0500\u00a0FCFA")
        self.assertEqual((ecrire_quantite(2.0), ecrire_quantite(2.5)), ("2", "2,5"))

    def test_debut_d_une_liste(self):
        self.assertEqual(ecrire_debut(["a", "b"], 2, ", "), "a, b")
        self.assertEqual(ecrire_debut(["a", "b", "c"], 2), "a\nb\n… et 1 autres")
        self.assertEqual(ecrire_debut([], 2), "")

    def test_dates(self):
        self.assertEqual(ecrire_date(date(2026, 11, 3)), "03/11/2026")
        self.assertEqual(ecrire_date(datetime(2026, 11, 3, 23, 30)), "03/11/2026")
        self.assertEqual((ecrire_date(False), ecrire_date(None, "")), ("—", ""))
        self.assertEqual((ecrire_mois(date(2026, 8, 1)), ecrire_mois(False)), ("août 2026", ""))
        trimestre = date(2026, 10, 1), date(2026, 12, 31)
        self.assertEqual((ecrire_mois(*trimestre), ecrire_mois(*trimestre, "ar"), ecrire_mois(date(2026, 8, 1), date(2026, 8, 31))),
                         ("octobre – décembre 2026", "أكتوبر – ديسمبر، 2026", "août 2026"))

    def test_csv(self):
        contenu = ecrire_csv(["Nom", "Montant"], [("=cmd()", -5), ("Abéché", None)])
        self.assertEqual(contenu.decode("utf-8-sig"), "Nom;Montant\r\n'=cmd();-5\r\nAbéché;\r\n")
        self.assertTrue(contenu.startswith(b"\xef\xbb\xbf"))

    def test_xlsx_sans_formule(self):
        feuille = load_workbook(io.BytesIO(ecrire_xlsx(["Nom", "Né le"], [("=1+1", date(1975, 3, 2))]))).active
        self.assertEqual((feuille["A2"].value, feuille["A2"].data_type), ("=1+1", "s"))
        self.assertEqual(feuille["B2"].value, datetime(1975, 3, 2))

    def test_cellule_sure(self):
        self.assertEqual(cellule_sure("=cmd()"), "'=cmd()")
        self.assertEqual(cellule_sure("Abéché"), "Abéché")
