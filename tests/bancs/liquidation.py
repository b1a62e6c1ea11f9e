"""Contrôle et liquidation par lots, toutes règles actives, comparés à un UPDATE SQL nu des mêmes lignes."""
import multiprocessing
import resource
import statistics
import time
from contextlib import contextmanager

import odoo
from odoo import SUPERUSER_ID, api

from tests.bancs import reference

TITRE = "Contrôle et liquidation par lots"
ETALON = """
    UPDATE cnas_feuille_soin_ligne l
       SET tarif = t.montant, taux = 80, quantite_retenue = quantite, decision = 'acceptee', montant_base = quantite * least(prix_unitaire, t.montant),
           montant_cnas = floor(quantite * least(prix_unitaire, t.montant) * 0.8),
           ticket_moderateur = quantite * least(prix_unitaire, t.montant) - floor(quantite * least(prix_unitaire, t.montant) * 0.8),
           depassement = 0, montant_rejete = l.montant_facture - quantite * least(prix_unitaire, t.montant)
      FROM cnas_feuille_soin f, cnas_tarif t
     WHERE f.id = l.feuille_id AND f.id = ANY(%(ids)s) AND t.prestation_id = l.prestation_id AND t.niveau IS NULL
       AND f.date_soins BETWEEN t.date_debut AND coalesce(t.date_fin, 'infinity');
    UPDATE cnas_feuille_soin f
       SET montant_base = s.base, montant_cnas = s.cnas, ticket_moderateur = s.ticket, montant_rejete = s.rejete
      FROM (SELECT feuille_id, sum(montant_base) AS base, sum(montant_cnas) AS cnas, sum(ticket_moderateur) AS ticket, sum(montant_rejete) AS rejete
              FROM cnas_feuille_soin_ligne WHERE feuille_id = ANY(%(ids)s) GROUP BY 1) s
     WHERE s.feuille_id = f.id
"""


def mesurer(banc):
    """But : ≤ 3 × l'étalon à 10 000 feuilles ; coût par feuille à ± 25 % de 1 000 à 100 000."""
    couts = {}
    for nombre in (1_000, 10_000, 100_000):
        if nombre > 400_000 * banc.echelle:
            continue
        etalon, duree = _comparer(banc, nombre)
        couts[nombre] = duree / nombre
        banc.rapport(f"{nombre} feuilles × 5 lignes", duree, etalon, 3)
        banc.noter(f"débit à {nombre}", nombre / duree, "feuilles/s", but="> 1 000", atteint=nombre / duree > 1_000)
        if nombre > 1_000:
            ecart = couts[nombre] / couts[1_000] - 1
            banc.noter(f"coût par feuille, {nombre} contre 1 000", ecart * 100, "%", but="± 25 %", atteint=abs(ecart) <= 0.25)
    _requetes(banc, 10)  # chauffe les caches
    _en_parallele(banc, min(10_000, int(40_000 * banc.echelle)))
    banc.noter("requêtes : 1 000 feuilles moins 10", _requetes(banc, 1_000) - _requetes(banc, 10), "", but="0", atteint=None)


@contextmanager
def _deposees(banc, nombre, commises=True):
    """Donne des feuilles que rien n'a encore touchées, déposées et commises en base comme le seraient les vraies.

    Rejouer sur les mêmes lignes mesurerait leurs versions mortes, que chaque lecture doit traverser.

    :param commises: non pour un très grand lot : l'ôter ensuite durerait plus que la mesure
    """
    ids = reference.deposer_feuilles(banc.cr, nombre)
    if commises:
        banc.cr.commit()
    try:
        yield ids
    finally:
        banc.cr.rollback()
        if commises:
            banc.cr.execute("DELETE FROM cnas_feuille_soin WHERE id = ANY(%s)", [ids])
            banc.cr.commit()


def _comparer(banc, nombre):
    """Rend les durées médianes de l'étalon et du contrôle ; le premier tour, qui chauffe, ne compte pas s'il y en a d'autres."""
    durees = []
    plusieurs = nombre <= 10_000
    tours = 5 if plusieurs else 1
    for tour in range(tours):
        with _deposees(banc, nombre, commises=plusieurs) as ids:
            feuilles = banc.env["cnas.feuille_soin"].browse(ids)
            gestes = {"etalon": lambda i=ids: banc.cr.execute(ETALON, {"ids": i}), "controle": lambda f=feuilles: f._controler()}
            # l'un puis l'autre en premier : le second lit les versions mortes que laisse le premier
            durees.append({nom: banc.chrono(gestes[nom], fois=1) for nom in sorted(gestes, reverse=not tour % 2)})
            if tour == tours - 1:
                _repartition(banc, feuilles)
    comptees = durees[1:] or durees
    return tuple(statistics.median(duree[nom] for duree in comptees) for nom in ("etalon", "controle"))


