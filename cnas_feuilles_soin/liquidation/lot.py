"""Le passage d'un lot : ordre, verrous, tranches, écriture. C'est ici que la base et le moteur se parlent."""
import gc
from collections import Counter
from contextlib import contextmanager
from datetime import datetime

from . import catalogue, chargement, ecriture, moteur
from .referentiel import Referentiel

# Feuilles par tranche : au-delà, la mémoire grandit sans que le passage aille plus vite.
TRANCHE = 2500
# Une feuille en instance attend des pièces : sa régularisation la ramène à « déposée ».
ETATS_CONTROLABLES = ("deposee", "controle", "avis_medical")


def ordonner_par_famille(env, ids, etats=None):
    """Rend les identifiants, familles groupées, dans un ordre stable (celui des verrous)."""
    env.cr.execute("""
        SELECT f.id, COALESCE(a.famille_id, a.id)
          FROM cnas_feuille_soin f JOIN cnas_assure a ON a.id = f.assure_id
         WHERE f.id = ANY(%s) AND (%s IS NULL OR f.state = ANY(%s))
         ORDER BY 2, 1""", [list(ids), etats and "oui", list(etats or ())])
    return [rang[0] for rang in env.cr.fetchall()]


def tranches(env, ids):
    """Découpe les feuilles contrôlables en tranches de familles entières : [([feuilles], [familles])]."""
    env.cr.execute("""
        SELECT f.id, COALESCE(a.famille_id, a.id)
          FROM cnas_feuille_soin f JOIN cnas_assure a ON a.id = f.assure_id
         WHERE f.id = ANY(%s) AND f.state = ANY(%s)
         ORDER BY 2, 1""", [list(ids), list(ETATS_CONTROLABLES)])
    resultat, feuilles, familles = [], [], []
    for feuille, famille in env.cr.fetchall():
        if not familles or familles[-1] != famille:
            if len(feuilles) >= TRANCHE:
                resultat.append((feuilles, familles))
                feuilles, familles = [], []
            familles.append(famille)
        feuilles.append(feuille)
    if feuilles:
        resultat.append((feuilles, familles))
    return resultat


def verrouiller(cr, familles):
    """Prend le compteur de chaque famille, dans l'ordre : deux lots de la même famille ne se croisent pas.

    Le second attend, puis la base lui demande de recommencer avec une vue à jour (Odoo rejoue l'appel) :
    il voit alors tout ce que le premier a consommé.
    """
    cr.execute("""
        INSERT INTO cnas_compteur_famille (famille_id, passages)
        SELECT famille, 1 FROM unnest(%s::int[]) AS v (famille) ORDER BY famille
        ON CONFLICT (famille_id) DO UPDATE SET passages = cnas_compteur_famille.passages + 1""", [familles])


@contextmanager
def _sans_ramasse_miettes():
    """Suspend le ramasse-miettes : des centaines de milliers d'objets neufs, aucun cycle à trouver."""
    actif = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if actif:
            gc.enable()


def controler(env, ids, changer_etat=True, au_fil=None):
    """Contrôle et liquide les feuilles. Voir `cnas.feuille_soin._controler`.

    :return: {état d'arrivée: nombre de feuilles}
    """
    env.flush_all()
    cr = env.cr
    comptes = Counter()
    decoupe = tranches(env, ids)
    if not decoupe:
        return comptes
    regles = catalogue.charger(cr)
    version = sum(regle.version for regle in regles)
    cr.execute("SELECT clock_timestamp() AT TIME ZONE 'UTC'")
    instant = cr.fetchone()[0]
    referentiel = Referentiel(env, [i for feuilles, _familles in decoupe for i in feuilles])
    codes = [regle.code for regle in regles]
    for feuilles, familles in decoupe:
        with _sans_ramasse_miettes():
            verrouiller(cr, familles)
            lot = chargement.charger(env, referentiel, feuilles, codes, instant)
            moteur.evaluer(lot, regles, au_fil)
            passages = ecriture.ecrire(cr, lot, env.uid, version, changer_etat)
        _apres(env, lot, passages)
        comptes.update(f.etat for f in lot.feuilles)
    return comptes


def simuler(env, ids, surcharges=None):
    """Évalue sans rien écrire, dans l'état où chaque feuille s'est présentée (essai à blanc).

    :param surcharges: voir `catalogue.charger`
    :return: itérateur de lots évalués
    """
    env.flush_all()
    regles = catalogue.charger(env.cr, surcharges)
    ids = ordonner_par_famille(env, ids)
    referentiel = Referentiel(env, ids)
    for debut in range(0, len(ids), TRANCHE):
        tranche = ids[debut:debut + TRANCHE]
        lot = chargement.charger(env, referentiel, tranche, [regle.code for regle in regles], datetime.max)
        moteur.evaluer(lot, regles)
        yield lot


def _apres(env, lot, passages):
    """Prévient le reste du système : journal, demandes de pièces, champs calculés ailleurs."""
    Feuille = env["cnas.feuille_soin"]
    feuilles = Feuille.browse([f.id for f in lot.feuilles])
    feuilles.invalidate_recordset(flush=False)
    env["cnas.feuille_soin.ligne"].browse([li.id for f in lot.feuilles for li in f.lignes]).invalidate_recordset(
        flush=False)
    env["cnas.anomalie"].invalidate_model(flush=False)
    Feuille._inscrire_passages([(f.id, avant, apres) for f, avant, apres in passages], "Contrôle automatique", "controle")
    instances = {f.id: [c.message for c in f.anomalies if c.severite == "instance"]
                 for f, _avant, apres in passages if apres == "instance"}
    if instances:
        Feuille.sudo().browse(list(instances))._ouvrir_demandes(instances)
