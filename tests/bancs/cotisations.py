"""Douze mois, deux cents employeurs : Σ appels − Σ encaissements = Σ soldes, au franc, à toute date."""
import random
import time
from datetime import date, timedelta
from unittest.mock import patch

from dateutil.relativedelta import relativedelta

from odoo.addons.cnas_base.jour import aujourd_hui

TITRE = "Appels − encaissements = soldes"
EMPLOYEURS, MOIS = 200, 12
MODELES = "odoo.addons.cnas_cotisations.models"
# D'un côté nos documents, de l'autre le compte de tiers : deux chemins, un même solde.
SQL_DOCUMENTS = """
SELECT (SELECT COALESCE(sum(montant), 0) FROM cnas_appel_cotisation
         WHERE cotisant_id = ANY(%(comptes)s) AND move_id IS NOT NULL AND date_appel <= %(jour)s)
     - (SELECT COALESCE(sum(montant), 0) FROM cnas_appel_cotisation
         WHERE cotisant_id = ANY(%(comptes)s) AND state = 'annule' AND date_annulation <= %(jour)s)
     - (SELECT COALESCE(sum(montant), 0) FROM cnas_encaissement WHERE cotisant_id = ANY(%(comptes)s) AND date <= %(jour)s)
     + (SELECT COALESCE(sum(montant), 0) FROM cnas_encaissement
         WHERE cotisant_id = ANY(%(comptes)s) AND state = 'annule' AND date_annulation <= %(jour)s)
"""


def mesurer(banc):
    """But : aucun franc d'écart à aucun jour de l'année, des requêtes qui ne dépendent pas du nombre d'employeurs."""
    env, alea = banc.env, random.Random(2026)
    nombre = max(20, int(EMPLOYEURS * banc.echelle))
    env["res.company"]._cnas_societe()._cnas_preparer_comptes()
    employeurs = env["cnas.employeur"].create([{"raison_sociale": f"Banc {rang}", "type_employeur": "ong"} for rang in range(nombre)])
    employeurs.action_activer()
    comptes = env["cnas.cotisant"]._de(employeurs)
    debut = aujourd_hui().replace(day=1) - relativedelta(months=MOIS)
    depart = time.perf_counter()
    for rang in range(MOIS):
        mois = debut + relativedelta(months=rang)
        _vivre(env, mois + relativedelta(months=1, days=9), _appeler, comptes, mois, alea)
        _vivre(env, mois + relativedelta(months=1, days=24), _encaisser, comptes, mois, alea)
    duree = time.perf_counter() - depart
    env.flush_all()
    fiches = env["cnas.cotisant"].union(*comptes.values())
    banc.noter("appels émis", len(fiches.appel_ids), "appels", f"{duree:.0f} s", f"{nombre * MOIS}", len(fiches.appel_ids) == nombre * MOIS)
    banc.noter("reçus, un annulé sur cinquante", len(fiches.encaissement_ids), "reçus", but="≥ 1", atteint=bool(fiches.encaissement_ids))
    _comparer(banc, fiches, debut)
    _equilibre(banc, fiches)
    _requetes(banc, comptes)


def _vivre(env, jour, geste, *arguments):
    """Joue un geste un jour donné, jamais plus tard qu'aujourd'hui."""
    jour = min(jour, aujourd_hui())
    with patch(f"{MODELES}.appel_cotisation.aujourd_hui", lambda: jour), patch(f"{MODELES}.encaissement.aujourd_hui", lambda: jour):
        geste(env, jour, *arguments)
        env.flush_all()


def _appeler(env, _jour, comptes, mois, alea):
    env["cnas.appel_cotisation"]._emettre([{
        "sorte": "initial", "cotisant_id": compte.id, "periode": mois,
        "lignes": [{"part_employeur": alea.randrange(20_000, 900_000), "part_salarie": alea.randrange(10_000, 400_000)}]}
        for compte in comptes.values()])


