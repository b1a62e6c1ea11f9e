"""Cinq mille décomptes comptabilisés d'un coup : autant de requêtes que pour cinq cents, et chaque pièce équilibrée."""
import time

from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_comptabilite.models.comptabilite import Mouvement

TITRE = "Des faits aux pièces comptables, par lots"
PIECES = 5_000


def mesurer(banc):
    """But : un nombre de requêtes qui ne dépend pas du nombre de pièces ; un temps qui croît au plus comme lui."""
    nombre = max(100, int(PIECES * banc.echelle))
    banc.env["cnas.plan_comptes"].charger()
    moteur = banc.env["cnas.comptabilite"]
    moteur._passer(_mouvements(1, 0))
    peu, petit = _passer(banc, moteur, nombre // 10, 10)
    beaucoup, grand = _passer(banc, moteur, nombre, 10 + nombre)
    banc.noter("requêtes de plus pour dix fois plus de pièces", beaucoup - peu, "requêtes", f"{peu} puis {beaucoup}", "0", beaucoup <= peu)
    banc.noter(f"{nombre} pièces", grand, "s", f"{nombre / grand:.0f} pièces par seconde")
    banc.noter("temps pour dix fois plus de pièces", grand / petit, "×", f"{grand:.3f} s / {petit:.3f} s", "≤ 15 ×", grand / petit <= 15)
    banc.cr.execute("""
        SELECT COUNT(*) FROM (SELECT move_id FROM account_move_line l JOIN account_move m ON m.id = l.move_id WHERE m.ref LIKE 'BANC/%%'
         GROUP BY 1 HAVING SUM(l.debit) <> SUM(l.credit)) AS fausses""")
    fausses = banc.cr.fetchone()[0]
    banc.noter("pièces déséquilibrées", fausses, "pièces", but="0", atteint=not fausses)


def _mouvements(nombre, premier):
    """Rend les mouvements d'autant de décomptes : soins et pharmacie, une pièce chacun."""
    return [Mouvement(
        fait=("cnas.decompte", -premier - rang - 1), evenement="banc", source=("cnas.decompte", -premier - rang - 1),
        piece=f"BANC/{premier + rang:06d}", jour=aujourd_hui(), operation=operation, montant=1000 + rang, tiers="BANC")
        for rang in range(nombre) for operation in ("liquidation_soins", "liquidation_pharmacie")]


def _passer(banc, moteur, nombre, premier):
    """Rend (requêtes, secondes) pour comptabiliser autant de décomptes."""
    mouvements = _mouvements(nombre, premier)
    banc.env.flush_all()
    banc.env.invalidate_all()
    avant, depart = banc.cr.sql_log_count, time.perf_counter()
    moteur._passer(mouvements)
    return banc.cr.sql_log_count - avant, time.perf_counter() - depart
