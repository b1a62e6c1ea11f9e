from odoo.tests import tagged

from odoo.addons.cnas_base.tests.tableaux import CasTableaux


@tagged("post_install", "-at_install", "cnas")
class TestTableaux(CasTableaux):
    """Tableaux « Activité » et « Liquidation »."""

    addon = "cnas_feuilles_soin"

    def test_tableaux(self):
        self._verifier_tous()

    def test_visibles_du_superviseur_seul(self):
        tableaux = self.env.ref("cnas_feuilles_soin.tableau_activite") | self.env.ref(
            "cnas_feuilles_soin.tableau_liquidation")
        self.assertEqual(tableaux.group_ids, self.env.ref("cnas_base.group_superviseur"))
