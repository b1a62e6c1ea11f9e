"""Ce que font les formations : capacité, cotation, volumes, jours, conventions."""
from odoo.tools import SQL
from odoo.tools.translate import _lt

from .registre import Pairs, indicateur


@indicateur("FRD-04", "formation", {
    "jour": _lt("Consultations du {debut} : {valeur}, pour une capacité de {reference}."),
    "lits": _lt("Journées d'hospitalisation du mois : {valeur}, pour une capacité de {reference}."),
})
def au_dela_de_la_capacite(calcul):
    """Plus de consultations que ses prescripteurs n'en donnent, ou plus de journées que de lits (lits inconnus : n. d.)."""
    return SQL("""
        WITH prescripteurs AS (
            SELECT formation_id, mois, count(DISTINCT praticien_id) AS vus FROM ctl_feuille GROUP BY 1, 2),
        affectes AS (SELECT formation_id, count(DISTINCT praticien_id) AS n FROM cnas_affectation WHERE coalesce(date_fin, %(fin)s) >= %(debut)s GROUP BY 1),
        sejours AS (
            SELECT f.formation_id, f.mois, sum(f.fin - f.soins + 1) AS n, array_agg(f.id) AS ids, min(f.soins) AS debut, max(f.soins) AS fin
              FROM ctl_feuille f WHERE f.hospitalise GROUP BY 1, 2)
        SELECT f.formation_id AS cible, f.soins::text AS cle, f.soins AS debut, f.soins AS fin, sum(f.consultations)::float8 AS valeur,
               (max(greatest(p.vus, a.n, 1)) * %(cadence)s)::float8 AS reference, count(*)::int AS nombre, array_agg(f.id) AS feuilles, 'jour' AS detail
          FROM ctl_feuille f JOIN prescripteurs p USING (formation_id, mois) LEFT JOIN affectes a USING (formation_id)
         GROUP BY f.formation_id, f.soins HAVING sum(f.consultations) > max(greatest(p.vus, a.n, 1)) * %(cadence)s
         UNION ALL
        SELECT s.formation_id, 'lits:' || s.mois, s.debut, s.fin, s.n::float8, t.nb_lits * extract(day FROM s.mois + interval '1 month' - interval '1 day')::float8,
               s.n::int, s.ids, 'lits'
          FROM sejours s JOIN cnas_formation_sanitaire t ON t.id = s.formation_id
         WHERE t.nb_lits > 0 AND s.n > t.nb_lits * extract(day FROM s.mois + interval '1 month' - interval '1 day')
    """, debut=calcul.debut, fin=calcul.fin, cadence=calcul.seuil("frd_04_consultations"))


@indicateur("FRD-05", "formation", {
    "Paludisme grave": _lt("Paludisme grave : {valeur} des cas, quand ses pairs font {reference}."),
    "Consultations de spécialiste": _lt("Consultations de spécialiste : {valeur} des cas, quand ses pairs font {reference}."),
    "Césariennes": _lt("Césariennes : {valeur} des cas, quand ses pairs font {reference}."),
})
def surcotation(calcul):
    """Part des codes les plus chers d'une famille : paludisme grave, consultation de spécialiste, césarienne."""
    return Pairs(SQL("""
        WITH cas AS (
            SELECT f.id, f.formation_id, 'Paludisme grave' AS serie, substr(p.code, 1, 5) IN ('B50.0', 'B50.8') AS cher
              FROM ctl_feuille f JOIN cnas_pathologie p ON p.id = f.pathologie_id WHERE substr(p.code, 1, 3) IN ('B50', 'B51', 'B52', 'B53', 'B54')
             UNION ALL
            SELECT feuille_id, formation_id, 'Consultations de spécialiste', code IN ('ACT0004', 'ACT0005', 'ACT0006') FROM ctl_ligne WHERE categorie = 'consultation'
             UNION ALL
            SELECT feuille_id, formation_id, 'Césariennes', code = 'ACT0049' FROM ctl_ligne WHERE categorie = 'accouchement')
        SELECT c.formation_id AS cible, serie, mode() WITHIN GROUP (ORDER BY f.type) AS type, mode() WITHIN GROUP (ORDER BY f.niveau) AS niveau, min(f.soins) AS debut, max(f.soins) AS fin,
               avg(cher::int)::float8 AS valeur, count(*)::int AS nombre, coalesce(array_agg(c.id) FILTER (WHERE cher), '{}') AS feuilles
          FROM cas c JOIN ctl_feuille f ON f.id = c.id GROUP BY 1, 2 HAVING count(*) >= %s
    """, calcul.seuil("frd_05_cas")), plancher=0.03)


