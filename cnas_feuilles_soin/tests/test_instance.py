from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tests.common import new_test_user

from .commun_feuille import CommunFeuille


@tagged("post_install", "-at_install", "cnas")
class TestInstance(CommunFeuille):

    def _en_instance(self, reference="R-1"):
        feuille = self.deposee(reference)
        feuille.with_user(self.controleur).action_demander_pieces("Ordonnance")
        return feuille

    def test_echeance(self):
        feuille = self._en_instance()
        attendue = fields.Date.context_today(feuille) + timedelta(days=30)
        self.assertEqual(feuille.date_limite_instance, attendue)
        self.assertEqual(feuille.demande_ids.date_limite, attendue)

    def test_relances_bornees(self):
        """Deux relances au plus, espacées, dans les jours qui précèdent l'échéance."""
        self.formation.email = "cs@sante.example"
        feuille = self._en_instance()
        demande = feuille.demande_ids
        self.feuilles._relancer_instances()
        self.assertEqual(demande.relances, 0)
        for jours, attendu in ((21, 1), (22, 1), (27, 2), (29, 2)):
            with freeze_time(fields.Datetime.now() + timedelta(days=jours)):
                self.feuilles._relancer_instances()
            self.assertEqual(demande.relances, attendu, jours)
        courriels = self.env["mail.mail"].search([("email_to", "=", "cs@sante.example")])
        self.assertEqual(len(courriels), 3)  # la demande, puis deux relances
        self.assertIn("Ordonnance", courriels[0].body_html)
        self.assertNotIn(self.palu.name, courriels[0].body_html)

    def test_rejet_a_l_echeance(self):
        feuille = self._en_instance()
        autre = self._en_instance("R-2")
        autre.with_user(self.agent).action_regulariser()
        with freeze_time(fields.Datetime.now() + timedelta(days=30)):
            self.feuilles._rejeter_instances_echues()
            self.assertEqual(feuille.state, "instance")
        with freeze_time(fields.Datetime.now() + timedelta(days=31)):
            self.feuilles._rejeter_instances_echues()
        self.assertEqual((feuille.state, feuille.montant_rejete), ("rejetee", 2700))
        self.assertEqual(feuille.demande_ids.state, "echue")
        self.assertFalse(feuille.decidee_par_id)
        self.assertEqual(autre.state, "deposee")

    def test_delai_parametrable(self):
        self.env["ir.config_parameter"].set_param("cnas_feuilles_soin.delai_instance_jours", "5")
        feuille = self._en_instance()
        self.assertEqual(feuille.date_limite_instance, fields.Date.context_today(feuille) + timedelta(days=5))
        self.env["ir.config_parameter"].set_param("cnas_feuilles_soin.delai_instance_jours", "n'importe quoi")
        feuille = self._en_instance("R-2")
        self.assertEqual(feuille.date_limite_instance, fields.Date.context_today(feuille) + timedelta(days=30))

    def test_parametres_regles_par_l_administrateur(self):
        administrateur = new_test_user(self.env, login="t_administrateur", groups="cnas_base.group_administrateur")
        assistant = self.env["cnas.parametres_feuilles.wizard"].with_user(administrateur).create({"delai_instance_jours": 7})
        self.assertEqual(assistant.age_enfant, 5)
        assistant.action_enregistrer()
        self.assertEqual(self.feuilles._parametre_entier("delai_instance_jours"), 7)
        assistant.taille_max_piece_mo = 0
        with self.assertRaises(UserError):
            assistant.action_enregistrer()
        with self.assertRaises(AccessError):
            assistant.with_user(self.superviseur).action_enregistrer()
