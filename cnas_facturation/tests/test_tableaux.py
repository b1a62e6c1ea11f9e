import json
from pathlib import Path

from odoo.tests import tagged
from odoo.tools import file_path

from odoo.addons.cnas_base.tests.tableaux import CasTableaux


@tagged("post_install", "-at_install", "cnas")
class TestTableaux(CasTableaux):
    """Tableau « Formations »."""

    addon = "cnas_facturation"

    def test_tableaux(self):
        self._verifier_tous()

    def test_un_mois_sans_paiement_est_absent_du_delai(self):
        document = json.loads(Path(file_path("cnas_facturation/data/tableaux/formations_dashboard.json")).read_text(encoding="utf-8"))
        graphes = [figure["data"] for figure in document["sheets"][0]["figures"]
                   if figure["data"].get("metaData", {}).get("measure") == "delai"]
        self.assertTrue(graphes)
        self.assertEqual({graphe["searchParams"]["context"].get("fill_temporal") for graphe in graphes}, {False})