@indicateur("FRD-06", "formation", _lt("{nombre} forfaits du mois dont un élément est aussi facturé à part."), "frd_06_fois")
def degroupage(calcul):
    """Éléments d'un forfait facturés à part, le même jour ou à trois jours près."""
    return SQL("""
        WITH doubles AS (
            SELECT DISTINCT g.formation_id, g.feuille_id AS forfait, l.feuille_id AS element, g.soins
              FROM ctl_ligne g
              JOIN cnas_forfait_inclusion i ON i.forfait_id = g.prestation_id AND g.soins >= i.date_debut AND g.soins <= coalesce(i.date_fin, g.soins)
              JOIN ctl_feuille x ON x.assure_id = g.assure_id AND x.formation_id = g.formation_id AND x.soins BETWEEN g.soins - %(jours)s AND g.soins + %(jours)s
              JOIN ctl_ligne l ON l.feuille_id = x.id AND l.prestation_id = i.prestation_id)
        SELECT formation_id AS cible, to_char(soins, 'YYYY-MM') AS cle, min(soins) AS debut, max(soins) AS fin, count(DISTINCT forfait)::float8 AS valeur,
               0::float8 AS reference, count(DISTINCT forfait)::int AS nombre, array_agg(DISTINCT forfait) || array_agg(DISTINCT element) AS feuilles, NULL AS detail
          FROM doubles GROUP BY 1, 2 HAVING count(DISTINCT forfait) >= %(fois)s
    """, jours=calcul.seuil("frd_06_jours"), fois=calcul.seuil("frd_06_fois"))


@indicateur("FRD-09", "formation", _lt("{valeur} feuilles dans le mois, pour une moyenne de {reference} les mois d'avant."))
def volume_anormal(calcul):
    """Le mois dépasse la moyenne des six mois d'avant de plusieurs écarts-types."""
    return SQL("""
        WITH mois AS (SELECT formation_id, mois, count(*) AS n, array_agg(id) AS ids, min(soins) AS debut, max(soins) AS fin FROM ctl_feuille GROUP BY 1, 2),
        suites AS (SELECT *, avg(n) OVER w AS moyenne, stddev_samp(n) OVER w AS ecart, count(*) OVER w AS recul FROM mois
                   WINDOW w AS (PARTITION BY formation_id ORDER BY mois RANGE BETWEEN '6 months' PRECEDING AND '1 month' PRECEDING))
        SELECT formation_id AS cible, mois::text AS cle, debut, fin, n::float8 AS valeur, moyenne::float8 AS reference, n::int AS nombre, ids AS feuilles, NULL AS detail
          FROM suites
         WHERE recul >= 4 AND n >= %s AND n >= moyenne + %s * greatest(ecart, moyenne * 0.1) AND n * 100 >= moyenne * %s
    """, calcul.seuil("frd_09_feuilles"), calcul.seuil("frd_z"), calcul.seuil("frd_ecart_pairs"))


@indicateur("FRD-16", "formation", _lt("{nombre} feuilles programmées un dimanche ou un jour férié, sans garde déclarée."), "frd_16_fois")
def jour_ferme(calcul):
    """Des soins programmés un jour fermé, dans une formation qui n'assure pas de garde."""
    feries = [jour.strip() for jour in calcul.seuil("frd_16_feries").split(",")]
    return SQL("""
        SELECT f.formation_id AS cible, f.mois::text AS cle, min(soins) AS debut, max(soins) AS fin, count(*)::float8 AS valeur, 0::float8 AS reference,
               count(*)::int AS nombre, array_agg(f.id) AS feuilles, NULL AS detail
          FROM ctl_feuille f JOIN cnas_formation_sanitaire s ON s.id = f.formation_id
         WHERE NOT f.urgence AND NOT f.hospitalise AND s.sans_garde AND (extract(isodow FROM soins) = 7 OR to_char(soins, 'DD/MM') = ANY(%s))
         GROUP BY 1, f.mois HAVING count(*) >= %s
    """, feries, calcul.seuil("frd_16_fois"))


@indicateur("FRD-17", "formation", _lt("{valeur} de ses délivrances sans consultation, quand ses pairs font {reference}."))
def delivrance_sans_consultation(calcul):
    """Délivrer des médicaments à qui personne n'a consulté dans les quinze jours."""
    return Pairs(SQL("""
        WITH servies AS (
            SELECT f.*, NOT EXISTS (SELECT 1 FROM ctl_feuille c WHERE c.assure_id = f.assure_id AND (c.consultations > 0 OR c.hospitalise)
                                     AND c.soins BETWEEN f.soins - %s AND f.soins) AS nue
              FROM ctl_feuille f WHERE f.medicaments > 0)
        SELECT formation_id AS cible, 'Délivrances sans consultation' AS serie, mode() WITHIN GROUP (ORDER BY type) AS type, mode() WITHIN GROUP (ORDER BY niveau) AS niveau, min(soins) AS debut, max(soins) AS fin,
               avg(nue::int)::float8 AS valeur, count(*)::int AS nombre, coalesce(array_agg(id) FILTER (WHERE nue), '{}') AS feuilles
          FROM servies GROUP BY 1 HAVING count(*) >= %s
    """, calcul.seuil("frd_17_jours"), calcul.seuil("frd_17_delivrances")), plancher=0.03)


