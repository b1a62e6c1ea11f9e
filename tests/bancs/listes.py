"""Chaque liste qu'ouvre un menu, avec ses filtres d'ouverture : aucune ne trie un million de lignes pour en montrer quatre-vingts."""
from datetime import date

from dateutil.relativedelta import relativedelta
from lxml import etree

from odoo.tools import safe_eval

TITRE = "Listes des menus"
PAGE = 80
MONTREES = 5


def mesurer(banc):
    """But : chaque liste s'ouvre en moins de 300 ms sur la base de référence."""
    contexte = {"uid": banc.env.uid, "context_today": date.today, "datetime": safe_eval.datetime, "time": safe_eval.time,
                "relativedelta": relativedelta, "active_id": 0, "active_ids": []}
    durees = {}
    for menu in banc.env["ir.ui.menu"].search([("action", "like", "ir.actions.act_window,")]):
        action = menu.action
        modele = banc.env.get(action.res_model)
        if modele is None or modele._transient or not action.res_model.startswith("cnas.") or "tree" not in action.view_mode:
            continue
        reglages = safe_eval.safe_eval(action.context or "{}", contexte)
        modele = modele.with_context(**{cle: valeur for cle, valeur in reglages.items() if not cle.startswith("search_default_")})
        vues = {sorte: etree.fromstring(vue["arch"]) for sorte, vue in modele.get_views([(False, "search"), (False, "tree")])["views"].items()}
        domaine = safe_eval.safe_eval(action.domain or "[]", contexte) + _ouverts(vues["search"], reglages, contexte)
        colonnes = {n.get("name"): {"fields": {"display_name": {}}} if modele._fields[n.get("name")].type == "many2one" else {}
                    for n in vues["tree"].iterchildren("field")}
        durees[menu.complete_name] = banc.chrono(lambda m=modele, d=domaine, c=colonnes: m.web_search_read(d, c, limit=PAGE, count_limit=10_001), fois=3, remise_a_zero=False)
    lentes = sorted(durees, key=durees.get, reverse=True)
    for nom in lentes[:MONTREES]:
        banc.noter(nom, durees[nom] * 1000, "ms", but="< 300 ms", atteint=durees[nom] < 0.3)
    banc.noter("listes ouvertes", len(durees), "", but="> 100", atteint=len(durees) > 100)


def _ouverts(recherche, reglages, contexte):
    """Rend le domaine des filtres que l'action coche à l'ouverture."""
    coches = {cle.removeprefix("search_default_") for cle, valeur in reglages.items() if cle.startswith("search_default_") and valeur}
    return [terme for filtre in recherche.iter("filter") if filtre.get("name") in coches and filtre.get("domain")
            for terme in safe_eval.safe_eval(filtre.get("domain"), contexte)]
