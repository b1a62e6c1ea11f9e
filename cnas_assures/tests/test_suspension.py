from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .commun_assures import CasAssure


@tagged("post_install", "-at_install", "cnas")
class TestSuspension(CasAssure):
    """Une suspension a un premier et un dernier jour, s'écrit après coup, se corrige à deux."""

    def setUp(self):
        super().setUp()
        self.jour = fields.Date.context_today(self.env.user)
        self.assure = self.creer_actif(date_affiliation=self.jour - timedelta(days=200)).with_user(
            self.usagers["controleur"])

    def ouverts(self, *jours):
        """Dit, pour chaque nombre de jours depuis aujourd'hui, si la personne est couverte."""
        dates = [self.jour + timedelta(days=n) for n in jours]
        droits = self.assure._droits_par_lot([(self.assure.id, d) for d in dates])
        return [droits[self.assure.id, d]["etat"] == "ouverts" for d in dates]

    def dans(self, jours):
        return str(self.jour + timedelta(days=jours))

    def test_ecrite_apres_coup(self):
        self.assure.action_suspendre("Fraude", self.dans(-60), self.dans(-30))
        self.assertEqual(self.assure.state, "actif")
        self.assertEqual(self.ouverts(-61, -60, -30, -29, 0), [True, False, False, True, True])

    def test_en_cours_puis_finie(self):
        self.assure.action_suspendre("Fraude", self.dans(-2), self.dans(0))
        self.assertEqual((self.assure.state, self.ouverts(-3, 0, 1)), ("suspendu", [True, False, True]))
        self.assure.action_reactiver()
        self.assertEqual((self.assure.state, self.ouverts(-1, 0, 1)), ("actif", [False, True, True]))

    def test_prevue(self):
        self.assure.action_suspendre("Contrôle", self.dans(3), self.dans(5))
        self.assertEqual((self.assure.state, self.ouverts(2, 3, 5, 6)), ("actif", [True, False, False, True]))
        with self.assertRaises(UserError):
            self.assure.action_suspendre("À l'envers", self.dans(3), self.dans(2))

    def test_reprise_a_un_autre_jour(self):
        self.assure.action_suspendre("Fraude", self.dans(-10))
        self.assure.action_reactiver(self.dans(-4))
        self.assertEqual(self.ouverts(-11, -10, -5, -4, 0), [True, False, False, True, True])

    def test_corrigee_par_une_autre_personne(self):
        auteur, autre = (self.assure.with_user(self.usagers[role]) for role in ("controleur", "superviseur"))
        auteur.action_suspendre("Fraude", self.dans(-60), self.dans(-30))
        with self.assertRaises(UserError):
            auteur.action_corriger_suspension("Erreur", self.dans(-50), self.dans(-40))
        autre.action_corriger_suspension("Mauvaises dates", self.dans(-50), self.dans(-40))
        self.assertEqual(self.ouverts(-60, -51, -50, -40, -39, 0), [True, True, False, False, True, True])
        autre2 = self.assure.with_user(self.usagers["controleur"])
        autre2.action_corriger_suspension("Il n'y avait rien")
        self.assertEqual((self.assure.state, self.ouverts(-60, -45, 0)), ("actif", [True, True, True]))

    def suspendre_hier(self):
        self.assure.action_suspendre("Fraude", self.dans(-10), self.dans(-5))

    def test_aucun_droit_ne_s_ouvre_sur_un_jour_suspendu(self):
        """D'où qu'il vienne : saisi, élargi par un superviseur, ouvert par le programme."""
        self.suspendre_hier()
        Droit = self.env["cnas.droit"].with_user(self.superviseur)
        saisi = {"assure_id": self.assure.id, "date_debut": self.dans(-8), "date_fin": self.dans(-7)}
        with self.assertRaisesRegex(UserError, "aucun droit ne s'ouvre ces jours-là"):
            Droit.create(saisi)
        premier = self.assure.droit_ids.filtered(lambda d: d.state == "ouvert").sorted("date_debut")[0]
        with self.assertRaisesRegex(UserError, "aucun droit ne s'ouvre ces jours-là"):
            premier.with_user(self.superviseur).date_fin = self.dans(-9)
        self.assure.action_changer_regime(self.ass.id, "Embauche", self.dans(-20))
        self.assertEqual(self.ouverts(-20, -11, -10, -5, -4, 0), [True, True, False, False, True, True])
        self.assertEqual(self.verifier(self.assure, self.dans(-4))["regime"], "ASS")

    def test_aucun_maintien_sur_des_jours_suspendus(self):
        self.assure.droit_ids.sudo().date_fin = self.dans(-20)
        self.suspendre_hier()
        superviseur = self.assure.with_user(self.superviseur)
        superviseur.action_maintenir_droits(self.dans(0), "Cessation")
        self.assertEqual(self.ouverts(-19, -11, -10, -5, -4, 0), [True, True, False, False, True, True])
        superviseur.action_radier("Fraude", self.dans(0))
        with self.assertRaises(UserError):
            superviseur.action_maintenir_droits(self.dans(5), "Cessation")

    def test_aucun_droit_sur_des_jours_radies(self):
        self.assure.with_user(self.superviseur).action_radier("Fraude", self.dans(-10))
        with self.assertRaisesRegex(UserError, "aucun droit ne s'ouvre ces jours-là"):
            self.env["cnas.droit"].with_user(self.superviseur).create(
                {"assure_id": self.assure.id, "date_debut": self.dans(-8), "date_fin": self.dans(-7)})

    def test_reactiver_ne_leve_que_la_suspension(self):
        """Des droits fermés pour une autre raison le restent, et une suspension à venir aussi."""
        self.assure.droit_ids.with_user(self.usagers["controleur"]).action_fermer("Cotisations impayées", self.dans(-10))
        self.assure.action_suspendre("Fraude", self.dans(-5))
        self.assure.action_reactiver()
        self.assertEqual((self.assure.state, self.ouverts(-11, -5, 0)), ("actif", [True, False, False]))
        self.assertIn("Cotisations impayées", self.verifier(self.assure)["motif"])

    def test_une_suspension_n_efface_pas_la_suivante(self):
        self.assure.action_suspendre("Prévue", self.dans(10), self.dans(12))
        self.assure.action_suspendre("Fraude", self.dans(-2), self.dans(2))
        self.assure.action_reactiver()
        self.assertEqual(self.ouverts(-1, 0, 3, 9, 10, 12, 13), [False, True, True, True, False, False, True])

    def test_une_suspension_garde_les_droits_d_apres(self):
        """Un trou entre deux périodes ne se comble pas en suspendant avant lui."""
        self.assure.droit_ids.sudo().date_fin = self.dans(10)
        self.env["cnas.droit"].with_user(self.superviseur).create(
            {"assure_id": self.assure.id, "date_debut": self.dans(20)})
        self.assure.action_suspendre("Fraude", self.dans(0), self.dans(2))
        self.assertEqual(self.ouverts(-1, 0, 2, 3, 10, 11, 19, 20), [True, False, False, True, True, False, False, True])
        self.assure.with_user(self.superviseur).action_corriger_suspension("Il n'y avait rien")
        self.assertEqual(self.ouverts(-1, 0, 2, 3, 10, 11, 19, 20), [True, True, True, True, True, False, False, True])
