"""Ce que font les bénéficiaires : fantômes, deux lieux, familles, nomades, excès."""
from odoo.tools import SQL
from odoo.tools.translate import _lt

from .registre import indicateur


@indicateur("FRD-01", "assure", {
    "mort": _lt("{nombre} feuille(s) d'un bénéficiaire décédé ou radié au jour des soins."),
    "loin": _lt("{nombre} feuille(s) d'un bénéficiaire sans photo, toujours dans la même formation d'une autre province."),
}, "frd_01_feuilles")
def patient_fantome(calcul):
    """Décédé ou radié ; ou jamais vu : toutes ses feuilles dans une seule formation d'une autre province."""
    return SQL("""
        SELECT assure_id AS cible, to_char(max(soins), '"fin:"YYYY') AS cle, min(soins) AS debut, max(soins) AS fin, count(*)::float8 AS valeur, 0::float8 AS reference,
               count(*) AS nombre, array_agg(id) AS feuilles, 'mort' AS detail
          FROM ctl_feuille WHERE soins > least(date_deces, date_radiation - 1) GROUP BY 1 HAVING count(*) >= %s
         UNION ALL
        SELECT f.assure_id, to_char(max(soins), '"loin:"YYYY'), min(soins), max(soins), count(*), 0, count(*), array_agg(f.id), 'loin'
          FROM ctl_feuille f
         WHERE NOT EXISTS (SELECT 1 FROM ir_attachment p WHERE p.res_model = 'cnas.assure' AND p.res_field = 'photo' AND p.res_id = f.assure_id)
         GROUP BY f.assure_id
        HAVING count(*) >= %s AND count(DISTINCT formation_id) = 1 AND min(province_id) <> min(province_assure)
    """, calcul.seuil("frd_01_feuilles"), calcul.seuil("frd_01_eloignees"))


@indicateur("FRD-02", "assure", _lt("Vu le {debut} dans {nombre} formations de districts différents, ou hospitalisé ailleurs."))
def deux_lieux(_calcul):
    """Le même jour, deux formations de districts différents ; ou hospitalisé ici et soigné là."""
    return SQL("""
        SELECT assure_id AS cible, soins::text AS cle, soins AS debut, soins AS fin, count(DISTINCT formation_id)::float8 AS valeur,
               1::float8 AS reference, count(DISTINCT formation_id) AS nombre, array_agg(DISTINCT id) AS feuilles, NULL AS detail
          FROM (SELECT x.assure_id, x.soins, x.formation_id, x.id, x.district_id FROM ctl_feuille x
                UNION ALL
                SELECT x.assure_id, x.soins, h.formation_id, h.id, h.district_id FROM ctl_feuille h JOIN ctl_feuille x
                    ON x.assure_id = h.assure_id AND x.id <> h.id AND x.soins > h.soins AND x.soins < h.fin
                 WHERE h.hospitalise) t
         GROUP BY 1, soins HAVING count(DISTINCT district_id) > 1
    """)


@indicateur("FRD-13", "formation", _lt("{nombre} membres d'un même ménage, même jour ({debut}), mêmes lignes."), "frd_13_membres")
def famille_entiere(calcul):
    """Un ménage entier, même formation, même jour, même panier."""
    return SQL("""
        SELECT formation_id AS cible, concat_ws(':', menage, soins, panier) AS cle, soins AS debut, soins AS fin,
               count(DISTINCT assure_id)::float8 AS valeur, 1::float8 AS reference, count(DISTINCT assure_id) AS nombre, array_agg(id) AS feuilles, NULL AS detail
          FROM ctl_feuille WHERE panier IS NOT NULL GROUP BY formation_id, menage, soins, panier HAVING count(DISTINCT assure_id) >= %s
    """, calcul.seuil("frd_13_membres"))


