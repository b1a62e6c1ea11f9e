from odoo.tests import tagged

from odoo.addons.cnas_base.tests.common import HttpCase

from .commun_feuille import CommunFeuille


@tagged("post_install", "-at_install", "cnas")
class TestParcours(CommunFeuille, HttpCase):
    """L'agent et le contrôleur dans un vrai navigateur ; les autres rôles le font de bout en bout, clics comptés (`tests/e2e`)."""

    browser_size = "1366,768"  # l'écran des agences : les menus y tiennent tous

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.agent | cls.controleur).write({"lang": "fr_FR"})

    def test_agent(self):
        self.start_tour("/web", "cnas_feuille_agent", login="t_agent")
        feuille = self.feuilles.search([("assure_id", "=", self.assure.id)])
        self.assertEqual((feuille.state, feuille.montant_facture, feuille.saisie_par_id),
                         ("deposee", 1500, self.agent))
        self.assertEqual(feuille.pathologie_id, self.palu)

    def test_controleur(self):
        feuille = self.deposee()
        feuille._ecrire_affectations({feuille.id: self.controleur.id})
        self.start_tour("/web", "cnas_feuille_controleur", login="t_controleur")
        self.assertNotEqual(feuille.state, "deposee")

    def test_visites_guidees(self):
        """Les étapes que montre « Visite guidée » existent toutes, dans l'ordre, pour l'agent et le contrôleur."""
        feuille = self.deposee()
        feuille._ecrire_affectations({feuille.id: self.controleur.id})
        for role in ("agent", "controleur"):
            self.start_tour(self.accueil(), f"cnas_visite_{role}", login=f"t_{role}")
        self.assertFalse(self.env["cnas.assure"].search([("name", "=", "ABAKAR Mahamat")]), "rien ne reste de l'essai")
        self.assertEqual(feuille.state, "deposee", "une visite montre, elle ne fait rien")
