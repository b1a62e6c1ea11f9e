from datetime import date

from psycopg2 import IntegrityError

from odoo.tests.common import tagged
from odoo.tools import mute_logger

from ..bareme import Bareme
from .common import JOUR, CommunReferentiels


@tagged("post_install", "-at_install", "cnas")
class TestTauxPlafondPanier(CommunReferentiels):
    """Barèmes datés d'un régime : taux du plus précis au plus général, plafonds, panier, tables d'appui."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.regime = cls.env["cnas.regime"].create({"numero": 9, "code": "TST", "name": "Régime d'essai"})

    def _taux(self, taux, **valeurs):
        return self.env["cnas.taux"].create(
            {"regime_id": self.regime.id, "taux": taux, "date_debut": "2026-01-01", **valeurs})

    def _lire(self, type_prestation, nature, jour=JOUR):
        taux = Bareme(self.env, []).taux(self.regime.id, type_prestation, nature, jour)
        return taux and taux / 100

    def test_du_plus_precis_au_plus_general(self):
        self.assertIsNone(self._lire("acte", "ordinaire"))
        self._taux(50)
        self._taux(60, type_prestation="medicament")
        self._taux(90, nature="maternite")
        self._taux(95, nature="maternite", type_prestation="examen")
        self.assertEqual(self._lire("acte", "ordinaire"), 50)
        self.assertEqual(self._lire("medicament", "ordinaire"), 60)
        self.assertEqual(self._lire("medicament", "maternite"), 90, "la nature l'emporte sur le type")
        self.assertEqual(self._lire("examen", "maternite"), 95)
        self.assertEqual(self._lire(None, None), 50)

    def test_taux_date(self):
        self._taux(50, date_fin="2026-06-30")
        self._taux(55, date_debut="2026-07-01")
        self.assertEqual(self._lire("acte", "ordinaire", date(2026, 6, 30)), 50)
        self.assertEqual(self._lire("acte", "ordinaire", date(2026, 7, 1)), 55)
        self.assertIsNone(self._lire("acte", "ordinaire", date(2025, 12, 31)))

    def test_taux_hors_bornes_ou_en_double(self):
        for taux in (-1, 100.5):
            with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"), self.cr.savepoint():
                self._taux(taux)
        self._taux(50)
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"), self.cr.savepoint():
            self._taux(60)

    def test_plafonds(self):
        valeurs = {"regime_id": self.regime.id, "date_debut": "2026-01-01"}
        self.env["cnas.plafond"].create([
            {**valeurs, "montant_max": 1000}, {**valeurs, "categorie": "consultation", "nombre_max": 3}])
        bareme = Bareme(self.env, [])
        self.assertEqual([(p.categorie, p.montant_max, p.nombre_max) for p in bareme.plafonds_de(self.regime.id, JOUR)],
                         [(None, 1000, 0), ("consultation", 0, 3)])
        self.assertEqual(bareme.plafonds_de(self.regime.id, date(2025, 12, 31)), [])
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"), self.cr.savepoint():
            self.env["cnas.plafond"].create({**valeurs, "portee": "famille"})

    def test_majoration_par_membre(self):
        """Au-delà des membres compris, chaque membre ajoute ; le supplément a sa borne ; sans montant, pas de majoration."""
        plafond = self.env["cnas.plafond"].create({
            "regime_id": self.regime.id, "date_debut": "2026-01-01", "portee": "famille", "montant_max": 2000,
            "majoration_membre": 500, "seuil_membres": 2})

        def maximums():
            lu = Bareme(self.env, []).plafonds_de(self.regime.id, JOUR)[0]
            return [lu.maximum(membres) for membres in (1, 2, 3, 5)]
        self.assertEqual(maximums(), [2000, 2000, 2500, 3500])
        plafond.majoration_max = 700
        self.assertEqual(maximums(), [2000, 2000, 2500, 2700])
        for vals in ({"montant_max": 0, "nombre_max": 3}, {"majoration_membre": -1}, {"majoration_max": -1},
                     {"seuil_membres": -1}):
            with self.subTest(vals=vals), self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"), \
                    self.cr.savepoint():
                plafond.write(vals)
                self.env.flush_all()

    def test_panier(self):
        def couvert(prestation, jour=JOUR):
            return Bareme(self.env, prestation.ids).au_panier(self.regime.id, prestation.id, jour)
        medicament, acte = self.medicament.prestation_id, self.acte.prestation_id
        self.assertFalse(couvert(medicament))
        valeurs = {"regime_id": self.regime.id, "date_debut": "2026-01-01"}
        self.env["cnas.panier_soin"].create([
            {**valeurs, "type_prestation": "medicament"}, {**valeurs, "prestation_id": acte.id, "date_fin": "2026-06-30"}])
        self.assertTrue(couvert(medicament))
        self.assertTrue(couvert(acte, date(2026, 6, 30)))
        self.assertFalse(couvert(acte, date(2026, 7, 1)))
        self.assertFalse(couvert(self.acte_cote.prestation_id))
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"), self.cr.savepoint():
            self.env["cnas.panier_soin"].create(
                {**valeurs, "prestation_id": acte.id, "type_prestation": "acte", "date_debut": "2027-01-01"})

    def test_panier_amed_livre(self):
        amed = self.env.ref("cnas_base.regime_amed").id
        def couverts(*codes):
            ids = self.Prestation._prestations_par_code(codes)
            bareme = Bareme(self.env, ids.values())
            return [bareme.au_panier(amed, ids[code], JOUR) for code in codes]
        self.assertEqual(couverts("ACT0002", "ACT0007", "ACT0046", "ACT0049", "MED0001", "EXA0014"), [True] * 6)
        self.assertEqual(couverts("ACT0069", "MED0188", "EXA0080"), [False] * 3)

    def test_incompatibilite_sans_ordre(self):
        une, autre = sorted((self.acte.prestation_id.id, self.acte_cote.prestation_id.id))
        couple = self.env["cnas.incompatibilite"].create(
            {"prestation_1_id": autre, "prestation_2_id": une, "date_debut": "2026-01-01"})
        self.assertEqual((couple.prestation_1_id.id, couple.prestation_2_id.id), (une, autre))
        self.assertEqual(self.acte.incompatibilite_ids, couple)
        self.assertEqual(self.acte_cote.incompatibilite_ids, couple)
        for vals in ({"prestation_1_id": une, "prestation_2_id": autre}, {"prestation_1_id": une, "prestation_2_id": une}):
            with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"), self.cr.savepoint():
                self.env["cnas.incompatibilite"].create({**vals, "date_debut": "2026-05-01"})
