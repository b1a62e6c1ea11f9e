import base64
import io

from openpyxl import load_workbook

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .commun import CommunCompta


@tagged("post_install", "-at_install", "cnas")
class TestEtats(CommunCompta):
    """Les états se lisent, s'équilibrent et s'écrivent, en classeur et en PDF."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.etats = cls.env["cnas.etat_comptable.wizard"].with_user(cls.comptable)

    def lire(self, etat, **options):
        return self.etats.lire(etat, "2026-11-01", "2026-11-25", **options)

    def test_les_quatre(self):
        facture = self.payee()
        self.comptabilite.comptabiliser()
        balance = self.lire("balance")["lignes"]
        total = balance[-1]
        self.assertEqual((total[3], total[5]), (total[4], total[6]), "débits = crédits, soldes débiteurs = créditeurs")
        journal = self.lire("journal")["lignes"]
        self.assertEqual(journal[-1][5], journal[-1][6])
        self.assertEqual(journal[-1][5], total[3])
        livre = self.lire("grand_livre", prefixe="52111")["lignes"]
        self.assertEqual(livre[-1][6], livre[0][6] + sum(r[4] - r[5] for r in livre), "à nouveau + mouvements = solde")
        tableau = {r[0] or r[1]: r for r in self.lire("emplois_ressources")["lignes"]}
        self.assertGreaterEqual(tableau["EMPLOIS"][2], int(facture.montant_cnas))

    def test_a_nouveau(self):
        with self.il_y_a(40):
            facture = self.validee()
        self.comptabilite.comptabiliser()
        rang = next(r for r in self.lire("balance", prefixe="40111")["lignes"] if r[0] == "401110")
        self.assertLessEqual(rang[2], -int(facture.net_a_payer))
        self.assertEqual(rang[2] + rang[3] - rang[4], rang[5] - rang[6])

    def test_l_intitule_se_lit_dans_la_langue_de_l_etat(self):
        self.validee()
        self.comptabilite.comptabiliser()
        self.env["res.lang"]._activate_lang("ar_001")

        def noms(langue):
            lus = self.etats.with_context(lang=langue).lire("balance", "2026-11-01", "2026-11-25")["lignes"]
            return {code: nom for code, nom, *_reste in lus[:-1]}
        avant = noms("fr_FR")
        self.env["cnas.plan_comptes"]._par_code(["401110"])["401110"].update_field_translations("name", {"ar_001": "مقدمو العلاج"})
        self.assertEqual(noms("fr_FR"), avant)
        self.assertEqual(noms("ar_001"), {**avant, "401110": "مقدمو العلاج"}, "sans traduction, le français")

    def test_fichiers(self):
        self.validee()
        self.comptabilite.comptabiliser()
        for etat in ("balance", "grand_livre", "journal", "emplois_ressources"):
            wizard = self.etats.create({"etat": etat, "avec_cipres": True})
            wizard.action_pdf()
            self.assertTrue(base64.b64decode(wizard.fichier).startswith(b"%PDF"))
            wizard.action_xlsx()
            feuille = load_workbook(io.BytesIO(base64.b64decode(wizard.fichier))).active
            self.assertGreater(feuille.max_row, 2)
            self.assertTrue(wizard.nom_fichier.endswith(".xlsx"))

    def test_refus(self):
        with self.assertRaisesRegex(UserError, "doit suivre"):
            self.etats.lire("balance", "2026-11-25", "2026-11-01")
        with self.assertRaises(AccessError):
            self.etats.with_user(self.agent).lire("balance", "2026-11-01", "2026-11-25")

    def test_requetes_constantes(self):
        self.validee()
        self.comptabilite.comptabiliser()
        peu = self.requetes(lambda: self.lire("grand_livre"))
        for _rang in range(2):
            self.validee()
        self.comptabilite.comptabiliser()
        self.assertLessEqual(self.requetes(lambda: self.lire("grand_livre")), peu)
