"""Ce que disent les feuilles elles-mêmes : copies, numéros, résultats absents."""
from odoo.tools import SQL
from odoo.tools.translate import _lt

from .registre import indicateur


@indicateur("FRD-11", "formation", _lt("{nombre} feuilles identiques (mêmes lignes, mêmes montants) pour des bénéficiaires différents."), "frd_11_feuilles")
def copier_coller(calcul):
    """Le même panier, au franc près, pour des bénéficiaires différents dans le mois."""
    return SQL("""
        SELECT formation_id AS cible, concat_ws(':', mois, panier) AS cle, min(soins) AS debut, max(soins) AS fin, count(DISTINCT assure_id)::float8 AS valeur,
               1::float8 AS reference, count(DISTINCT assure_id)::int AS nombre, array_agg(id) AS feuilles, NULL AS detail
          FROM ctl_feuille WHERE lignes >= %s GROUP BY formation_id, mois, panier HAVING count(DISTINCT assure_id) >= %s
    """, calcul.seuil("frd_panier_lignes"), calcul.seuil("frd_11_feuilles"))


@indicateur("FRD-12", "formation", {
    "meme": _lt("{nombre} feuilles à numéros consécutifs du même bénéficiaire à des dates espacées."),
    "famille": _lt("{nombre} feuilles à numéros consécutifs d'une même famille le même jour."),
}, "frd_12_suite")
def numeros_consecutifs(calcul):
    """Des numéros qui se suivent pour le même bénéficiaire à des dates espacées, ou pour une famille le même jour."""
    return SQL("""
        WITH numeros AS (
            SELECT id, formation_id, assure_id, menage, soins, substring(reference FROM '^(.*?)[0-9]+$') AS souche,
                   right(substring(reference FROM '([0-9]+)$'), 15)::bigint AS numero FROM ctl_feuille WHERE reference ~ '[0-9]$'),
        seuls AS (SELECT *, numero - row_number() OVER (PARTITION BY formation_id, souche, assure_id ORDER BY numero) AS ilot FROM numeros),
        ensemble AS (SELECT *, numero - row_number() OVER (PARTITION BY formation_id, souche, menage, soins ORDER BY numero) AS ilot FROM numeros)
        SELECT formation_id AS cible, concat_ws(':', assure_id, souche, ilot) AS cle, min(soins) AS debut, max(soins) AS fin, count(*)::float8 AS valeur,
               0::float8 AS reference, count(*)::int AS nombre, array_agg(id) AS feuilles, 'meme' AS detail
          FROM seuls GROUP BY formation_id, souche, assure_id, ilot HAVING count(*) >= %(suite)s AND max(soins) - min(soins) >= %(jours)s
         UNION ALL
        SELECT formation_id, concat_ws(':', menage, souche, ilot, soins), soins, soins, count(*), 0, count(*), array_agg(id), 'famille'
          FROM ensemble GROUP BY formation_id, souche, menage, soins, ilot HAVING count(*) >= %(suite)s AND count(DISTINCT assure_id) >= %(suite)s
    """, suite=calcul.seuil("frd_12_suite"), jours=calcul.seuil("frd_12_jours"))


@indicateur("FRD-18", "formation", _lt("{valeur} % de ses {nombre} feuilles avec examen n'ont ni résultat ni compte rendu ; ailleurs, {reference} %."), "frd_18_part")
def examens_sans_resultat(calcul):
    """Des examens sans résultat joint, là où la pratique d'en joindre existe (sinon n. d.)."""
    return SQL("""
        WITH examens AS (
            SELECT f.id, f.formation_id, f.soins, NOT EXISTS (
                       SELECT 1 FROM cnas_feuille_soin_piece p JOIN cnas_type_piece t ON t.id = p.type_id
                        WHERE p.feuille_id = f.id AND t.code IN ('RESULTAT', 'COMPTE_RENDU')) AS sans
              FROM ctl_feuille f WHERE f.examens > 0),
        tous AS (SELECT 100 * avg(sans::int)::float8 AS part FROM examens)
        SELECT formation_id AS cible, to_char(max(soins), '"examens:"YYYY') AS cle, min(soins) AS debut, max(soins) AS fin, round(100 * avg(sans::int), 1)::float8 AS valeur, max(tous.part) AS reference,
               count(*)::int AS nombre, array_agg(id) FILTER (WHERE sans) AS feuilles, NULL AS detail
          FROM examens, tous WHERE tous.part <= %(pratique)s GROUP BY 1 HAVING count(*) >= %(nombre)s AND 100 * avg(sans::int) > %(part)s
    """, part=calcul.seuil("frd_18_part"), nombre=calcul.seuil("frd_18_examens"), pratique=calcul.seuil("frd_18_pratique"))


@indicateur("FRD-29", "formation", _lt("{valeur} % des feuilles du mois ont leur jumelle dans une autre formation : {detail}."), "frd_29_part")
def facture_copiee(calcul):
    """Une formation dont la facture du mois recopie celle d'une autre."""
    return SQL("""
        WITH paniers AS (SELECT mois, formation_id, panier, count(*) AS n, array_agg(id) AS ids FROM ctl_feuille WHERE lignes >= %(lignes)s GROUP BY 1, 2, 3),
        rares AS (SELECT * FROM (SELECT *, count(*) OVER (PARTITION BY mois, panier) AS porteurs FROM paniers) p WHERE porteurs BETWEEN 2 AND 5),
        totaux AS (SELECT mois, formation_id, count(*) AS n FROM ctl_feuille GROUP BY 1, 2),
        couples AS (SELECT a.mois, a.formation_id, b.formation_id AS autre, sum(least(a.n, b.n)) AS communes,
                           array_agg(a.ids[1]) AS ids FROM rares a JOIN rares b ON b.mois = a.mois AND b.panier = a.panier AND b.formation_id <> a.formation_id GROUP BY 1, 2, 3)
        SELECT c.formation_id AS cible, concat_ws(':', c.mois, c.autre) AS cle, c.mois AS debut, (c.mois + interval '1 month' - interval '1 day')::date AS fin,
               round(100.0 * communes / t.n, 1)::float8 AS valeur, 0::float8 AS reference, communes::int AS nombre, c.ids AS feuilles, s.name AS detail
          FROM couples c JOIN totaux t ON t.mois = c.mois AND t.formation_id = c.formation_id JOIN cnas_formation_sanitaire s ON s.id = c.autre
         WHERE communes >= %(nombre)s AND communes * 100 >= t.n * %(part)s
    """, lignes=2, nombre=calcul.seuil("frd_29_feuilles"), part=calcul.seuil("frd_29_part"))