@indicateur("FRD-14", "assure", {
    "lieux": _lt("{nombre} formations en {reference} jours."),
    "dci": _lt("{nombre} délivrances du même médicament en {reference} jours."),
}, "frd_14_formations")
def nomadisme(calcul):
    """Trop de formations, ou trop de fois le même médicament, en trente jours."""
    jours = calcul.seuil("frd_14_jours")
    return SQL("""
        WITH nombreux AS (SELECT assure_id FROM ctl_feuille GROUP BY 1 HAVING count(DISTINCT formation_id) > %(formations)s),
        vus AS (
            SELECT x.assure_id, x.id, x.soins, count(DISTINCT y.formation_id) AS n, array_agg(y.id) AS ids
              FROM ctl_feuille x JOIN nombreux USING (assure_id)
              JOIN ctl_feuille y ON y.assure_id = x.assure_id AND y.soins BETWEEN x.soins - %(jours)s AND x.soins
             GROUP BY 1, 2, 3 HAVING count(DISTINCT y.formation_id) > %(formations)s),
        servis AS (
            SELECT assure_id, prestation_id, feuille_id, soins,
                   count(*) OVER (PARTITION BY assure_id, prestation_id ORDER BY soins RANGE BETWEEN %(intervalle)s::interval PRECEDING AND CURRENT ROW) AS n
              FROM ctl_ligne WHERE type = 'medicament')
        SELECT * FROM (SELECT DISTINCT ON (assure_id, date_trunc('month', soins)) assure_id AS cible, 'lieux:' || to_char(soins, 'YYYY-MM') AS cle,
               soins - %(jours)s AS debut, soins AS fin, n::float8 AS valeur, %(jours)s::float8 AS reference, n AS nombre, ids AS feuilles,
               'lieux' AS detail FROM vus ORDER BY assure_id, date_trunc('month', soins), n DESC) a
         UNION ALL
        SELECT assure_id, 'dci:' || prestation_id, min(soins), max(soins), max(n), %(jours)s, max(n), array_agg(DISTINCT feuille_id), 'dci'
          FROM servis s WHERE EXISTS (SELECT 1 FROM servis t WHERE t.assure_id = s.assure_id AND t.prestation_id = s.prestation_id AND t.n > %(delivrances)s)
         GROUP BY 1, prestation_id
    """, formations=calcul.seuil("frd_14_formations"), jours=jours, intervalle=f"{jours} days", delivrances=calcul.seuil("frd_14_delivrances"))


@indicateur("FRD-15", "assure", _lt("{valeur} FCFA facturés en un an hors affections de longue durée ; 99 assurés sur 100 restent sous {reference} FCFA."))
def consommation_extreme(calcul):
    """Bien au-dessus du 99e centile du coût, affections de longue durée exclues."""
    return SQL("""
        WITH couts AS (
            SELECT f.assure_id, sum(f.montant) AS cout, count(*) AS n, min(f.soins) AS debut, max(f.soins) AS fin, array_agg(f.id) AS ids
              FROM ctl_feuille f LEFT JOIN cnas_pathologie p ON p.id = f.pathologie_id
             WHERE p.ald IS NOT TRUE AND f.soins > %s::date - 365 GROUP BY 1),
        centile AS (SELECT percentile_cont(0.99) WITHIN GROUP (ORDER BY cout) AS p, count(*) AS n FROM couts)
        SELECT assure_id AS cible, to_char(%s::date, 'YYYY') AS cle, debut, fin, cout AS valeur, p AS reference, couts.n AS nombre, ids AS feuilles, NULL AS detail
          FROM couts, centile WHERE centile.n >= 100 AND cout * 100 > p * %s
    """, calcul.fin, calcul.fin, calcul.seuil("frd_15_ecart"))


@indicateur("FRD-20", "assure", _lt("Deux accouchements à {valeur} jours d'écart."))
def accouchements_rapproches(calcul):
    """Deux accouchements de la même assurée à moins de sept mois ; ceux de la même hospitalisation n'en font qu'un."""
    return SQL("""
        WITH naissances AS (SELECT DISTINCT assure_id, feuille_id, soins FROM ctl_ligne WHERE categorie = 'accouchement'),
        suites AS (SELECT *, lag(soins) OVER w AS avant, lag(feuille_id) OVER w AS feuille_avant FROM naissances WINDOW w AS (PARTITION BY assure_id ORDER BY soins, feuille_id))
        SELECT assure_id AS cible, soins::text AS cle, avant AS debut, soins AS fin, (soins - avant)::float8 AS valeur, 0::float8 AS reference, 2 AS nombre,
               ARRAY[feuille_avant, feuille_id] AS feuilles, NULL AS detail
          FROM suites WHERE soins < avant + make_interval(months => %s)
    """, calcul.seuil("frd_20_mois"))


@indicateur("FRD-26", "assure", _lt("{nombre} personnes du ménage ont reçu les mêmes soins le {debut}."), "frd_26_membres")
def memes_soins_du_menage(calcul):
    """Les mêmes soins à plusieurs personnes d'un ménage le même jour, où que ce soit et quel qu'en soit le prix."""
    return SQL("""
        WITH soins AS (SELECT l.feuille_id, string_agg(DISTINCT l.prestation_id::text, ';') AS quoi, count(*) AS n FROM ctl_ligne l GROUP BY 1)
        SELECT menage AS cible, concat_ws(':', soins, md5(quoi)) AS cle, soins AS debut, soins AS fin, count(DISTINCT assure_id)::float8 AS valeur,
               1::float8 AS reference, count(DISTINCT assure_id) AS nombre, array_agg(id) AS feuilles, NULL AS detail
          FROM ctl_feuille JOIN soins ON feuille_id = id WHERE n > 1 GROUP BY menage, soins, quoi HAVING count(DISTINCT assure_id) >= %s
    """, calcul.seuil("frd_26_membres"))


