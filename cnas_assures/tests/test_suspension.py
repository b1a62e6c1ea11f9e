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
