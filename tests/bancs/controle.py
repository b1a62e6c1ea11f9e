"""Contrôle après coup : toutes les fraudes posées dans 100 000 feuilles saines, et le coût de la nuit sur la base de référence."""
import time
from datetime import timedelta

from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_controle.tests.generateur import Generateur

TITRE = "Contrôle après coup"


def mesurer(banc):
    """But : 5 minutes pour 400 000 feuilles et 1 million d'assurés ; toutes les fraudes, moins de 5 % de fausses alertes."""
    indicateurs = banc.env["cnas.indicateur"].search([])
    debut, fin = indicateurs._periode_ordinaire()
    banc.cr.execute("SELECT min(date_soins), max(date_soins) FROM cnas_feuille_soin WHERE state NOT IN ('brouillon', 'annulee')")
    premier, dernier = banc.cr.fetchone()
    if premier:
        debut, fin = min(debut, premier), min(fin, dernier) if dernier > premier else fin
    depart = time.perf_counter()
    with banc._annuler():
        indicateurs._calculer(str(debut), str(fin))
        _detailler(banc, indicateurs)
    duree = time.perf_counter() - depart
    banc.noter("les 36 indicateurs sur la base de référence", duree, "s", but="≤ 300 s", atteint=duree <= 300)
    banc.cr.rollback()
    _trouver(banc, indicateurs, (premier or aujourd_hui()) - timedelta(days=1), int(100_000 * banc.echelle))


def _detailler(banc, indicateurs):
    """Note les trois indicateurs les plus longs."""
    for indicateur in indicateurs.sorted("duree_ms", reverse=True)[:3]:
        banc.noter(f"dont {indicateur.code}", indicateur.duree_ms / 1000, "s")


def _trouver(banc, indicateurs, veille, feuilles):
    """Pose les fraudes dans autant de feuilles saines et juge ce que le calcul en trouve.

    Elles finissent la veille des premiers soins de la base : ses feuilles, d'un prix et d'un panier de pure arithmétique, fausseraient les pairs.
    """
    generateur = Generateur(banc.env, veille, feuilles=max(3_600, feuilles), formations=max(36, feuilles // 1_500))
    generateur.poser_saines()
    generateur.poser_fraudes()
    generateur.ecrire()
    depart = time.perf_counter()
    indicateurs._calculer(str(generateur.debut), str(generateur.fin))
    duree = time.perf_counter() - depart
    manques, fausses, toutes = generateur.juger()
    banc.noter(f"calcul, {len(generateur.feuilles)} feuilles saines et leurs fraudes", duree, "s")
    banc.noter("fraudes posées", sum(map(len, generateur.attendus.values())), "")
    banc.noter("fraudes manquées", sum(map(len, manques.values())), "", etalon=", ".join(sorted(manques)), but="0", atteint=not manques)
    banc.noter("alertes", toutes, "")
    part = 100 * len(fausses) / max(1, toutes)
    banc.noter("fausses alertes", part, "%", etalon=", ".join(sorted({code for code, _cibles in fausses})), but="< 5 %", atteint=part < 5)
    banc.cr.rollback()
