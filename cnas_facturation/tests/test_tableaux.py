from odoo.tests import tagged

from odoo.addons.cnas_base.tests.tableaux import CasTableaux


@tagged("post_install", "-at_install", "cnas")
class TestTableaux(CasTableaux):
    """Tableau « Formations »."""

    addon = "cnas_facturation"

    def test_tableaux(self):
        self._verifier_tous()
