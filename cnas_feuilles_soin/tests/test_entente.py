from datetime import timedelta

from freezegun import freeze_time
from lxml import etree

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .commun_feuille import CommunFeuille


@tagged("post_install", "-at_install", "cnas")
class TestEntente(CommunFeuille):

    def _demande(self, **autres):
        return self.env["cnas.entente_prealable"].with_user(self.agent).create({
            "assure_id": self.assure.id, "formation_id": self.formation.id,
            "prestation_id": self.acte.prestation_id.id, "quantite_demandee": 3, "montant_demande": 30000,
            "pathologie_id": self.palu.id, **autres})

    def _accordee(self, **autres):
        entente = self._demande().with_user(self.medecin)
        entente.action_examiner()
        entente.action_accorder(**autres)
        return entente

    def test_demande(self):
        entente = self._demande()
        self.assertRegex(entente.numero, r"^EP-\d{4}-\d{6}$")
        self.assertEqual(entente.date_limite - entente.date_demande, timedelta(hours=48))
        urgente = self._demande(urgence=True)
        self.assertEqual(urgente.date_limite - urgente.date_demande, timedelta(hours=2))
        self.assertEqual(entente.sudo().pathologie_id, self.palu)
        with self.assertRaises(AccessError):
            entente.read(["pathologie_id"])

    def test_urgents_en_tete_puis_les_plus_anciens(self):
        for genre in ("tree", "kanban"):
            arch = etree.fromstring(self.env["cnas.entente_prealable"].get_view(view_type=genre)["arch"])
            self.assertEqual(arch.get("default_order"), "urgence desc, date_demande, id")

    def test_accord(self):
        entente = self._demande()
        with self.assertRaises(AccessError):
            entente.action_examiner()
        with self.assertRaises(AccessError):
            entente.with_user(self.controleur).action_accorder()
        medecin = entente.with_user(self.medecin)
        with self.assertRaises(UserError):
            medecin.action_accorder()
        medecin.action_examiner()
        for mauvais in ({"quantite": 0}, {"quantite": 4}, {"montant": 40000}, {"montant": -1}, {"quantite": "2"},
                        {"date_debut": "demain"}, {"date_debut": "2026-12-01", "date_fin": "2026-11-01"},
                        {"quantite": 2}):
            with self.subTest(mauvais=mauvais), self.assertRaises(UserError):
                medecin.action_accorder(**mauvais)
        medecin.action_accorder(2, 20000, motif="Deux séances suffisent")
        self.assertEqual((entente.state, entente.quantite_accordee, entente.montant_accorde), ("accordee", 2, 20000))
        self.assertEqual((entente.date_fin - entente.date_debut).days, 90)
        self.assertEqual(entente.medecin_id, self.medecin)

    def test_gardes(self):
        for valeurs in ({"state": "accordee"}, {"quantite_accordee": 3}, {"numero": "EP-X"}):
            with self.subTest(valeurs=valeurs), self.assertRaises(UserError):
                self._demande(**valeurs)
        entente = self._accordee()
        for valeurs in ({"quantite_accordee": 99}, {"date_fin": "2099-01-01"}, {"quantite_demandee": 9},
                        {"state": "demandee"}):
            with self.subTest(valeurs=valeurs), self.assertRaises(UserError):
                entente.write(valeurs)
        with self.assertRaises(AccessError):
            entente.with_user(self.agent).unlink()

    def test_refus(self):
        entente = self._demande().with_user(self.medecin)
        self.assertEqual(entente.action_refuser()["res_model"], "cnas.motif.wizard")
        entente.action_refuser("Indication absente")
        self.assertEqual((entente.state, entente.motif_decision), ("refusee", "Indication absente"))
        with self.assertRaises(UserError):
            entente.action_examiner()

    def test_imputation(self):
        entente = self._accordee()
        ligne = [{"prestation": "T-ACT-1", "quantite": 2, "prix_unitaire": 1500}]
        feuille = self.deposee("E-1", entente=entente.numero, lignes=ligne)
        self.assertEqual(feuille.entente_id, entente)
        entente.invalidate_recordset()
        self.assertEqual((entente.quantite_imputee, entente.quantite_restante), (2, 1))
        feuille.with_user(self.agent).action_annuler("Erreur")
        entente.invalidate_recordset()
        self.assertEqual(entente.quantite_restante, 3)

    def test_expiration(self):
        entente = self._accordee(date_fin=fields.Date.to_string(fields.Date.context_today(self.env.user) + timedelta(days=10)))
        modele = self.env["cnas.entente_prealable"]
        with freeze_time(fields.Datetime.now() + timedelta(days=10)):
            modele._expirer()
        self.assertEqual(entente.state, "accordee")
        with freeze_time(fields.Datetime.now() + timedelta(days=11)):
            modele._expirer()
        self.assertEqual(entente.state, "expiree")

    def test_retard(self):
        entente = self._demande()
        self.assertFalse(entente.en_retard)
        with freeze_time(fields.Datetime.now() + timedelta(hours=49)):
            entente.invalidate_recordset(["en_retard"])
            self.assertTrue(entente.en_retard)
            self.assertIn(entente, self.env["cnas.entente_prealable"].search([("en_retard", "=", True)]))
