from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common import TransactionCase


@tagged("post_install", "-at_install", "cnas")
class TestTelephone(TransactionCase):
    """Téléphones du Tchad et d'ailleurs : acceptés, mis en forme, refusés."""

    def _formater(self, texte, **options):
        return self.env["cnas.coordonnees.mixin"]._formater_telephone(texte, **options)

    def test_accepte(self):
        cas = {
            "66123456": "+235 66 12 34 56",
            "00235 99 88 77 66": "+235 99 88 77 66",
            "+235-22-50-12-34": "+235 22 50 12 34",
            "+237 677 12 34 56": "+237 6 77 12 34 56",
        }
        for saisie, attendu in cas.items():
            with self.subTest(saisie=saisie):
                self.assertEqual(self._formater(saisie), attendu)

    def test_refuse(self):
        for saisie in ("6612345", "55123456", "abc", "+235 00 00 00 00", "<script>"):
            with self.subTest(saisie=saisie), self.assertRaisesRegex(ValidationError, "téléphone"):
                self._formater(saisie)

    def test_saisie_en_cours_gardee(self):
        self.assertEqual(self._formater("661", tolerant=True), "661")


@tagged("post_install", "-at_install", "cnas")
class TestMatricule(TransactionCase):
    """La clé ISO 7064 mod 97-10 voit toute faute d'un chiffre et toute inversion."""

    def setUp(self):
        super().setUp()
        self.mixin = self.env["cnas.matricule.mixin"]

    def test_cle(self):
        juste = self.mixin._composer_matricule({}, "TD3260000123")
        self.assertTrue(self.mixin._cle_valide(juste))
        for position, signe in enumerate(juste):
            faux = juste[:position] + ("1" if signe != "1" else "2") + juste[position + 1:]
            with self.subTest(faux=faux):
                self.assertFalse(self.mixin._cle_valide(faux))

    def test_normaliser(self):
        self.assertEqual(self.mixin._normaliser_matricule(" td3-26.00 01 "), "TD3260001")
        self.assertFalse(self.mixin._cle_valide(""))
        self.assertFalse(self.mixin._cle_valide("é" * 10))
