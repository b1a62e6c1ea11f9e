"""Les formules de la table, calculées en une requête : chaque source se lit une fois, filtrée, puis les formules se suivent."""
from odoo.addons.cnas_base.impression.langue import FRANCAIS

from .definitions import AXES, DECIDEES, INDICATEURS, SOURCES

PREMIERS = 10
MOIS_DU_TRIANGLE = 24
CE_QU_ELLE_DIT = ("frais_gestion_annuels", "dotation_amed_annuelle", "reserves", "cible_amed")


def calculables(filtres, axe=None):
    """Rend les indicateurs dont toutes les sources connaissent les axes filtrés (et `axe`)."""
    voulus = {*(a for a in AXES if filtres.get(a)), *filter(None, [axe])}
    return [i for i in INDICATEURS if all(voulus <= SOURCES[s].axes.keys() for s in i.sources)]


def calculer(env, filtres, axe=None, indicateurs=None):
    """Rend {clé d'axe ou None: {code: valeur}} sur la période et les axes filtrés ; une valeur indéterminée est None.

    :param filtres: {"debut", "fin": dates, axe: identifiant, ou -1 : sans}
    :param axe: un chiffre par valeur de cet axe
    """
    retenus = [i for i in calculables(filtres, axe) if not indicateurs or i in indicateurs]
    if not retenus:
        return {}
    noms = list(dict.fromkeys(nom for i in retenus for nom in i.sources))
    morceaux = ", ".join(f"s_{nom} AS ({_source(SOURCES[nom], filtres, axe)})" for nom in noms)
    jointures = " ".join(f"LEFT JOIN s_{nom} ON {f's_{nom}.cle = axe.id' if axe else 'true'}" for nom in noms)
    table = env[AXES[axe][1]]._table if axe else "(SELECT NULL::int AS id)"
    formules = ", ".join(f"({i.formule})::float AS {i.code}" for i in retenus)
    env.flush_all()
    env.cr.execute(f"WITH {morceaux} SELECT axe.id, {formules} FROM {table} axe {jointures}", _parametres(env, filtres, noms))
    return {rang.pop("id"): rang for rang in env.cr.dictfetchall()}


def detailler(env, filtres, indicateur):
    """Rend les premiers d'un indicateur : [{"libelle", "nombre", "montant"}]."""
    nom, colonne, mesure = indicateur.detail
    source = SOURCES[nom]
    nombre = "sum(x.nombre)" if nom == "pairs" else "count(*)"
    env.flush_all()
    env.cr.execute(
        f"SELECT x.{colonne} AS libelle, {nombre} AS nombre, COALESCE({source.mesures[mesure]}, 0) AS montant FROM ({source.sql}) x "
        f"WHERE {_conditions(filtres)} GROUP BY 1 ORDER BY 3 DESC, 2 DESC, 1 LIMIT {PREMIERS}", _parametres(env, filtres))
    return [{"libelle": libelle, "nombre": int(n), "montant": int(montant)} for libelle, n, montant in env.cr.fetchall()]


def provisionner(env, debut, fin):
    """Rend ce que coûteront à la caisse les feuilles des soins de la période qui ne sont pas encore arrivées (chaînage des retards).

    Le triangle dit, par mois de soins, ce qui était arrivé 0, 1, 2… mois après ; chaque mois incomplet s'achève comme les autres.
    """
    env.cr.execute(f"""
        SELECT age_soins, retard, sum(montant_cnas) FROM (
            SELECT (12 * extract(year FROM %(fin)s::date) + extract(month FROM %(fin)s::date)
                    - 12 * extract(year FROM x.date_soins) - extract(month FROM x.date_soins))::int AS age_soins,
                   (12 * extract(year FROM x.date_depot) + extract(month FROM x.date_depot)
                    - 12 * extract(year FROM x.date_soins) - extract(month FROM x.date_soins))::int AS retard, x.montant_cnas
              FROM cnas_feuille_soin x WHERE x.state IN {DECIDEES} AND x.date_depot <= %(fin)s AND x.date_soins <= %(fin)s) t
         WHERE age_soins < {MOIS_DU_TRIANGLE} GROUP BY 1, 2""", {"fin": fin})
    arrives = {(age, retard): float(montant) for age, retard, montant in env.cr.fetchall()}
    ages = range(max((age for age, _retard in arrives), default=-1) + 1)
    cumul = {age: [sum(arrives.get((age, r), 0) for r in range(retard + 1)) for retard in range(age + 1)] for age in ages}
    mois_de_la_periode = 12 * (fin.year - debut.year) + fin.month - debut.month
    provision = 0.0
    for age in (a for a in ages if a <= mois_de_la_periode):
        acheve = connu = cumul[age][-1]
        for retard in range(age, len(ages) - 1):
            murs = [cumul[a] for a in ages if a > retard]
            base = sum(m[retard] for m in murs)
            acheve *= sum(m[retard + 1] for m in murs) / base if base else 1
        provision += acheve - connu
    return round(provision)


def _source(source, filtres, axe):
    mesures = ", ".join(f"{agregat} AS {nom}" for nom, agregat in source.mesures.items())
    cle, groupe = (f"x.{AXES[axe][0]} AS cle, ", " GROUP BY 1") if axe else ("", "")
    return f"SELECT {cle}{mesures} FROM ({source.sql}) x WHERE {_conditions(filtres)}{groupe}"


def _conditions(filtres):
    conditions = [f"x.{AXES[axe][0]} IS NULL" if valeur == -1 else f"x.{AXES[axe][0]} = ANY(%({axe})s)"
                  for axe, valeur in filtres.items() if axe in AXES and valeur]
    return " AND ".join(conditions) or "true"


def _axes(filtres):
    return {axe: valeur if isinstance(valeur, list) else [valeur] for axe, valeur in filtres.items() if axe in AXES and valeur}


def _parametres(env, filtres, sources=()):
    """Rend les valeurs de la requête : période, langue du lecteur, axes, et ce que la caisse dit d'elle-même au dernier jour si une source le lit."""
    debut, fin = filtres["debut"], filtres["fin"]
    parametres = {"debut": debut, "fin": fin, "langue": env.lang or FRANCAIS, **_axes(filtres)}
    if "caisse" not in sources:
        return parametres
    caisse = {code: env["cnas.parametre"].sudo()._au(code, fin) for code in CE_QU_ELLE_DIT}
    return {**parametres, **caisse, "provision": provisionner(env, debut, fin)}