@indicateur("FRD-27", "formation", _lt("{nombre} inconnus l'un de l'autre, nés en {detail}, ont reçu le même panier en un mois."), "frd_27_personnes")
def inconnus_semblables(calcul):
    """Six inconnus du même âge et du même panier dans le mois."""
    return SQL("""
        SELECT formation_id AS cible, concat_ws(':', mois, naissance, panier) AS cle, min(soins) AS debut, max(soins) AS fin,
               count(DISTINCT menage)::float8 AS valeur, 1::float8 AS reference, count(DISTINCT menage) AS nombre, array_agg(id) AS feuilles, naissance::text AS detail
          FROM ctl_feuille WHERE lignes >= %s GROUP BY formation_id, mois, naissance, panier HAVING count(DISTINCT menage) >= %s
    """, calcul.seuil("frd_panier_lignes"), calcul.seuil("frd_27_personnes"))


@indicateur("FRD-30", "assure", _lt("La même ordonnance délivrée {nombre} fois, du {debut} au {fin}."), "frd_30_fois")
def ordonnance_repetee(calcul):
    """La même ordonnance, hors affection de longue durée, délivrée plusieurs fois en peu de jours."""
    return SQL("""
        WITH servies AS (
            SELECT f.*, count(*) OVER (PARTITION BY assure_id, ordonnance ORDER BY soins RANGE BETWEEN %s::interval PRECEDING AND CURRENT ROW) AS n
              FROM ctl_feuille f LEFT JOIN cnas_pathologie p ON p.id = f.pathologie_id WHERE ordonnance IS NOT NULL AND p.ald IS NOT TRUE)
        SELECT assure_id AS cible, ordonnance::text AS cle, min(soins) AS debut, max(soins) AS fin, max(n)::float8 AS valeur, 1::float8 AS reference,
               max(n) AS nombre, array_agg(id) AS feuilles, NULL AS detail
          FROM servies GROUP BY assure_id, ordonnance HAVING max(n) >= %s
    """, f"{calcul.seuil('frd_30_jours')} days", calcul.seuil("frd_30_fois"))


@indicateur("FRD-33", "assure", _lt("{nombre} feuille(s) de soins après le décès, survenu le {detail}."), "frd_33_feuilles")
def soins_apres_deces(calcul):
    """Des soins datés d'après le décès."""
    return SQL("""
        SELECT assure_id AS cible, 'deces' AS cle, min(soins) AS debut, max(soins) AS fin, count(*)::float8 AS valeur, 0::float8 AS reference,
               count(*) AS nombre, array_agg(id) AS feuilles, to_char(date_deces, 'DD/MM/YYYY') AS detail
          FROM ctl_feuille WHERE soins > date_deces GROUP BY assure_id, date_deces HAVING count(*) >= %s
    """, calcul.seuil("frd_33_feuilles"))


@indicateur("FRD-34", "assure", _lt("Soigné {nombre} fois dans deux provinces à moins de {reference} jour(s) d'écart."), "frd_34_fois")
def lieux_eloignes(calcul):
    """Actif dans deux provinces à quelques jours d'écart, plus d'une fois."""
    jours = calcul.seuil("frd_34_jours")
    return SQL("""
        WITH suites AS (
            SELECT assure_id, id, soins, province_id, lag(id) OVER w AS avant, lag(soins) OVER w AS veille, lag(province_id) OVER w AS province_avant
              FROM ctl_feuille WINDOW w AS (PARTITION BY assure_id ORDER BY soins, id))
        SELECT assure_id AS cible, to_char(soins, 'YYYY') AS cle, min(veille) AS debut, max(soins) AS fin, count(*)::float8 AS valeur, %s::float8 AS reference,
               count(*) AS nombre, array_agg(DISTINCT avant) || array_agg(DISTINCT id) AS feuilles, NULL AS detail
          FROM suites WHERE province_id <> province_avant AND soins - veille <= %s GROUP BY 1, 2 HAVING count(*) >= %s
    """, jours, jours, calcul.seuil("frd_34_fois"))