@indicateur("FRD-21", "formation", _lt("{nombre} rejets d'actes incompatibles avec le sexe ou l'âge dans le mois."), "frd_21_fois")
def sexe_ou_age(calcul):
    """Des rejets CLI-01 et CLI-02 qui se répètent : cartes prêtées."""
    return SQL("""
        SELECT f.formation_id AS cible, f.mois::text AS cle, min(f.soins) AS debut, max(f.soins) AS fin, count(DISTINCT f.id)::float8 AS valeur, 0::float8 AS reference,
               count(DISTINCT f.id)::int AS nombre, array_agg(DISTINCT f.id) AS feuilles, NULL AS detail
          FROM cnas_anomalie a JOIN cnas_regle_controle r ON r.id = a.regle_id JOIN ctl_feuille f ON f.id = a.feuille_id
         WHERE r.code IN ('CLI-01', 'CLI-02') AND a.state = 'ouverte' GROUP BY 1, f.mois HAVING count(DISTINCT f.id) >= %s
    """, calcul.seuil("frd_21_fois"))


@indicateur("FRD-23", "formation", _lt("{nombre} feuilles déposées après la fin de la convention, pour une moyenne mensuelle de {reference}."))
def apres_la_convention(calcul):
    """Des feuilles datées d'avant la fin de la convention, déposées en masse après."""
    return SQL("""
        WITH fins AS (SELECT formation_id, max(coalesce(date_fin, 'infinity')) AS fin_convention FROM cnas_convention WHERE state <> 'brouillon' GROUP BY 1),
        parts AS (
            SELECT f.formation_id, c.fin_convention, count(*) FILTER (WHERE depot > fin_convention) AS apres,
                   count(*) FILTER (WHERE depot <= fin_convention)
                       / greatest(1, count(DISTINCT date_trunc('month', depot)) FILTER (WHERE depot <= fin_convention))::float8 AS moyenne,
                   array_agg(id) FILTER (WHERE depot > fin_convention) AS ids, min(soins) AS debut, max(soins) AS fin
              FROM ctl_feuille f JOIN fins c USING (formation_id) WHERE soins <= fin_convention AND fin_convention < %s GROUP BY 1, 2)
        SELECT formation_id AS cible, fin_convention::text AS cle, debut, fin, apres::float8 AS valeur, moyenne AS reference, apres::int AS nombre, ids AS feuilles, NULL AS detail
          FROM parts WHERE apres >= %s AND apres * 100 > moyenne * %s
    """, calcul.fin, calcul.seuil("frd_23_feuilles"), calcul.seuil("frd_23_ecart"))


@indicateur("FRD-31", "formation", _lt("{valeur} FCFA facturés dans le mois, pour {reference} les trois mois d'avant en moyenne."))
def montee_brusque(calcul):
    """Le montant du mois est un multiple de celui des trois mois d'avant."""
    return SQL("""
        WITH mois AS (SELECT formation_id, mois, count(*) AS n, sum(montant) AS total, array_agg(id) AS ids, min(soins) AS debut, max(soins) AS fin FROM ctl_feuille GROUP BY 1, 2),
        suites AS (SELECT *, avg(total) OVER w AS moyenne, count(*) OVER w AS recul FROM mois
                   WINDOW w AS (PARTITION BY formation_id ORDER BY mois RANGE BETWEEN '3 months' PRECEDING AND '1 month' PRECEDING))
        SELECT formation_id AS cible, mois::text AS cle, debut, fin, total AS valeur, moyenne AS reference, n::int AS nombre, ids AS feuilles, NULL AS detail
          FROM suites WHERE recul = 3 AND n >= %s AND total * 100 >= moyenne * %s
    """, calcul.seuil("frd_09_feuilles"), calcul.seuil("frd_31_ecart"))


@indicateur("FRD-32", "formation", _lt("{valeur} de ses feuilles datées d'un samedi ou d'un dimanche, quand ses pairs font {reference}."))
def fins_de_semaine(calcul):
    """Part des fins de semaine, urgences et hospitalisations exclues, contre les pairs."""
    return Pairs(SQL("""
        SELECT formation_id AS cible, 'Fins de semaine' AS serie, mode() WITHIN GROUP (ORDER BY type) AS type, mode() WITHIN GROUP (ORDER BY niveau) AS niveau, min(soins) AS debut, max(soins) AS fin,
               avg((extract(isodow FROM soins) > 5)::int)::float8 AS valeur, count(*)::int AS nombre,
               coalesce(array_agg(id) FILTER (WHERE extract(isodow FROM soins) > 5), '{}') AS feuilles
          FROM ctl_feuille WHERE NOT urgence AND NOT hospitalise GROUP BY 1 HAVING count(*) >= %s
    """, calcul.seuil("frd_32_feuilles")), plancher=0.05)
