import random

from odoo.exceptions import ValidationError
from odoo.tests.common import tagged

from odoo.addons.cnas_base.lecture import lire_date, lire_montant
from odoo.addons.cnas_referentiels.models.niveau import lire_niveau

from .common import CommunReferentiels


@tagged("post_install", "-at_install", "cnas")
class TestTarif(CommunReferentiels):
    """Le tarif d'un jour : bornes incluses, fin vide, futur, niveau, cotation, entrées fausses."""

    def test_bornes_incluses(self):
        self.tarif("2026-01-01", "2026-06-30", 1500)
        for jour, attendu in (("2025-12-31", False), ("2026-01-01", 1500), ("2026-01-02", 1500),
                              ("2026-06-29", 1500), ("2026-06-30", 1500), ("2026-07-01", False)):
            self.assertEqual(self.montant_le(jour), attendu, jour)

    def test_fin_vide_et_futur(self):
        self.tarif("2026-01-01", "2026-12-31", 1500)
        self.tarif("2027-01-01", False, 1600)
        self.assertEqual(self.montant_le("2026-12-31"), 1500)
        self.assertEqual(self.montant_le("2027-01-01"), 1600)
        self.assertEqual(self.montant_le("2199-01-01"), 1600)

    def test_forme_du_contrat(self):
        self.tarif("2026-01-01", False, 1500)
        resultat = self.Prestation.tarif_applicable(["TST-MED", "INCONNU"], "2026-11-21", 2)
        self.assertEqual(resultat, {
            "TST-MED": {"montant": 1500, "source": "config_medicament", "date_debut": "2026-01-01", "date_fin": False},
            "INCONNU": False,
        })
        self.assertIs(type(resultat["TST-MED"]["montant"]), int)

    def test_code_tel_que_recu(self):
        self.tarif("2026-01-01", False, 1500)
        self.assertEqual(list(self.Prestation.tarif_applicable([" tst-med "], "2026-11-21", 2)), [" tst-med "])
        self.assertEqual(self.montant_le("2026-11-21", code=" tst-med "), 1500)
        self.assertEqual(self.Prestation.tarif_applicable([], "2026-11-21", 2), {})

    def test_niveau_exact_puis_tous(self):
        self.tarif("2026-01-01", False, 1500)
        self.tarif("2026-01-01", "2026-06-30", 2000, niveau=3)
        self.assertEqual(self.montant_le("2026-03-01", 3), 2000)
        self.assertEqual(self.montant_le("2026-03-01", "3"), 2000)
        self.assertEqual(self.montant_le("2026-03-01", 2), 1500)
        self.assertEqual(self.montant_le("2026-03-01"), 1500)
        self.assertEqual(self.montant_le("2026-07-01", 3), 1500, "le tarif du niveau est passé")

    def test_cotation_demi_superieur(self):
        self.tarif("2026-01-01", "2026-06-30", 333, objet=self.lettre)
        self.tarif("2026-07-01", False, 341, objet=self.lettre)
        tarif = self.Prestation.tarif_applicable(["TST-ACT"], "2026-06-30", 1)["TST-ACT"]
        self.assertEqual((tarif["montant"], tarif["source"]), (833, "cotation"), "2,5 × 333 = 832,5")
        self.assertEqual(self.montant_le("2026-07-01", 1, "TST-ACT"), 853, "2,5 × 341 = 852,5")

    def test_mode_decide_de_la_source(self):
        self.tarif("2026-01-01", False, 500, objet=self.lettre)
        self.tarif("2026-01-01", False, 9000, objet=self.acte_cote)
        self.assertEqual(self.montant_le("2026-11-21", 1, "TST-ACT"), 1250, "en cotation, le forfait est ignoré")
        self.acte_cote.mode_tarif = "forfait"
        self.assertEqual(self.montant_le("2026-11-21", 1, "TST-ACT"), 9000)

    def test_prestation_archivee_garde_ses_tarifs(self):
        self.tarif("2026-01-01", False, 1500)
        self.medicament.active = False
        self.assertEqual(self.montant_le("2026-11-21"), 1500)

    def test_entrees_fausses(self):
        for codes, date, niveau in (
                (["TST-MED"], "21 novembre", 2), (["TST-MED"], "2026-02-30", 2), (["TST-MED"], 20261121, 2),
                (["TST-MED"], "2026-11-21", 5), (["TST-MED"], "2026-11-21", "deux"), ([12], "2026-11-21", 2),
                ({"a": 1}, "2026-11-21", 2)):
            with self.assertRaises(ValidationError, msg=(codes, date, niveau)):
                self.Prestation.tarif_applicable(codes, date, niveau)

    def test_saisie_fausse_d_un_tarif(self):
        for debut, montant, niveau in (
                ("2026-13-01", 10, 0), ("2026-01-01", 10, 7), ("2026-01-01", -5, 0), ("2026-01-01", 10.5, 0),
                ("2026-01-01", "NaN", 0), ("2026-01-01", "cher", 0), ("2026-01-01", 10**12, 0), ("0026-01-01", 10, 0)):
            with self.assertRaises(ValidationError, msg=(debut, montant, niveau)), self.cr.savepoint():
                self.tarif(debut, False, montant, niveau)
        self.assertEqual(self.tarif("2026-01-01", False, "1 500 FCFA").montant, 1500)

    def test_lectures_ne_rendent_que_des_phrases(self):
        """Quoi qu'on leur donne, les lectures rendent une valeur ou une phrase claire, jamais une erreur Python."""
        tirage = random.Random(17)
        alphabet = "0123456789-/.,eE+ :T\x00éà\u202f\ud800=<>{}NaN"
        bizarres = [None, True, False, [], {}, (), b"12", 10**5000, -10**400, float("nan"), float("inf"), "٣", "½", "1_000"]
        bizarres += ["".join(tirage.choices(alphabet, k=tirage.randint(0, 14))) for _rang in range(800)]
        for valeur in bizarres:
            for lire in (lire_date, lire_montant, lire_niveau):
                try:
                    lire(valeur)
                except ValidationError as erreur:
                    self.assertLess(len(erreur.args[0]), 200)
        textes = [v for v in bizarres if isinstance(v, str)]
        self.assertEqual(len(self.Prestation.tarif_applicable(textes, "2026-11-21", 1)), len(set(textes)))

    def test_titre_parlant(self):
        tarif = self.tarif("2019-01-01", "2026-04-09", 1500)
        self.assertEqual(tarif.display_name, "Doliprane — 1\u00a0500\u00a0FCFA du 01/01/2019 au 09/04/2026")
        tarif.date_fin = False
        self.assertEqual(tarif.display_name, "Doliprane — 1\u00a0500\u00a0FCFA à partir du 01/01/2019")

    def test_fiche(self):
        self.tarif("2026-01-01", "2199-12-31", 1500)
        self.tarif("2200-01-01", False, 1600)
        self.assertEqual(self.medicament.tarif_jour, 1500)
        self.assertEqual((self.medicament.tarif_prochain, self.medicament.tarif_prochain_date.year), (1600, 2200))
        self.assertIn("1\u00a0600\u00a0FCFA", self.medicament.frise)
        self.assertEqual(len(self.medicament.tarif_ids), 2)
