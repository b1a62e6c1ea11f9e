"""Les vues « par régime » des tableaux de bord, à comparer à un simple compte par régime des mêmes feuilles."""
import json
from functools import partial

from lanceur import chemins

TITRE = "Tableaux de bord : vues par régime"
ETALON = "SELECT regime_id, count(*) FROM cnas_feuille_soin GROUP BY regime_id"


def mesurer(banc):
    """But : chaque vue en moins de trois comptes."""
    regimes = banc.env["cnas.regime"].search([]).ids
    banc.cr.execute("UPDATE cnas_feuille_soin SET regime_id = (%s)[1 + id %% %s] WHERE regime_id IS NULL", [regimes, len(regimes)])
    banc.cr.execute("ANALYZE cnas_feuille_soin")

    def compter():
        banc.cr.execute(ETALON)
        banc.cr.fetchall()
    for titre, modele, *vue in _vues_par_regime():
        lire = partial(banc.env[modele].read_group, *vue, lazy=False)
        rapports = sorted(banc.chrono(lire, fois=3) / banc.chrono(compter, fois=3) for _tour in range(3))
        banc.noter(titre, rapports[1], "× un compte par régime", but="≤ 3", atteint=rapports[1] <= 3)


def _vues_par_regime():
    document = json.loads((chemins.RACINE / "cnas_feuilles_soin/data/tableaux/liquidation.json").read_text(encoding="utf-8"))
    for pivot in document["pivots"].values():
        if "regime_id" in pivot["rowGroupBys"]:
            yield pivot["name"], pivot["model"], pivot["domain"], [m["field"] for m in pivot["measures"]], pivot["rowGroupBys"]
    for figure in document["sheets"][0]["figures"]:
        meta = figure["data"].get("metaData") or {}
        if "regime_id" in meta.get("groupBy", ()):
            yield "Par mois et régime", meta["resModel"], figure["data"]["searchParams"]["domain"], [meta["measure"]], meta["groupBy"]
