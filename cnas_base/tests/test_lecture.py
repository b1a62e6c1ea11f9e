import io
import random
from datetime import date, datetime

from openpyxl import Workbook

from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.cnas_base.ecriture import ecrire_montant, ecrire_xlsx
from odoo.addons.cnas_base.lecture import (
    lire_bornes,
    lire_date,
    lire_date_naissance,
    lire_decimal,
    lire_entier,
    lire_montant,
    lire_motif,
    lire_tableau,
    lire_texte,
    montrer,
    sans_accent,
    type_reel,
)
from odoo.addons.cnas_base.lecture.tableau import TAILLE_MAX_TABLEAU

from .common import BaseCase

EN_TETES = {"menage": ("n_menage",), "nom": (), "prenom": ("prenoms",), "genre": ("sexe",), "telephone": ("tel",),
            "lien": ("lien_de_parente",)}
LIGNE = {"menage": "M-001", "nom": "Abakar", "prenom": "Mahamat", "genre": "M", "telephone": "66123456", "lien": "chef"}


def classeur(*feuilles, fusions=()):
    """Rend un classeur : une feuille par (titre, rangs) ; `fusions` vaut pour la dernière."""
    livre = Workbook()
    livre.remove(livre.active)
    for titre, rangs in feuilles:
        feuille = livre.create_sheet(titre)
        for rang in rangs:
            feuille.append(rang)
    for etendue in fusions:
        feuille.merge_cells(etendue)
    tampon = io.BytesIO()
    livre.save(tampon)
    return tampon.getvalue()