def _requetes(banc, nombre):
    ids = reference.deposer_feuilles(banc.cr, nombre)
    compte = banc.requetes(banc.env["cnas.feuille_soin"].browse(ids)._controler)
    banc.cr.rollback()
    return compte


def _en_parallele(banc, nombre):
    """Compare le débit de deux lots de foyers distincts, contrôlés en même temps par deux processus, à celui d'un seul."""
    from odoo.addons.cnas_feuilles_soin.liquidation.execution import ordonner_par_foyer

    with _deposees(banc, 2 * nombre) as ids:
        couples, _foyers, _jours = ordonner_par_foyer(banc.env, ids)
        banc.cr.commit()
        coupe = next(rang for rang in range(nombre, len(couples)) if couples[rang][1] != couples[rang - 1][1])
        lots = [[feuille for feuille, _foyer in morceau] for morceau in (couples[:coupe], couples[coupe:])]
        seul, ensemble = _controler_en(banc.base, lots[:1]), _controler_en(banc.base, lots)
    debit = seul * sum(map(len, lots)) / ensemble / len(lots[0])
    banc.noter(f"deux lots de {nombre} en parallèle", debit, "× un seul", f"{ensemble:.2f} s / {seul:.2f} s", "≥ 1,7 ×", debit >= 1.7)


def _controler_en(base, lots):
    """Contrôle chaque lot dans son processus, écritures annulées ; rend la durée du départ au dernier arrivé."""
    fourche = multiprocessing.get_context("fork")
    depart = fourche.Barrier(len(lots) + 1)
    processus = [fourche.Process(target=_controler_a_part, args=(base, lot, depart)) for lot in lots]
    for un in processus:
        un.start()
    depart.wait(300)
    debut = time.perf_counter()
    for un in processus:
        un.join()
    duree = time.perf_counter() - debut
    if any(un.exitcode for un in processus):
        raise RuntimeError("un des lots contrôlés en parallèle a échoué")
    return duree


def _controler_a_part(base, lot, depart):
    # les connexions du père ne se partagent pas : un registre hérité garde celles de son magasin
    odoo.sql_db._Pool = None
    registre = odoo.registry(base)
    registre._db = odoo.sql_db.db_connect(base)
    with registre.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True, "lang": "fr_FR"})
        depart.wait(300)
        env["cnas.feuille_soin"].browse(lot)._controler()
        env.flush_all()
        cr.rollback()


class _Fil:
    """Recueille le temps passé dans chaque règle."""

    horloge = staticmethod(time.perf_counter)

    def __init__(self):
        self.couts = {}

    def noter(self, code, duree):
        """Ajoute la durée d'un passage de la règle."""
        self.couts[code] = self.couts.get(code, 0) + duree


def _repartition(banc, feuilles):
    """Dit où mène le contrôle (un lot tout rejeté n'est pas un lot rapide) et ce que coûte chaque règle."""
    from odoo.addons.cnas_feuilles_soin.liquidation.execution import Execution
    from odoo.addons.cnas_feuilles_soin.regles.registre import REGLES

    fil = _Fil()
    debut = time.perf_counter()
    etats = Execution(banc.env, REGLES, feuilles.ids, au_fil=fil).mener()
    duree = time.perf_counter() - debut
    memoire = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    banc.noter(f"mémoire au plus, à {len(feuilles)}", memoire, "Mo", but="< 1 000", atteint=memoire < 1_000)
    print(f"    {len(feuilles)} feuilles : {dict(etats)} ({duree:.1f} s, dont règles {sum(fil.couts.values()):.1f} s)", flush=True)
    rangees = sorted(fil.couts.items(), key=lambda paire: -paire[1])
    for debut_rang in range(0, len(rangees), 8):
        print("    " + "  ".join(f"{code} {1e6 * cout / len(feuilles):5.1f}" for code, cout in rangees[debut_rang:debut_rang + 8])
              + ("   µs par feuille" if not debut_rang else ""), flush=True)
