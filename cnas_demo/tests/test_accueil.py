from odoo.tests import tagged

from odoo.addons.cnas_base.tests.common import TransactionCase

from .commun import ROLES


@tagged("post_install", "-at_install", "cnas")
class TestAccueil(TransactionCase):
    """« À faire » : chaque rôle interne y trouve son travail, compté comme la liste qu'il ouvre."""

    def test_chaque_role_trouve_son_travail_compte_juste(self):
        for role in set(ROLES) - {"formation"}:
            usager = self.env["res.users"].search([("login", "=", role)])
            taches = self.env["cnas.accueil"].with_user(usager).a_faire()
            with self.subTest(role):
                self.assertTrue(taches)
                for tache in taches:
                    action = tache["action"]
                    Modele = self.env[action["res_model"]].with_user(usager)
                    self.assertEqual(tache["nombre"], Modele.search_count(action["domain"]), tache["titre"])
                    self.assertLessEqual(tache["retard"], tache["nombre"])
                    Modele.get_views([(vue, genre) for vue, genre in action["views"] if genre in ("list", "tree", "kanban")])

    def test_chacun_n_y_voit_que_le_sien(self):
        def titres(login):
            usager = self.env["res.users"].search([("login", "=", login)])
            return {tache["titre"] for tache in self.env["cnas.accueil"].with_user(usager).a_faire()}
        self.assertIn("Ma file", titres("controleur"))
        self.assertNotIn("Ma file", titres("agent"))
        self.assertNotIn("Avis médicaux à rendre", titres("finance"))
        self.assertIn("Factures à ordonnancer", titres("finance"))
        self.assertFalse(titres("formation"))

    def test_les_menus_comptent_une_fois_ce_que_deux_travaux_partagent(self):
        superviseur = self.env["res.users"].search([("login", "=", "superviseur")])
        compteurs = self.env["cnas.accueil"].with_user(superviseur).compteurs()
        a_controler = self.env.ref("cnas_feuilles_soin.feuille_soin_a_controler_action").id
        self.assertEqual(compteurs[str(a_controler)], self.env["cnas.feuille_soin"].with_user(superviseur).search_count(
            [("state", "in", ("deposee", "controle"))]))
        self.assertTrue(all(compteurs.values()))
