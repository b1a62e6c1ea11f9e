from odoo.tests import tagged

from odoo.addons.cnas_base.tests.common import HttpCase

from .commun_feuille import CommunFeuille


@tagged("post_install", "-at_install", "cnas")
class TestParcours(CommunFeuille, HttpCase):
    """Un parcours par rôle dans un vrai navigateur."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.agent | cls.controleur | cls.medecin | cls.superviseur).write({"lang": "fr_FR"})

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

    def test_medecin(self):
        feuille = self.deposee()
        feuille.with_user(self.controleur).action_transmettre_medecin()
        self.start_tour("/web", "cnas_feuille_medecin", login="t_medecin")
        self.assertEqual((feuille.state, feuille.avis_ids.avis), ("controle", "accord"))

    def test_superviseur(self):
        feuille = self.deposee()
        self.start_tour("/web", "cnas_feuille_superviseur", login="t_superviseur")
        self.assertEqual(feuille.controleur_id, self.controleur2)
