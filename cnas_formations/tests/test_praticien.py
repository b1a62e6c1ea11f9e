from datetime import date, datetime

from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import CasFormations


@tagged("post_install", "-at_install", "cnas")
class TestPraticien(CasFormations):
    jour_fige = datetime(2026, 11, 21, 9)

    def creer(self, numero="ONMT-9001", **valeurs):
        return self.en_tant_que("agent", self.env["cnas.praticien"]).create(
            {"name": "Dr Essai", "numero_ordre": numero, **valeurs})

    @mute_logger("odoo.sql_db")
    def test_numero_d_ordre_unique_et_normalise(self):
        self.assertEqual(self.creer(" onmt-9001 ").numero_ordre, "ONMT-9001")
        with self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self.creer("ONMT-9001")
        with self.assertRaises(ValidationError), self.env.cr.savepoint():
            self.creer("<script>")

    def test_formation_ids_suit_les_affectations(self):
        ancienne, actuelle = self.creer_formation(), self.creer_formation()
        praticien = self.creer(affectation_ids=[
            Command.create({"formation_id": ancienne.id, "date_debut": "2024-01-01", "date_fin": "2025-12-31"}),
            Command.create({"formation_id": actuelle.id, "date_debut": "2026-01-01"}),
        ])
        self.assertEqual(praticien.formation_ids, actuelle)
        praticiens = self.env["cnas.praticien"]
        self.assertIn(praticien, praticiens.search([("formation_ids", "in", actuelle.ids)]))
        self.assertIn(praticien, praticiens.search([("formation_ids", "=", actuelle.id)]))
        self.assertNotIn(praticien, praticiens.search([("formation_ids", "in", ancienne.ids)]))
        self.assertIn(praticien, praticiens.search([("formation_ids", "not in", ancienne.ids)]))
        self.assertIn(praticien, praticiens.search([("formation_ids", "!=", False)]))
        self.assertNotIn(praticien, praticiens.search([("formation_ids", "=", False)]))
        self.assertIn(praticien, praticiens.search([("formation_ids.code", "=", actuelle.code)]))

    def test_ecrire_formation_ids(self):
        premiere, seconde = self.creer_formation(), self.creer_formation()
        praticien = self.creer(formation_ids=[Command.set(premiere.ids)])
        self.assertRecordValues(praticien.affectation_ids, [
            {"formation_id": premiere.id, "date_debut": date(2026, 11, 21), "date_fin": False}])
        praticien.affectation_ids.date_debut = "2026-01-01"
        praticien.formation_ids = [Command.set(seconde.ids)]
        self.assertEqual(praticien.formation_ids, seconde)
        self.assertEqual(
            praticien.affectation_ids.filtered(lambda a: a.formation_id == premiere).date_fin, date(2026, 11, 20))

    @mute_logger("odoo.sql_db")
    def test_affectations_sans_chevauchement(self):
        formation = self.creer_formation()
        praticien = self.creer(formation_ids=[Command.set(formation.ids)])
        with self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self.env["cnas.affectation"].create(
                {"praticien_id": praticien.id, "formation_id": formation.id, "date_debut": "2026-11-30"})

    def test_radiation(self):
        praticien = self.creer(affectation_ids=[
            Command.create({"formation_id": self.creer_formation().id, "date_debut": "2025-01-01"})])
        with self.assertRaises(AccessError):
            praticien.action_radier("Faute")
        with self.assertRaises(UserError):
            praticien.write({"state": "radie"})
        superviseur = self.en_tant_que("superviseur", praticien)
        self.assertEqual(superviseur.action_radier()["res_model"], "cnas.motif.wizard")
        with self.assertRaises(UserError):
            superviseur.action_radier("Faute", "2027-01-01")
        superviseur.action_radier("Faute", "2026-06-01")
        self.assertRecordValues(praticien, [
            {"state": "radie", "date_radiation": date(2026, 6, 1), "motif_radiation": "Faute"}])
        self.assertEqual(praticien.affectation_ids.date_fin, date(2026, 5, 31))
        self.assertFalse(praticien.formation_ids)
        superviseur.action_reinscrire()
        self.assertRecordValues(praticien, [{"state": "actif", "date_radiation": False}])
