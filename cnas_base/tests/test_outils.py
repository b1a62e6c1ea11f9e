from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.cnas_base import outils

from .common import BaseCase


@tagged("post_install", "-at_install", "cnas")
class TestOutils(BaseCase):
    """Arrondi, tableurs, types de fichiers."""

    def test_arrondi_demi_superieur(self):
        for valeur, attendu in (("0.5", 1), ("1.5", 2), ("2.5", 3), ("2.4999", 2), (7, 7)):
            self.assertEqual(outils.arrondi_xaf(valeur), attendu)

    def test_sans_accent(self):
        self.assertEqual(outils.sans_accent("  Fatimé-Zara  N'Guélé "), "fatime zara n guele")

    def test_aller_retour_xlsx(self):
        contenu = outils.ecrire_xlsx(["Code", "Date début"], [["MED0001", "2026-01-01"], ["=1+1", ""]])
        lignes = outils.lire_tableau(contenu, "tarifs.xlsx")
        self.assertEqual(lignes, [
            {"code": "MED0001", "date_debut": "2026-01-01"}, {"code": "=1+1", "date_debut": None}])

    def test_csv_separateurs_et_encodages(self):
        for contenu in ("Code;Libellé\nA;Été\n".encode(), "Code,Libellé\nA,Été\n".encode("cp1252")):
            self.assertEqual(outils.lire_tableau(contenu, "x.csv"), [{"code": "A", "libelle": "Été"}])

    def test_fichiers_refuses(self):
        for contenu, nom, phrase in (
            (b"", "vide.csv", "vide"), (b"PK\x03\x04faux", "faux.xlsx", "illisible"), (b"x", "x.exe", "Format"),
            (b"a" * (outils.TAILLE_MAX_TABLEAU + 1), "gros.csv", "25 Mo"),
        ):
            with self.subTest(nom=nom), self.assertRaisesRegex(UserError, phrase):
                outils.lire_tableau(contenu, nom)

    def test_type_reel(self):
        self.assertEqual(outils.type_reel(b"%PDF-1.7 ..."), "application/pdf")
        self.assertFalse(outils.type_reel(b"MZ\x90\x00"))

    def test_cellule_sure(self):
        self.assertEqual(outils.cellule_sure("=cmd()"), "'=cmd()")
        self.assertEqual(outils.cellule_sure("Abéché"), "Abéché")
