from datetime import date, datetime, timedelta

from freezegun import freeze_time

from odoo.tests import tagged

from .common import CasFormations


@tagged("post_install", "-at_install", "cnas")
class TestSituation(CasFormations):
    jour_fige = datetime(2026, 11, 21, 9)

    def situation(self, formation, jour):
        jour = date.fromisoformat(jour)
        return self.env["cnas.formation_sanitaire"]._situation_par_lot([(formation.id, jour)])[formation.id, jour]

    def test_bornes_de_la_convention(self):
        formation = self.creer_formation(convention=("2025-01-01", "2026-12-31"))
        for jour, attendu in (("2024-12-31", "aucune"), ("2025-01-01", "active"), ("2026-12-31", "active"),
                              ("2027-01-01", "aucune")):
            self.assertEqual(self.situation(formation, jour), attendu, jour)

    def test_sans_convention_activee(self):
        formation = self.creer_formation()
        self.creer_convention(formation, "2025-01-01", "2027-12-31")
        self.assertEqual(self.situation(formation, "2026-01-01"), "aucune")

    def test_convention_expiree_vaut_pour_ses_dates(self):
        formation = self.creer_formation(convention=("2024-01-01", "2025-12-31"))
        self.env["cnas.convention"]._cron_suivre()
        self.assertEqual(formation.convention_ids.state, "expiree")
        self.assertEqual(self.situation(formation, "2025-06-01"), "active")

    def test_suspension_de_la_formation(self):
        formation = self.creer_formation(convention=("2025-01-01", "2027-12-31"))
        formation.action_suspendre("Motif", "2026-10-01")
        with freeze_time("2026-12-01"):
            formation.action_reactiver()
        for jour, attendu in (("2026-09-30", "active"), ("2026-10-01", "suspendue"), ("2026-11-30", "suspendue"),
                              ("2026-12-01", "active")):
            self.assertEqual(self.situation(formation, jour), attendu, jour)

    def test_suspension_bornee_finie(self):
        """Le lendemain de son dernier jour, la tâche de nuit rend la formation active ; celle d'une autre dure encore."""
        formation, autre = (self.creer_formation(convention=("2025-01-01", "2027-12-31")) for _i in range(2))
        formation.action_suspendre("Motif", "2026-11-10", "2026-11-25")
        autre.action_suspendre("Motif", "2026-11-10")
        for jour, attendu in (("2026-11-25", "suspendue"), ("2026-11-26", "active")):
            with freeze_time(f"{jour} 02:00:00"):
                self.env["cnas.formation_sanitaire"]._cron_reprendre()
            self.assertEqual((formation.state, autre.state), (attendu, "suspendue"))
        self.assertFalse(formation.motif_suspension)

    def test_suspension_au_journal(self):
        formation = self.creer_formation(convention=("2025-01-01", "2027-12-31"))
        formation.action_suspendre("Motif", "2026-11-10")
        formation.action_reactiver()
        lignes = self.env["cnas.journal"].search([
            ("modele", "=", "cnas.suspension"), ("res_id", "=", formation.suspension_ids.id)], order="id")
        self.assertEqual(lignes.mapped("evenement"), ["creation", "modification"])
        self.assertEqual((lignes[0].apres["date_debut"], lignes[1].apres), ("2026-11-10", {"date_fin": "2026-11-20"}))

    def test_suspension_de_la_convention(self):
        formation = self.creer_formation(convention=("2025-01-01", "2027-12-31"))
        formation.convention_ids.action_suspendre("Motif", "2026-11-01")
        self.assertEqual(self.situation(formation, "2026-10-31"), "active")
        self.assertEqual(self.situation(formation, "2026-11-21"), "suspendue")
        self.assertEqual(formation.situation, "suspendue")

    def test_convention_denoncee(self):
        formation = self.creer_formation(convention=("2025-01-01", "2027-12-31"))
        formation.convention_ids.action_denoncer("Fraude", "2026-07-01")
        for jour, attendu in (("2026-06-30", "active"), ("2026-07-01", "suspendue"), ("2027-12-31", "suspendue"),
                              ("2028-01-01", "aucune")):
            self.assertEqual(self.situation(formation, jour), attendu, jour)
        self.creer_convention(formation, "2026-09-01", "2027-12-31").action_activer()
        self.assertEqual(self.situation(formation, "2026-08-31"), "suspendue")
        self.assertEqual(self.situation(formation, "2026-09-01"), "active")

    def test_formation_fermee(self):
        formation = self.creer_formation(convention=("2025-01-01", "2027-12-31"))
        formation.action_fermer("Incendie", "2026-11-10")
        self.assertEqual(self.situation(formation, "2026-11-09"), "active")
        self.assertEqual(self.situation(formation, "2026-11-10"), "aucune")

    def test_inconnue_vide_et_texte(self):
        modele = self.env["cnas.formation_sanitaire"]
        self.assertEqual(modele._situation_par_lot([]), {})
        jour = date(2026, 1, 1)
        self.assertEqual(modele._situation_par_lot([(0, jour)]), {(0, jour): "aucune"})
        formation = self.creer_formation(convention=("2025-01-01", "2027-12-31"))
        self.assertEqual(modele._situation_par_lot([(formation.id, "2026-01-01")]), {(formation.id, jour): "active"})

    def test_une_requete_quel_que_soit_le_lot(self):
        formations = [self.creer_formation(convention=("2025-01-01", "2027-12-31")).id for _i in range(5)]
        jours = [date(2025, 1, 1) + timedelta(days=i) for i in range(200)]
        self.env.flush_all()
        for taille in (2, 200):
            with self.assertQueryCount(1):
                situations = self.env["cnas.formation_sanitaire"]._situation_par_lot(
                    [(f, j) for f in formations for j in jours[:taille]])
            self.assertEqual(len(situations), 5 * taille)
            self.assertEqual(set(situations.values()), {"active"})

    def test_recherche_par_situation(self):
        sans, avec = self.creer_formation(), self.creer_formation(convention=("2025-01-01", "2027-12-31"))
        modele = self.env["cnas.formation_sanitaire"]
        self.assertIn(sans, modele.search([("situation", "=", "aucune")]))
        self.assertNotIn(avec, modele.search([("situation", "=", "aucune")]))
        self.assertIn(avec, modele.search([("situation", "in", ["active"])]))
        self.assertIn(sans, modele.search([("situation", "!=", "active")]))
