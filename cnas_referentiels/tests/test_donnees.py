from datetime import date

from odoo.tests import tagged

from odoo.addons.cnas_base.tests.common import TransactionCase

from ..bareme import Bareme


@tagged("post_install", "-at_install", "cnas")
class TestDonnees(TransactionCase):
    """Les référentiels livrés sont complets et tarifés, même sans démonstration."""

    def test_nombres_livres(self):
        attendus = {"specialite": 36, "medicament": 190, "pathologie": 200, "acte": 82, "examen": 80, "consommable": 53}
        for nom, nombre in attendus.items():
            livres = self.env["ir.model.data"].search_count(
                [("module", "=", "cnas_referentiels"), ("model", "=", f"cnas.{nom}")])
            self.assertEqual(livres, nombre, nom)

    def test_codes_et_conversions(self):
        cesarienne = self.env.ref("cnas_referentiels.acte_act0049")
        self.assertEqual(
            (cesarienne.code, cesarienne.niveau_min, cesarienne.sexe, cesarienne.age_min, cesarienne.age_max),
            ("ACT0049", 2, "feminin", 10, 55))
        self.assertEqual(cesarienne.categorie, "accouchement")
        reanimation = self.env.ref("cnas_referentiels.acte_act0063")
        self.assertEqual((reanimation.age_min, reanimation.age_max), (0, 0), "0-0 : le nouveau-né seulement")
        paracetamol = self.env.ref("cnas_referentiels.medicament_med0001")
        self.assertEqual((paracetamol.code, paracetamol.dci, paracetamol.categorie, paracetamol.generique),
                         ("MED0001", "Paracétamol", "medicament", True))
        self.assertTrue(self.env.ref("cnas_referentiels.pathologie_i10").ald)
        self.assertTrue(self.env.ref("cnas_referentiels.pathologie_z34_9").maternite)

    def test_chaque_prestation_a_un_tarif_aux_trois_periodes(self):
        codes = [f"{prefixe}{rang:04d}" for prefixe, nombre in (("MED", 190), ("ACT", 82), ("EXA", 80), ("CON", 53))
                 for rang in range(1, nombre + 1)]
        for jour, fin in (("2025-06-01", "2025-12-31"), ("2026-11-21", "2026-12-31"), ("2027-01-01", False)):
            tarifs = self.env["cnas.prestation"].tarif_applicable(codes, jour, 2)
            self.assertFalse([code for code, tarif in tarifs.items() if not tarif], jour)
            self.assertEqual({tarif["date_fin"] for tarif in tarifs.values()}, {fin})

    def test_taux_livres(self):
        for regime, nature, attendu in (
                ("ass", "ordinaire", 80), ("asi", "ordinaire", 70), ("amed", "ordinaire", 100),
                ("ass", "maternite", 100), ("asi", "enfant", 100), ("amed", "ald", 100)):
            taux = Bareme(self.env, []).taux(
                self.env.ref(f"cnas_base.regime_{regime}").id, "acte", nature, date(2026, 11, 21))
            self.assertEqual(taux, attendu * 100)

    def test_rejouer_le_chargement_ne_cree_rien(self):
        avant = self.env["cnas.tarif"].search_count([]), self.env["cnas.panier_soin"].search_count([])
        self.env.ref("cnas_referentiels.medicament_med0001").name = "Nom changé par la caisse"
        self.env["cnas.chargement"]._charger()
        self.assertEqual(
            (self.env["cnas.tarif"].search_count([]), self.env["cnas.panier_soin"].search_count([])), avant)
        self.assertEqual(self.env.ref("cnas_referentiels.medicament_med0001").name, "Nom changé par la caisse")
