import datetime

from freezegun import freeze_time
from psycopg2.errors import ExclusionViolation

from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.cnas_base.tests.pdf import texte_pdf

from .commun import CasEmployeur


@tagged("post_install", "-at_install", "cnas")
class TestEmploi(CasEmployeur):
    """Un employeur à la fois ; l'histoire reste."""

    def test_ecrire_l_employeur_tient_l_histoire(self):
        assure = self.assures[0]
        assure.write({"employeur_id": self.employeur.id, "date_embauche": "2026-02-01"})
        autre = self.employeurs.create({"raison_sociale": "Autre", "type_employeur": "ong"})
        assure.write({"employeur_id": autre.id, "date_embauche": "2026-06-01"})
        self.assertEqual(assure.employeur_id, autre)
        self.assertEqual(
            [(e.employeur_id.raison_sociale, e.date_debut, e.date_fin) for e in assure.emploi_ids.sorted("date_debut")],
            [("Brasserie du Logone", datetime.date(2026, 2, 1), datetime.date(2026, 5, 31)),
             ("Autre", datetime.date(2026, 6, 1), False)])
        assure.employeur_id = False
        self.assertFalse(assure.emploi_ids.filtered(lambda e: not e.date_fin))

    def test_creation_avec_employeur(self):
        assure = self.env["cnas.assure"].create({
            "nom": "Neuf", "prenom": "Salarié", "genre": "masculin", "date_naissance": "1990-01-01",
            "regime_id": self.env.ref("cnas_base.regime_ass").id,
            "employeur_id": self.employeur.id, "date_embauche": "2026-03-01"})
        self.assertEqual(assure.emploi_ids.date_debut, datetime.date(2026, 3, 1))
        self.assertEqual(self.employeur.effectif, 1)

    def test_deux_employeurs_a_la_fois_impossible(self):
        emplois = self.env["cnas.emploi"]
        vals = {"assure_id": self.assures[0].id, "employeur_id": self.employeur.id}
        emplois.create({**vals, "date_debut": "2026-01-01", "date_fin": "2026-03-31"})
        with mute_logger("odoo.sql_db"), self.assertRaises(ExclusionViolation), self.env.cr.savepoint():
            emplois.create({**vals, "date_debut": "2026-03-31"})
        emplois.create({**vals, "date_debut": "2026-04-01"})

    def test_effectif_du_jour(self):
        self.env["cnas.emploi"].create([
            {"assure_id": a.id, "employeur_id": self.employeur.id, "date_debut": "2026-01-01", "date_fin": fin}
            for a, fin in zip(self.assures, (False, "2026-06-30", "2026-07-01"))])
        for jour, attendu in (("2026-06-30", 3), ("2026-07-01", 2), ("2026-07-02", 1), ("2025-12-31", 0)):
            with freeze_time(jour):
                self.employeur.invalidate_recordset(["effectif"])
                self.assertEqual(self.employeur.effectif, attendu, jour)

    def test_radier_ferme_les_emplois(self):
        self.assures.write({"employeur_id": self.employeur.id, "date_embauche": "2026-02-01"})
        self.employeur.with_user(self.superviseur).action_radier("Cessation", "2026-06-30")
        self.assertEqual(set(self.assures.emploi_ids.mapped("date_fin")), {datetime.date(2026, 6, 30)})
        with self.assertRaisesRegex(UserError, "radié"):
            self.env["cnas.emploi"].create({
                "assure_id": self.assures[0].id, "employeur_id": self.employeur.id, "date_debut": "2026-08-01"})

    def test_employeur_sur_l_attestation(self):
        assure = self.assures[0]
        self.assertNotIn("Employeur", [ligne[0] for ligne in assure._lignes_attestation()])
        assure.write({"employeur_id": self.employeur.id, "date_embauche": "2026-02-01"})
        self.assertIn(("Employeur", "Brasserie du Logone"), [(t, v) for t, _arabe, v in assure._lignes_attestation()])
        attestation = self.env["cnas.attestation"].with_user(self.agent).create({"assure_id": assure.id})
        texte = texte_pdf(attestation._pdf())
        for valeur in ("Brasserie du Logone", assure.regime_id.name):
            self.assertIn(valeur, texte, "un salarié a une ligne de plus : aucune ne se coupe")

    def test_un_emploi_n_ouvre_pas_un_jour_suspendu(self):
        """La déclaration ouvre les droits autour de la suspension ; la sortie les borne, ceux d'après aussi."""
        controleur = new_test_user(self.env, "controleur_emp", groups="cnas_base.group_controleur")
        sans_droits, borne, suspendu = self.assures
        sans_droits.droit_ids.sudo()._ecrire({"date_fin": "2026-01-31"})
        borne.droit_ids.sudo()._ecrire({"date_fin": "2026-09-15"})
        for assure, bornes in ((sans_droits, ("2026-09-10", "2026-09-12")), (borne, ("2026-09-10", "2026-09-12")),
                               (suspendu, ("2026-09-10",))):
            assure.with_user(controleur).action_suspendre("Fraude", *bornes)
        self.assures.sudo()._ouvrir_par_emploi(datetime.date(2026, 9, 1))
        self.assertEqual(self.couverts("2026-09-01", "2026-09-09", "2026-09-10", "2026-09-12", "2026-09-13", "2026-12-31"), [
            [True, True, False, False, True, True], [True, True, False, False, True, True],
            [True, True, False, False, False, False]])
        self.assures.sudo()._maintenir_apres_emploi(datetime.date(2026, 11, 30))
        suspendu.with_user(controleur).action_reactiver("2026-10-01")
        self.assertEqual(self.couverts("2026-09-30", "2026-10-01", "2026-11-30", "2026-12-01"), [
            [True, True, True, False], [True, True, True, False], [False, True, True, False]])

    def couverts(self, *jours):
        dates = [datetime.date.fromisoformat(jour) for jour in jours]
        droits = self.assures._droits_par_lot([(a.id, jour) for a in self.assures for jour in dates])
        return [[droits[a.id, jour]["etat"] == "ouverts" for jour in dates] for a in self.assures]