def _encaisser(env, jour, comptes, mois, alea):
    """Les deux tiers paient ; certains trop, certains en partie ; un reçu sur cinquante s'annule."""
    payeurs = [compte for compte in comptes.values() if alea.random() < 0.66]
    situations = env["cnas.cotisant"].union(*payeurs)._situation_au(jour)
    recus = env["cnas.encaissement"].create([{
        "cotisant_id": compte.id, "mode": "virement", "date": jour, "reference": f"BANC-{mois:%Y%m}-{compte.id}",
        "montant": max(1, int(situations[compte.id]["solde"] * alea.choice((1, 1, 1, 0.4, 1.3))))} for compte in payeurs])
    for recu in recus[::50]:
        recu.action_annuler("Chèque impayé, au banc")


def _comparer(banc, fiches, debut):
    """Compare les documents, les soldes et la balance âgée, chaque semaine de l'année et aujourd'hui."""
    jour, fin, pires, jours = debut, aujourd_hui() + timedelta(days=1), [0, 0], 0
    while jour <= fin:
        banc.cr.execute(SQL_DOCUMENTS, {"comptes": fiches.ids, "jour": jour})
        documents = int(banc.cr.fetchone()[0])
        situations = fiches._situation_au(jour).values()
        soldes = int(sum(s["solde"] for s in situations))
        ages = int(sum(s["echu"] + s["non_echu"] + min(s["solde"], 0) for s in situations))
        pires = [max(pires[0], abs(documents - soldes)), max(pires[1], abs(soldes - ages))]
        jour, jours = jour + timedelta(days=7), jours + 1
    banc.noter("Σ appels − Σ encaissements − Σ soldes, au pire jour", pires[0], "FCFA d'écart", f"{jours} jours", "0", not pires[0])
    banc.noter("Σ tranches d'âge − Σ soldes, au pire jour", pires[1], "FCFA d'écart", f"{jours} jours", "0", not pires[1])


def _equilibre(banc, fiches):
    """Les pièces s'équilibrent, et le lettrage d'`account` dit le même reste que nos appels."""
    moves = (fiches.appel_ids.move_id | fiches.encaissement_ids.move_id | fiches.encaissement_ids.annulation_id).ids
    banc.cr.execute("SELECT COALESCE(sum(abs(s)), 0) FROM (SELECT sum(balance) s FROM account_move_line WHERE move_id = ANY(%s) GROUP BY move_id) x", [moves])
    ecart = int(banc.cr.fetchone()[0])
    banc.noter("pièces : débits − crédits", ecart, "FCFA d'écart", f"{len(moves)} pièces", "0", not ecart)
    restes = sum(fiches.appel_ids.mapped("reste")) - sum(fiches.encaissement_ids.mapped("trop_percu"))
    ecart = int(restes - sum(s["solde"] for s in fiches._situation_au().values()))
    banc.noter("restes lettrés − soldes", ecart, "FCFA d'écart", but="0", atteint=not ecart)


def _requetes(banc, comptes):
    """Appeler tous les employeurs coûte autant de requêtes que d'en appeler dix ; lire leurs soldes aussi."""
    env, tous = banc.env, list(comptes.values())
    mois = date(1999, 1, 1)

    def appeler(siens):
        return lambda: env["cnas.appel_cotisation"]._emettre([{
            "sorte": "initial", "cotisant_id": compte.id, "periode": mois, "lignes": [{"part_employeur": 7_000 + compte.id, "part_salarie": 3_000}]}
            for compte in siens])
    # La première vide les caches du registre : les deux qui comptent partent du même point.
    _chauffe, dix, plus = (banc.requetes(appeler(siens)) for siens in (tous[:10], tous[:10], tous))
    banc.noter(f"requêtes de {len(tous)} appels − celles de 10", plus - dix, "requêtes", f"{plus} / {dix}", "≤ 3", plus - dix <= 3)
    fiches = env["cnas.cotisant"].union(*tous)
    lire = banc.requetes(lambda: fiches._situation_au())
    banc.noter(f"requêtes des soldes de {len(tous)} cotisants", lire, "requêtes", but="1", atteint=lire <= 1)
