"""Ce que font les praticiens : journées impossibles, profils, exclusivités."""
from odoo.tools import SQL
from odoo.tools.translate import _lt

from .registre import Pairs, indicateur


@indicateur("FRD-03", "praticien", _lt("Le {debut} : {nombre} consultations et {valeur} minutes d'actes."), "frd_03_minutes_jour")
def journee_impossible(calcul):
    """Plus de consultations, ou d'heures d'actes, qu'un jour n'en contient."""
    return SQL("""
        SELECT praticien_id AS cible, soins::text AS cle, soins AS debut, soins AS fin, sum(minutes)::float8 AS valeur, %(minutes)s::float8 AS reference,
               sum(consultations)::int AS nombre, array_agg(id) AS feuilles, NULL AS detail
          FROM ctl_feuille WHERE praticien_id IS NOT NULL GROUP BY praticien_id, soins
        HAVING sum(consultations) > %(consultations)s OR sum(minutes) > %(minutes)s
    """, minutes=calcul.seuil("frd_03_minutes_jour"), consultations=calcul.seuil("frd_03_consultations"))


@indicateur("FRD-10", "praticien", {
    "Coût moyen d'une feuille": _lt("Coût moyen d'une feuille : {valeur}, quand ses pairs font {reference}."),
    "Lignes par feuille": _lt("Lignes par feuille : {valeur}, quand ses pairs font {reference}."),
    "Part des feuilles avec antibiotique": _lt("Part des feuilles avec antibiotique : {valeur}, quand ses pairs font {reference}."),
    "Part des feuilles avec injection": _lt("Part des feuilles avec injection : {valeur}, quand ses pairs font {reference}."),
})
def profil_atypique(calcul):
    """Coût, lignes, antibiotiques, injections par feuille, contre les praticiens de formations du même type et niveau."""
    return Pairs(SQL("""
        WITH par AS (
            SELECT praticien_id AS cible, mode() WITHIN GROUP (ORDER BY type) AS type, mode() WITHIN GROUP (ORDER BY niveau) AS niveau,
                   min(soins) AS debut, max(soins) AS fin, count(*) AS nombre, avg(montant) AS cout, avg(lignes)::float8 AS lignes,
                   avg((antibiotiques > 0)::int)::float8 AS antibio, avg((injections > 0)::int)::float8 AS inject, array_agg(id) AS feuilles
              FROM ctl_feuille WHERE praticien_id IS NOT NULL GROUP BY 1 HAVING count(*) >= %s)
        SELECT cible, serie, type, niveau, debut, fin, mesure AS valeur, nombre, feuilles FROM par,
               LATERAL (VALUES ('Coût moyen d''une feuille', cout), ('Lignes par feuille', lignes), ('Part des feuilles avec antibiotique', antibio),
                               ('Part des feuilles avec injection', inject)) v (serie, mesure)
    """, calcul.seuil("frd_10_feuilles")))


@indicateur("FRD-19", "praticien", _lt("{valeur} % de ses {nombre} ordonnances sont servies par une seule formation où il n'exerce pas."), "frd_19_part")
def collusion(calcul):
    """Un prescripteur dont une seule formation, où il n'exerce pas, sert presque toutes les ordonnances."""
    return SQL("""
        WITH servies AS (SELECT praticien_id, formation_id, province_id, count(*) AS n, min(soins) AS debut, max(soins) AS fin, array_agg(id) AS ids
                           FROM ctl_feuille WHERE medicaments > 0 AND praticien_id IS NOT NULL GROUP BY 1, 2, 3),
        parts AS (SELECT *, sum(n) OVER (PARTITION BY praticien_id) AS total FROM servies),
        zones AS (SELECT province_id, count(DISTINCT formation_id) AS formations FROM ctl_feuille WHERE medicaments > 0 GROUP BY 1)
        SELECT praticien_id AS cible, formation_id::text AS cle, debut, fin, round(100.0 * n / total, 1)::float8 AS valeur, %(part)s::float8 AS reference,
               total::int AS nombre, ids AS feuilles, NULL AS detail
          FROM parts JOIN zones USING (province_id)
         WHERE n * 100 > total * %(part)s AND total >= %(nombre)s AND formations >= %(officines)s
           AND EXISTS (SELECT 1 FROM cnas_affectation x WHERE x.praticien_id = parts.praticien_id)
           AND NOT EXISTS (SELECT 1 FROM cnas_affectation x WHERE x.praticien_id = parts.praticien_id AND x.formation_id = parts.formation_id)
    """, part=calcul.seuil("frd_19_part"), nombre=calcul.seuil("frd_19_ordonnances"), officines=calcul.seuil("frd_19_officines"))


@indicateur("FRD-28", "praticien", _lt("{nombre} jours du mois à {valeur} consultations au moins."), "frd_28_consultations")
def cadence_soutenue(calcul):
    """Beaucoup de consultations par jour, jour après jour."""
    return SQL("""
        WITH jours AS (SELECT praticien_id, mois, soins, sum(consultations) AS n, array_agg(id) AS ids FROM ctl_feuille
                        WHERE praticien_id IS NOT NULL GROUP BY 1, 2, 3 HAVING sum(consultations) >= %(consultations)s),
        feuilles AS (SELECT praticien_id, mois, i FROM jours, unnest(ids) i)
        SELECT j.praticien_id AS cible, j.mois::text AS cle, min(soins) AS debut, max(soins) AS fin, min(n)::float8 AS valeur, %(consultations)s::float8 AS reference,
               count(*)::int AS nombre, (SELECT array_agg(i) FROM feuilles f WHERE f.praticien_id = j.praticien_id AND f.mois = j.mois) AS feuilles, NULL AS detail
          FROM jours j GROUP BY j.praticien_id, j.mois HAVING count(*) >= %(jours)s
    """, consultations=calcul.seuil("frd_28_consultations"), jours=calcul.seuil("frd_28_jours"))
