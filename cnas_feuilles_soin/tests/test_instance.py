import runpy
from datetime import timedelta
from pathlib import Path

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.tests import tagged

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
        jour = fields.Date.context_today(self.feuilles)
        self.env["cnas.parametre"]._dater("delai_instance_jours", "5", jour)
        feuille = self._en_instance()
        self.assertEqual(feuille.date_limite_instance, jour + timedelta(days=5))
        with self.assertRaisesRegex(ValidationError, "nombre entier"):
            self.env["cnas.parametre"]._dater("delai_instance_jours", "n'importe quoi", jour)

    def test_migration_du_courriel(self):
        """Le texte livré hier suit ; ce que la caisse a récrit reste le sien."""
        gabarit = self.env.ref("cnas_feuilles_soin.courriel_demande_pieces").with_context(lang="fr_FR")
        chemin = Path(__file__).parents[1] / "migrations/17.0.1.2.0/post-courriel.py"
        hier = ('<p>À fournir avant le <strong t-out="object.date_limite_instance">2026-12-01</strong>.</p><p>Écrit ici.</p>'
                "<p>La Caisse Nationale d'Assurance Santé</p>")
        for corps, attendus in ((hier, ("format_date(", "/my/formation/feuilles/", "Écrit ici")), ("<p>À nous.</p>", ("<p>À nous.</p>",))):
            gabarit.body_html = corps
            runpy.run_path(str(chemin))["migrate"](self.cr, "17.0.1.1.0")
            self.env.invalidate_all()
            for attendu in attendus:
                self.assertIn(attendu, gabarit.body_html)
            self.assertNotIn("2026-12-01", gabarit.body_html)
            self.assertNotIn("Nationale", gabarit.body_html)
