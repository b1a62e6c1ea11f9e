from odoo.tests import tagged

from .common import TransactionCase


@tagged("post_install", "-at_install", "cnas")
class TestGroupes(TransactionCase):
    """La hiérarchie des rôles est celle du contrat."""

    def test_heritage(self):
        attendu = {
            "group_agent": "base.group_user",
            "group_controleur": "cnas_base.group_agent",
            "group_medecin_conseil": "base.group_user",
            "group_superviseur": "cnas_base.group_controleur",
            "group_finance": "base.group_user",
            "group_administrateur": "cnas_base.group_superviseur",
            "group_portail_formation": "base.group_portal",
        }
        for groupe, parent in attendu.items():
            with self.subTest(groupe=groupe):
                self.assertIn(self.env.ref(parent), self.env.ref(f"cnas_base.{groupe}").implied_ids)

    def test_portail_separe(self):
        portail = self.env.ref("cnas_base.group_portail_formation")
        self.assertNotIn(self.env.ref("base.group_user"), portail.trans_implied_ids)

    def test_menus_dans_l_ordre(self):
        menus = self.env["ir.ui.menu"].with_context(**{"ir.ui.menu.full_list": True}).search(
            [("parent_id", "=", self.env.ref("cnas_base.menu_root").id)])
        self.assertEqual(menus.mapped("name"), [
            "Gestion des Assurés", "Gestion des Employeurs", "Formations Sanitaires", "Feuilles de soins",
            "Facturation", "Tableaux de bord", "Configuration", "Référentiels"])

    def test_les_roles_sont_dans_la_categorie_cnas(self):
        """Le formulaire d'usager les range sous « CNAS », chacun une liste à choix : pas sous « Autre »."""
        rangees = {app.xml_id: (genre, categorie[1]) for app, genre, _groupes, categorie in self.env["res.groups"].get_groups_by_application()}
        for categorie in ("cnas", "cnas_medical", "cnas_finance"):
            self.assertEqual(rangees[f"cnas_base.module_category_{categorie}"], ("selection", "CNAS"))

    def test_aucun_menu_ne_lance_un_travail(self):
        """Un menu ouvre un écran ou une question : jamais du code."""
        menus = self.env["ir.ui.menu"].with_context(**{"ir.ui.menu.full_list": True}).search(
            [("id", "child_of", self.env.ref("cnas_base.menu_root").id)])
        self.assertFalse([menu.complete_name for menu in menus if menu.action and menu.action._name == "ir.actions.server"])
