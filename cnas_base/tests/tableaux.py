"""Ce que tout tableau de bord CNAS doit vérifier ; les addons en héritent."""
import importlib.util
import json
from pathlib import Path

from odoo.tests import new_test_user
from odoo.tools import file_path

from .common import TransactionCase


class CasTableaux(TransactionCase):
    """Le JSON est à jour, chaque champ existe, chaque chiffre se calcule avec les droits du superviseur."""

    addon = None

    def setUp(self):
        super().setUp()
        chemin = file_path("cnas_base/tableaux/fabrique.py")
        specification = importlib.util.spec_from_file_location("fabrique", chemin)
        self.fabrique = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(self.fabrique)
        self.superviseur = new_test_user(self.env, "superviseur_tableaux", groups="cnas_base.group_superviseur")

    def _verifier_tous(self):
        dossier = Path(file_path(f"{self.addon}/data/tableaux"))
        descriptions = sorted(dossier.glob("*.py"))
        self.assertTrue(descriptions)
        for description in descriptions:
            with self.subTest(tableau=description.stem):
                texte = self.fabrique.chemin_du_json(description).read_text(encoding="utf-8")
                self.assertEqual(texte, self.fabrique.fabriquer(description), "lancez cnas_base/tableaux/fabrique.py")
                self._verifier(json.loads(texte))

    def _verifier(self, document):
        for pivot in document["pivots"].values():
            mesures = [m["field"] for m in pivot["measures"]]
            self._verifier_champs(pivot["model"], mesures + pivot["rowGroupBys"])
            self._compter(pivot["model"], pivot["domain"], mesures, pivot["rowGroupBys"])
        for figure in document["sheets"][0]["figures"]:
            donnees = figure["data"]
            if donnees["type"] != "scorecard":
                modele, meta = donnees["metaData"]["resModel"], donnees["metaData"]
                self._verifier_champs(modele, [meta["measure"], *meta["groupBy"]])
                self._compter(modele, donnees["searchParams"]["domain"], [meta["measure"]], meta["groupBy"])
        for menu in document["chartOdooMenusReferences"].values():
            self.assertTrue(self.env.ref(menu).action, menu)
        for filtre in document["globalFilters"]:
            for identifiant, champ in filtre["pivotFields"].items():
                self._verifier_champs(document["pivots"][identifiant]["model"], [champ["field"]])

    def _verifier_champs(self, modele, champs):
        for champ in champs:
            nom = champ.split(":")[0]
            if nom != "__count":
                field = self.env[modele]._fields[nom]
                self.assertTrue(field.store or not self.env[modele]._auto, f"{modele}.{nom} n'est pas stocké")

    def _compter(self, modele, domaine, mesures, groupes):
        lignes = self.env[modele].with_user(self.superviseur).read_group(
            domaine, [m for m in mesures if m != "__count"], groupes, lazy=False)
        self.assertIsInstance(lignes, list)
