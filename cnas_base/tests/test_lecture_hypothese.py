import io
from datetime import datetime, time

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as tirer
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.cnas_base.ecriture import ecrire_xlsx
from odoo.addons.cnas_base.lecture import Tableau, lire_date, lire_date_naissance, lire_entier, lire_montant, lire_tableau

from .common import BaseCase

EN_TETES = {"nom": ("noms",), "montant": ("prix",), "date_debut": ("debut",)}
NOMS = tirer.sampled_from(["a.csv", "a.txt", "a.tsv", "a.xlsx", "a.xls", "a", "", None, "É.CSV"])
TEXTES = tirer.text(max_size=30).filter(lambda texte: not ILLEGAL_CHARACTERS_RE.search(texte))
CASES = tirer.one_of(
    tirer.none(), tirer.booleans(), TEXTES, tirer.integers(-10**12, 10**12), tirer.floats(allow_nan=False, allow_infinity=False),
    tirer.datetimes(min_value=datetime(1900, 3, 1), max_value=datetime(2200, 1, 1)), tirer.builds(time, tirer.integers(0, 23)),
    tirer.sampled_from(["Nom", "Prix", "Début", "TOTAL", "=1+1", "sep=;", "1.000", "07/11/26", "#N/A"]))
RANGS = tirer.lists(tirer.lists(CASES, max_size=5), max_size=8)
TIRAGES = settings(max_examples=60, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))


@tagged("post_install", "-at_install", "cnas")
class TestLectureHypothese(BaseCase):
    """Quoi qu'on envoie, un tableau ou une phrase : jamais une autre erreur."""

    jour_fige = None

    def lire(self, contenu, nom, obligatoires=()):
        try:
            lu = lire_tableau(contenu, nom, EN_TETES, obligatoires)
        except UserError as refus:
            self.assertTrue(str(refus).strip())
            return None
        self.assertIsInstance(lu, Tableau)
        for ligne in lu:
            self.assertGreater(ligne.numero, 0)
        return lu

    @staticmethod
    def classeur(rangs):
        livre = Workbook()
        for rang in rangs:
            livre.active.append(rang)
        tampon = io.BytesIO()
        livre.save(tampon)
        return tampon.getvalue()

    @TIRAGES
    @given(tirer.binary(max_size=400), NOMS)
    def test_octets(self, contenu, nom):
        self.lire(contenu, nom)

    @TIRAGES
    @given(tirer.text(alphabet="sep=;,\t|\"'\r\n aNompri1.0/é\x00\ufeff", max_size=80), NOMS,
           tirer.sampled_from(["utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "utf-32"]))
    def test_textes_presque_csv(self, texte, nom, encodage):
        self.lire(texte.encode(encodage), nom)

    @TIRAGES
    @given(RANGS)
    def test_classeurs(self, rangs):
        """Un classeur de cellules quelconques se lit, se récrit en rapport, et se relit."""
        lu = self.lire(self.classeur(rangs), "a.xlsx")
        if lu:
            relu = self.lire(ecrire_xlsx([*lu.titres, "Que faire"], [ligne.cases for ligne in lu]), "a.xlsx")
            self.assertIsNotNone(relu)

    @TIRAGES
    @given(tirer.lists(tirer.tuples(tirer.integers(0, 10**6), tirer.integers(0, 255)), max_size=12), tirer.integers(0, 10**6))
    def test_classeurs_abimes(self, octets, coupe):
        contenu = bytearray(self.classeur([["Nom", "Prix"], ["Ali", 500]]))
        for place, octet in octets:
            contenu[place % len(contenu)] = octet
        self.lire(bytes(contenu[:coupe % len(contenu)] if coupe % 3 == 0 else contenu), "a.xlsx", ("nom",))

    @TIRAGES
    @given(tirer.one_of(CASES, tirer.text(max_size=20), tirer.binary(max_size=5), tirer.floats(), tirer.lists(tirer.integers())))
    def test_cellules(self, valeur):
        for lire in (lire_date, lire_date_naissance, lire_montant, lire_entier):
            try:
                lire(valeur)
            except UserError as refus:
                self.assertLess(len(str(refus)), 250)