@tagged("post_install", "-at_install", "cnas")
class TestLecture(BaseCase):
    """Les cas de lecture du terrain : ce qu'un agent comprendrait se lit, l'ambigu se refuse en disant pourquoi."""

    def refuse(self, phrase, lire, *arguments, **options):
        with self.subTest(arguments=arguments), self.assertRaisesRegex(UserError, phrase):
            lire(*arguments, **options)

    # ------------------------------------------------------------------ dates
    def test_bornes(self):
        debut, fin = date(2026, 11, 3), date(2026, 11, 5)
        self.assertEqual(lire_bornes("2026-11-03", "2026-11-05", "la mesure"), (debut, fin))
        self.assertEqual(lire_bornes(debut, debut, "la mesure"), (debut, debut))
        for vide in (None, False, ""):
            self.assertEqual(lire_bornes(debut, vide, "la mesure"), (debut, False))
            self.assertEqual(lire_bornes(vide, None, "la mesure")[0], self.jour_fige.date())
        self.refuse("Le dernier jour de la mesure", lire_bornes, fin, debut, "la mesure")
        self.refuse("illisible", lire_bornes, debut, "demain", "la mesure")

    def test_dates(self):
        trois_novembre = date(2026, 11, 3)
        for valeur in ("3/11/2026", "03/11/2026", "03-11-2026", "2026-11-03", "3.11.2026", "2026/11/3", "3 nov. 2026",
                       "mardi 3 novembre 2026", " 03/11/2026 ", "2026-11-03 00:00:00", 46329, 46329.0, "46329",
                       trois_novembre, datetime(2026, 11, 3, 14, 30)):
            with self.subTest(valeur=valeur):
                self.assertEqual(lire_date(valeur), trois_novembre)
        self.assertEqual(lire_date("2 mars 1975"), date(1975, 3, 2))
        self.assertEqual(lire_date("1er janvier 1980"), date(1980, 1, 1))
        self.assertEqual((lire_date(27455), lire_date(46332)), (date(1975, 3, 2), date(2026, 11, 6)))
        self.assertEqual(lire_date("15 août 2026"), date(2026, 8, 15))

    def test_dates_refusees(self):
        self.refuse("siècle", lire_date, "07/11/26")
        self.refuse("siècle", lire_date, "2 mars 75")
        for valeur in ("31/02/2015", "2026-13-01", "31 juin 2026"):
            self.refuse("calendrier", lire_date, valeur)
        for valeur in ("hier", "3 jui 2026", "11/2026", "03/11-2026", 1975, "1975", True, [], {"a": 1}, 10**5000,
                       float("nan"), "2026-11-03 14:30:00", "32 mars"):
            self.refuse("illisible", lire_date, valeur)
        self.refuse("plausible", lire_date, "0026-01-01")
        self.refuse("Date d'effet manquante", lire_date, None, quoi="Date d'effet")
        self.assertIsNone(lire_date("  ", None))

    def test_dates_strictes(self):
        """Le contrat des scripts : AAAA-MM-JJ, rien d'autre ; le refus dit pourquoi quand il le sait."""
        self.assertEqual(lire_date("2026-11-03", stricte=True), date(2026, 11, 3))
        for valeur in ("3/11/2026", 46329, "46329", "2026-11-3", "2026-11-03 00:00:00", "hier", "２０２６-11-03"):
            self.refuse("AAAA-MM-JJ", lire_date, valeur, stricte=True)
        self.refuse("siècle", lire_date, "03/11/26", stricte=True)

    def test_dates_de_naissance(self):
        for valeur, attendu in {
            "vers 1975": (date(1975, 7, 1), True), "né vers 1975": (date(1975, 7, 1), True),
            "Née  vers 1975": (date(1975, 7, 1), True), "ne\u0301 vers 1975": (date(1975, 7, 1), True),
            "1975": (date(1975, 7, 1), True), 1975: (date(1975, 7, 1), True), "1975.0": (date(1975, 7, 1), True),
            "03/1975": (date(1975, 3, 1), True), "mars 1975": (date(1975, 3, 1), True),
            "vers mars 1975": (date(1975, 3, 1), True), "2 mars 1975": (date(1975, 3, 2), False),
            "né le 02/03/1975": (date(1975, 3, 2), False), "vers 02/03/1975": (date(1975, 3, 2), True),
            "1er janvier 1980": (date(1980, 1, 1), False), 27455: (date(1975, 3, 2), False),
            date(1975, 3, 2): (date(1975, 3, 2), False),
        }.items():
            with self.subTest(valeur=valeur):
                self.assertEqual(lire_date_naissance(valeur), attendu)
        for valeur, phrase in (("31/02/2015", "calendrier"), ("13/1975", "calendrier"), ("02/03/75", "siècle"),
                               ("jadis", "illisible"), ("vers", "illisible"), ("", "manquante"), (None, "manquante")):
            self.refuse(phrase, lire_date_naissance, valeur)

    # ------------------------------------------------------------------ nombres
    def test_montants(self):
        for valeur, attendu in {
            "500,00": 500, "500.0": 500, "1 500": 1500, "1\u00a0500": 1500, "1\u202f500": 1500, "30 FCFA": 30, "30 F": 30,
            "30F CFA": 30, "xaf 30": 30, "1 234 567 francs": 1234567, "1.500.000": 1500000, "1.500,00": 1500,
            "1,500.00": 1500, 1500.0: 1500, 0: 0, "0": 0,
        }.items():
            with self.subTest(valeur=valeur):
                self.assertEqual(lire_montant(valeur), attendu)
        self.assertEqual(lire_montant(ecrire_montant(1234567)), 1234567, "ce que nous écrivons, nous le lisons")
        self.assertIsNone(lire_montant("", None))

    def test_montants_refuses(self):
        for valeur in ("1.000", "1,000", "12.500 FCFA"):
            self.refuse("ambigu", lire_montant, valeur)
        for valeur in ("cher", "1 50", "12 5000", "NaN", "1e3", "--5", "", None, True, [], float("inf"), "1_000", "½"):
            self.refuse("illisible", lire_montant, valeur)
        self.refuse("centimes", lire_montant, "10,50")
        self.refuse("centimes", lire_montant, 10.5)
        self.refuse("négatif", lire_montant, -5)
        self.refuse("hors limites", lire_montant, 10**12)
        self.refuse("illisible", lire_montant, "1500", stricte=True)
        self.refuse("ambigu", lire_montant, "1.000", stricte=True)

    def test_entiers(self):
        self.assertEqual([lire_entier(v) for v in ("12", "1 000", 12.0, "-3", "20,0")], [12, 1000, 12, -3, 20])
        self.refuse("La quantité doit être un nombre entier", lire_entier, "douze", quoi="La quantité")
        self.refuse("supérieur à zéro", lire_entier, 0, minimum=1)
        self.refuse("négatif", lire_entier, -1, minimum=0)
        self.refuse("dépasse 10", lire_entier, 11, maximum=10)
        for valeur in ("1", True, None, 1.5, float("nan")):
            self.refuse("nombre entier", lire_entier, valeur, stricte=True)

    def test_decimaux(self):
        self.assertEqual([lire_decimal(v) for v in ("12,5", "45.678", " 0.42 ", 37, 9.81, "-1", "1 500,5")],
                         [12.5, 45.678, 0.42, 37, 9.81, -1, 1500.5])
        self.assertEqual(lire_decimal("", 0.0), 0.0)
        for valeur in ("abc", None, True, [], "1.2.3", float("inf")):
            self.refuse("Score illisible", lire_decimal, valeur, quoi="Score")
        self.refuse("illisible", lire_decimal, "12,5", stricte=True)

    # ------------------------------------------------------------------ textes
    def test_textes(self):
        self.assertEqual(sans_accent("  Fatimé-Zara  N'Guélé "), "fatime zara n guele")
        self.assertEqual((lire_texte(" a "), lire_texte(12), lire_texte(None)), ("a", "12", ""))
        self.refuse("texte", lire_texte, ["a"])
        self.assertEqual((lire_motif("  Erreur \x00"), lire_motif(None), lire_motif("   ")), ("Erreur", "", ""))
        self.refuse("texte", lire_motif, 12)
        self.refuse("500 caractères", lire_motif, "x" * 501)
        self.assertEqual((montrer("a\x00b"), len(montrer("x" * 99)), montrer(10**5000)), ("a?b", 40 - 2, "…"))

    def test_lectures_ne_rendent_que_des_phrases(self):
        """Quoi qu'on leur donne, une valeur ou une phrase courte, jamais une erreur Python."""
        tirage = random.Random(17)
        alphabet = "0123456789-/.,eE+ :T\x00éàmars FCFA\u202f\ud800=<>{}%"
        bizarres = [None, True, [], {}, (), b"12", 10**5000, -10**400, float("nan"), float("inf"), "٣", "½", "1_000"]
        bizarres += ["".join(tirage.choices(alphabet, k=tirage.randint(0, 14))) for _rang in range(1500)]
        for valeur in bizarres:
            for lire in (lire_date, lire_date_naissance, lire_montant, lire_entier, lire_decimal):
                try:
                    lire(valeur)
                except UserError as refus:
                    self.assertLess(len(str(refus)), 250)

    def test_type_reel(self):
        self.assertEqual(type_reel(b"%PDF-1.7 ..."), "application/pdf")
        self.assertFalse(type_reel(b"MZ\x90\x00"))

    # ------------------------------------------------------------------ tableaux
    def test_aller_retour_xlsx(self):
        contenu = ecrire_xlsx(["Code", "Date début"], [["MED0001", "2026-01-01"], ["=1+1", ""]])
        self.assertEqual(lire_tableau(contenu, "tarifs.xlsx"), [
            {"code": "MED0001", "date_debut": "2026-01-01"}, {"code": "=1+1", "date_debut": None}])

    def test_meme_ligne_dans_tous_les_fichiers(self):
        """UTF-16, `sep=;`, titres au-dessus, « Lisez-moi » d'abord : la même ligne se lit."""
        titres = ["N° ménage", "Nom", "Prénoms", "Sexe", "Tél.", "Lien de parenté"]
        valeurs = list(LIGNE.values())
        point = ";".join(titres) + "\n" + ";".join(valeurs) + "\n"
        for nom, contenu in {
            "virgule.csv": point.replace(";", ",").encode(), "tabulation.txt": point.replace(";", "\t").encode("utf-16"),
            "petit_bout.csv": point.encode("utf-16-le"), "grand_bout.csv": point.encode("utf-16-be"),
            "marque.csv": point.encode("utf-8-sig"), "windows.csv": point.encode("cp1252"),
            "sep.csv": ("sep=;\r\n" + point).encode(), "barre.csv": point.replace(";", "|").encode(),
            "titres.csv": ("Liste des ménages;;;\nAbéché, novembre 2026\n\n" + point).encode(),
            "titre_a_virgules.csv": ("Village Amra, canton Kolo, district d'Abéché\n" + point).encode(),
            "vides.csv": (point.replace("\n", "\n;;;;;\n") + ";;;;;\n").encode(),
            "simple.xlsx": classeur(("Feuille", [titres, valeurs])),
            "titres.xlsx": classeur(("Feuille", [["Liste des ménages"], ["Province", "Ouaddaï"], [], titres, valeurs])),
            "lisez_moi.xlsx": classeur(("Lisez-moi", [["Remplissez la feuille suivante."], ["Nom", "le nom de famille"]]),
                                       ("Ménages", [titres, valeurs])),
        }.items():
            with self.subTest(nom=nom):
                self.assertEqual(lire_tableau(contenu, nom, EN_TETES, ("nom", "prenom")), [LIGNE])

    def test_cellules_fusionnees_et_total(self):
        titres = ["Menage", "Nom", "Prenom", "Genre"]
        lignes = lire_tableau(classeur(("Liste", [
            ["Liste des ménages"], titres, ["M-1", "Abakar", "Ali", "M"], [None, "Adoum", "Zara", "F"], [],
            [None, "Abakar", "Issa", "M"], titres, ["M-2", "Total", "Haoua", "F"], ["TOTAL", None, None, 4],
            ["Sous-total ménage", 4]]), fusions=["A1:D1", "A3:A6"]), "liste.xlsx", EN_TETES)
        self.assertEqual([ligne["menage"] for ligne in lignes], ["M-1", "M-1", "M-1", "M-2"])
        self.assertEqual([ligne.numero for ligne in lignes], [3, 4, 6, 8], "le rang est celui du fichier")

    def test_colonnes_absentes(self):
        self.refuse("absentes : nom.*Le fichier porte : prenom, age", lire_tableau, b"Prenom;Age\nAli;3\n", "x.csv", EN_TETES,
                    ("nom", "prenom"))

    def test_csv_sans_colonnes_connues(self):
        for contenu in ("Code;Libellé\nA;Été\n".encode(), "Code,Libellé\nA,Été\n".encode("cp1252"), b"Code,Libell\xe9\nA,\xc9t\xe9"):
            self.assertEqual(lire_tableau(contenu, "x.csv"), [{"code": "A", "libelle": "Été"}])

    def test_fichiers_refuses(self):
        for contenu, nom, phrase in (
            (b"", "vide.csv", "vide"), (b"PK\x03\x04faux", "faux.xlsx", "illisible"), (b"x", "x.exe", "Format"),
            (b"a" * (TAILLE_MAX_TABLEAU + 1), "gros.csv", "25 Mo"), (b"\x00" * 50, "zero.csv", "texte"),
            (b"\xd0\xcf\x11\xe0", "ancien.xls", "ancien format"), (classeur(("Vide", [])), "vide.xlsx", "vide"),
        ):
            self.refuse(phrase, lire_tableau, contenu, nom)
