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
