"""Les vues « par régime » des tableaux de bord, à comparer au simple compte des mêmes feuilles, groupées de même."""
import json
from functools import partial

from lanceur import chemins

TITRE = "Tableaux de bord : vues par régime"


def mesurer(banc):
    """But : chaque vue en moins de trois comptes."""
    regimes = banc.env["cnas.regime"].search([]).ids
    banc.cr.execute("UPDATE cnas_feuille_soin SET regime_id = (%s)[1 + id %% %s] WHERE regime_id IS NULL", [regimes, len(regimes)])
    banc.cr.execute("ANALYZE cnas_feuille_soin")
    for titre, modele, domaine, mesures, groupes in _vues_par_regime():
        lire = partial(banc.env[modele].read_group, domaine, mesures, groupes, lazy=False)
        compter = partial(_compter, banc.cr, groupes)
        rapports = sorted(banc.chrono(lire) / banc.chrono(compter) for _tour in range(3))
        banc.noter(titre, rapports[1], "× un compte", but="≤ 3", atteint=rapports[1] <= 3)


def _compter(cr, groupes):
    cles = ", ".join(f"date_trunc('month', {g.split(':')[0]}::timestamp)" if ":month" in g else g for g in groupes)
    cr.execute(f"SELECT {cles}, count(*) FROM cnas_feuille_soin GROUP BY {cles}")
    cr.fetchall()


def _vues_par_regime():
    document = json.loads((chemins.RACINE / "cnas_feuilles_soin/data/tableaux/liquidation_dashboard.json").read_text(encoding="utf-8"))
    for pivot in document["pivots"].values():
        if "regime_id" in pivot["rowGroupBys"]:
            yield pivot["name"], pivot["model"], pivot["domain"], [m["field"] for m in pivot["measures"]], pivot["rowGroupBys"]
    for figure in document["sheets"][0]["figures"]:
        meta = figure["data"].get("metaData") or {}
        if "regime_id" in meta.get("groupBy", ()):
            yield "Par mois et régime", meta["resModel"], figure["data"]["searchParams"]["domain"], [meta["measure"]], meta["groupBy"]
