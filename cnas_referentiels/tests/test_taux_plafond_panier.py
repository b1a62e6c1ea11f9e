from datetime import date

from psycopg2 import IntegrityError

from odoo.tests.common import tagged
from odoo.tools import mute_logger

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
        demande = (self.regime.id, type_prestation, nature, jour)
        return self.env["cnas.taux"]._taux_par_lot([demande])[demande]

    def test_du_plus_precis_au_plus_general(self):
        self.assertIs(self._lire("acte", "ordinaire"), False)
        self._taux(50)
        self._taux(60, type_prestation="medicament")
        self._taux(90, nature="maternite")
        self._taux(95, nature="maternite", type_prestation="examen")
        self.assertEqual(self._lire("acte", "ordinaire"), 50)
        self.assertEqual(self._lire("medicament", "ordinaire"), 60)
        self.assertEqual(self._lire("medicament", "maternite"), 90, "la nature l'emporte sur le type")
        self.assertEqual(self._lire("examen", "maternite"), 95)
        self.assertEqual(self._lire(False, False), 50)

    def test_taux_date(self):
        self._taux(50, date_fin="2026-06-30")
        self._taux(55, date_debut="2026-07-01")
        self.assertEqual(self._lire("acte", "ordinaire", date(2026, 6, 30)), 50)
        self.assertEqual(self._lire("acte", "ordinaire", date(2026, 7, 1)), 55)
        self.assertIs(self._lire("acte", "ordinaire", date(2025, 12, 31)), False)

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
        demande = (self.regime.id, JOUR)
        plafonds = self.env["cnas.plafond"]._plafonds_par_lot([demande, (self.regime.id, date(2025, 1, 1))])
        self.assertEqual([(p["categorie"], p["montant_max"], p["nombre_max"]) for p in plafonds[demande]],
                         [(False, 1000, 0), ("consultation", 0, 3)])
        self.assertEqual(plafonds[self.regime.id, date(2025, 1, 1)], [])
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"), self.cr.savepoint():
            self.env["cnas.plafond"].create({**valeurs, "portee": "famille"})

    def test_panier(self):
        def couvert(prestation, jour=JOUR):
            demande = (self.regime.id, prestation.id, jour)
            return self.env["cnas.panier_soin"]._couverts_par_lot([demande])[demande]
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
            demandes = {code: (amed, ident, JOUR) for code, ident in ids.items()}
            reponse = self.env["cnas.panier_soin"]._couverts_par_lot(list(demandes.values()))
            return [reponse[demandes[code]] for code in codes]
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
