from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from odoo.addons.cnas_base.tests.common import TransactionCase


@tagged("post_install", "-at_install", "cnas")
class TestPlan(TransactionCase):
    """Le plan de comptes est chargé sur la société de la caisse, et se recharge sans rien défaire."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.societe = cls.env["cnas.plan_comptes"].societe()
        cls.comptable = new_test_user(cls.env, "t_comptable", groups="cnas_comptabilite.group_comptable")
        cls.agent, cls.finance, cls.superviseur = (
            new_test_user(cls.env, f"t_{role}", groups=f"cnas_base.group_{role}") for role in ("agent", "finance", "superviseur"))

    def test_charge_sur_la_societe(self):
        self.assertTrue(self.societe.chart_template)
        comptes = self.env["account.account"].search([("company_id", "=", self.societe.id)])
        self.assertGreater(len(comptes), 1000)
        codes = set(comptes.mapped("code"))
        self.assertTrue({"401110", "471210", "409810", "521110", "552110", "658810"} <= codes)

    def test_rejouable(self):
        fait = self.env["cnas.plan_comptes"].with_user(self.comptable).charger()
        self.assertEqual((fait["comptes"], fait["journaux"]), (0, 0))
        banque = self.env["account.account"].search([("code", "=", "658850"), ("company_id", "=", self.societe.id)])
        if not self.env["account.move.line"].search_count([("account_id", "=", banque.id)], limit=1):
            banque.unlink()
            self.assertEqual(self.env["cnas.plan_comptes"].with_user(self.comptable).charger()["comptes"], 1)

    def test_bouton_et_roles(self):
        wizard = self.env["cnas.comptabiliser.wizard"].with_user(self.comptable).create({})
        wizard.action_charger_plan()
        self.assertIn("0 compte(s)", wizard.resultat)
        for usager in (self.agent, self.finance, self.superviseur):
            with self.assertRaises(AccessError):
                self.env["cnas.plan_comptes"].with_user(usager).charger()

    def test_les_comptes_par_defaut_sont_au_plan(self):
        """47181 (fusions et apports) n'est pas un compte de créditeurs : chaque compte proposé existe."""
        schemas = self.env["cnas.schema_comptable"].search([])
        codes = set(schemas.mapped("compte_debit") + schemas.mapped("compte_credit"))
        self.assertNotIn("47181", codes)
        self.assertEqual(set(self.env["cnas.plan_comptes"]._par_code(codes)), codes)
        with self.assertRaisesRegex(UserError, "99999"):
            self.env["cnas.plan_comptes"]._par_code(["99999"])

    def test_correspondance_cipres(self):
        """Rien n'est inventé : un compte CIPRES livré cite sa source, et reste à confirmer."""
        livrees = self.env["cnas.correspondance_compte"].search([("create_uid", "=", self.env.ref("base.user_root").id), ("plan", "=", "cipres")])
        self.assertTrue(livrees)
        self.assertFalse(livrees.filtered(lambda c: c.compte_cible and not c.source))
        self.assertEqual(set(livrees.mapped("state")), {"a_confirmer"})
        traduire = self.env["cnas.correspondance_compte"]._traducteur()
        self.assertEqual((traduire("401110"), traduire("571100")), ("401", ""))
        vide = livrees.filtered(lambda c: not c.compte_cible)[0].with_user(self.superviseur)
        with self.assertRaisesRegex(UserError, "quel compte"):
            vide.action_confirmer()
        pleine = livrees.filtered("compte_cible")[0]
        pleine.with_user(self.superviseur).action_confirmer()
        with self.assertRaisesRegex(UserError, "confirmée"):
            pleine.with_user(self.comptable).compte_cible = "402"
