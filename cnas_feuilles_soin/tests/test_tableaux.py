import json
import statistics
from datetime import timedelta
from pathlib import Path

from odoo.tests import tagged
from odoo.tools import file_path

from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.tests.tableaux import CasTableaux

from .commun_feuille import CommunFeuille


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


@tagged("post_install", "-at_install", "cnas")
class TestChiffres(CommunFeuille):
    """Les chiffres des tableaux, comparés à un calcul fait à part."""

    def deposer(self, reference, jour, delai=None, controleur=None):
        feuille = self.deposee(reference)
        decision = delai is not None and f"{jour + timedelta(days=delai)} 10:00:00"
        self.env.cr.execute(
            "UPDATE cnas_feuille_soin SET date_depot = %s, date_decision = %s, state = %s, controleur_id = %s WHERE id = %s",
            [jour, decision or None, "rejetee" if decision else "deposee", controleur and controleur.id, feuille.id])
        return feuille

    def test_mediane_et_p90_sont_ceux_de_la_periode_filtree(self):
        delais = [1, 2, 3, 4, 10, 30, 90]
        debut = aujourd_hui() - timedelta(days=400)
        for rang, delai in enumerate(delais):
            self.deposer(f"D-{rang}", debut, delai)
        self.deposer("D-ailleurs", debut - timedelta(days=60), 300)
        self.env.invalidate_all()
        analyse = self.env["cnas.feuille_analyse"]
        domaine = [("formation_id", "=", self.formation.id), ("traitees", "=", 1), ("date_depot", ">=", debut)]
        [lu] = analyse.read_group(domaine, ["mediane", "p90"], [])
        rang = 0.9 * (len(delais) - 1)
        p90 = delais[int(rang)] + (rang - int(rang)) * (delais[int(rang) + 1] - delais[int(rang)])
        self.assertEqual(lu["mediane"], statistics.median(delais))
        self.assertAlmostEqual(lu["p90"], p90)
        [entier] = analyse.read_group(domaine[:2], ["mediane"], [])
        self.assertEqual(entier["mediane"], statistics.median([*delais, 300]))

    def test_sans_controleur_se_compte(self):
        self.deposer("C-1", aujourd_hui(), controleur=self.controleur)
        self.deposer("C-2", aujourd_hui())
        self.env.invalidate_all()
        [table] = [pivot for pivot in self._document()["pivots"].values() if pivot["rowGroupBys"] == ["controleur_id"]]
        groupes = self.env["cnas.feuille_analyse"].read_group(
            [*table["domain"], ("formation_id", "=", self.formation.id)], ["recues"], ["controleur_id"], lazy=False)
        self.assertEqual(sum(groupe["recues"] for groupe in groupes), 2)

    def _document(self):
        return json.loads(Path(file_path("cnas_feuilles_soin/data/tableaux/activite_dashboard.json")).read_text(encoding="utf-8"))
