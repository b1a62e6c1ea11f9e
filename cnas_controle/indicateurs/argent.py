"""Ce que disent les montants, les comptes et les agents."""
from odoo.tools import SQL
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.jour import sql_jour

from .registre import indicateur


@indicateur("FRD-07", "formation", _lt("{nombre} feuilles du même bénéficiaire le {debut}, chacune juste sous {reference} FCFA."))
def fractionnement(calcul):
    """Deux feuilles du même jour, chacune juste sous le seuil du contrôle médical."""
    seuil = calcul.seuil("PLF-03.seuil")
    return SQL("""
        SELECT formation_id AS cible, concat_ws(':', assure_id, soins) AS cle, soins AS debut, soins AS fin, count(*)::float8 AS valeur, %(seuil)s::float8 AS reference,
               count(*)::int AS nombre, array_agg(id) AS feuilles, NULL AS detail
          FROM ctl_feuille WHERE montant >= %(seuil)s * %(part)s / 100.0 AND montant < %(seuil)s GROUP BY formation_id, assure_id, soins HAVING count(*) >= 2
    """, seuil=seuil, part=calcul.seuil("frd_07_part"))


@indicateur("FRD-08", "formation", _lt("{nombre} feuilles dans les derniers centièmes sous {detail} FCFA, quand on en attend {reference}."))
def juste_sous_le_seuil(calcul):
    """Trop de montants juste sous le seuil, comparés à la bande de même largeur au-dessous, au-delà de ce que le hasard y met."""
    seuil, bande = calcul.seuil("PLF-03.seuil"), calcul.seuil("frd_08_bande")
    return SQL("""
        WITH bandes AS (
            SELECT formation_id, min(soins) AS debut, max(soins) AS fin, count(*) FILTER (WHERE montant >= %(haut)s) AS dessus, count(*) FILTER (WHERE montant < %(haut)s) AS dessous,
                   array_agg(id) FILTER (WHERE montant >= %(haut)s) AS ids FROM ctl_feuille WHERE montant >= %(bas)s AND montant < %(seuil)s GROUP BY 1)
        SELECT formation_id AS cible, to_char(fin, '"seuil:"YYYY') AS cle, debut, fin, dessus::float8 AS valeur, dessous::float8 AS reference, dessus::int AS nombre, ids AS feuilles, %(seuil)s::text AS detail
          FROM bandes WHERE dessus >= %(nombre)s AND dessus > dessous * %(ratio)s + 2 * sqrt(dessous + 1)
    """, seuil=seuil, haut=seuil * (100 - bande) / 100, bas=seuil * (100 - 2 * bande) / 100, nombre=calcul.seuil("frd_08_feuilles"), ratio=calcul.seuil("frd_08_ratio"))


@indicateur("FRD-22", "formation", {
    "khi": _lt("Premiers chiffres peu vraisemblables sur {nombre} montants libres."),
    "ronds": _lt("Trop de chiffres ronds sur {nombre} montants libres."),
})
def montants_inventes(calcul):
    """Montants libres (sans tarif, ou différents du tarif) : premier chiffre contraire à Benford, ou trop de multiples de 1 000."""
    return SQL("""
        WITH libres AS (SELECT formation_id, feuille_id, soins, prix, left(prix::text, 1)::int AS chiffre FROM ctl_ligne WHERE prix > 0 AND prix <> tarif),
        nombreux AS (SELECT formation_id, count(*) AS n, avg((mod(prix, 1000) = 0)::int) * 100 AS ronds, min(soins) AS debut, max(soins) AS fin, array_agg(DISTINCT feuille_id) AS ids
                       FROM libres GROUP BY 1 HAVING count(*) >= %(nombre)s),
        comptes AS (SELECT n.formation_id, c.chiffre, n.n * log(1 + 1.0 / c.chiffre) AS attendu,
                           (SELECT count(*) FROM libres l WHERE l.formation_id = n.formation_id AND l.chiffre = c.chiffre) AS vu
                      FROM nombreux n, generate_series(1, 9) AS c (chiffre)),
        khi AS (SELECT formation_id, sum((vu - attendu) ^ 2 / attendu)::float8 AS khi2 FROM comptes GROUP BY 1)
        SELECT formation_id AS cible, to_char(fin, '"libres:"YYYY') AS cle, debut, fin, khi2 AS valeur, %(khi2)s::float8 AS reference, n::int AS nombre, ids AS feuilles,
               CASE WHEN khi2 > %(khi2)s THEN 'khi' ELSE 'ronds' END AS detail
          FROM khi JOIN nombreux USING (formation_id) WHERE khi2 > %(khi2)s OR ronds > %(ronds)s
    """, nombre=calcul.seuil("frd_22_montants"), khi2=calcul.seuil("frd_22_khi2"), ronds=calcul.seuil("frd_22_ronds"))


@indicateur("FRD-24", "formation", {
    "rib": _lt("Le RIB finissant par {detail} paie {nombre} titulaires."),
    "ordre": _lt("RIB changé le {debut}, gros paiement ensuite."),
})
def rib_partage(calcul):
    """Le même RIB pour plusieurs formations ou assurés, ou un RIB changé peu avant un gros paiement."""
    return SQL("""
        WITH comptes AS (
            SELECT 'f' || f.id AS qui, f.id AS formation_id, b.sanitized_acc_number AS rib FROM cnas_formation_sanitaire f
              JOIN res_partner_bank b ON b.id IN (f.compte_principal_id, f.compte_pharmacie_id)
             UNION
            SELECT coalesce('f' || formation_id, 'a' || assure_id, 'e' || employeur_id), formation_id, regexp_replace(upper(numero), '[^0-9A-Z]', '', 'g')
              FROM cnas_compte_paiement WHERE nature = 'banque' AND state = 'actif'),
        partages AS (SELECT rib, count(DISTINCT qui) AS n FROM comptes GROUP BY 1 HAVING count(DISTINCT qui) > 1)
        SELECT DISTINCT c.formation_id AS cible, 'rib:' || md5(p.rib) AS cle, %(debut)s::date AS debut, %(fin)s::date AS fin, p.n::float8 AS valeur, 1::float8 AS reference, p.n::int AS nombre,
               '{}'::int[] AS feuilles, 'rib:' || right(p.rib, 4) AS detail
          FROM partages p JOIN comptes c USING (rib) WHERE c.formation_id IS NOT NULL
         UNION ALL
        SELECT o.formation_id, 'ordre:' || o.id, %(creation)s, o.date_paiement, o.montant::float8, %(montant)s, 1,
               ARRAY(SELECT id FROM cnas_feuille_soin WHERE facture_id = o.facture_id LIMIT 500), 'ordre'
          FROM cnas_ordre_paiement o JOIN res_partner_bank b ON b.id = o.compte_bancaire_id
         WHERE o.state = 'paye' AND o.formation_id IS NOT NULL AND o.date_paiement BETWEEN %(debut)s AND %(fin)s AND o.montant >= %(montant)s
           AND o.date_paiement - %(creation)s BETWEEN 0 AND %(jours)s
           AND EXISTS (SELECT 1 FROM res_partner_bank v WHERE v.partner_id = b.partner_id AND v.id < b.id)
    """, debut=calcul.debut, fin=calcul.fin, creation=SQL(sql_jour("b.create_date")), montant=calcul.seuil("frd_24_montant"), jours=calcul.seuil("frd_24_jours"))


@indicateur("FRD-25", "usager", {
    "part": _lt("Décide {valeur} % des dossiers d'une même formation."),
    "saisie": _lt("Valide {nombre} feuilles de sa propre saisie."),
})
def connivence(calcul):
    """Un agent qui décide presque tout d'une formation, ou ce qu'il a saisi lui-même."""
    return SQL("""
        WITH decisions AS (SELECT decidee_par_id, formation_id, count(*) AS n, array_agg(id) AS ids, min(soins) AS debut, max(soins) AS fin
                             FROM ctl_feuille WHERE decidee_par_id IS NOT NULL GROUP BY 1, 2),
        parts AS (SELECT *, sum(n) OVER (PARTITION BY formation_id) AS total, count(*) OVER () > 1 AS plusieurs FROM decisions)
        SELECT decidee_par_id AS cible, 'part:' || formation_id || to_char(fin, ':YYYY') AS cle, debut, fin, (100.0 * n / total)::float8 AS valeur, %(part)s::float8 AS reference, n::int AS nombre, ids AS feuilles, 'part' AS detail
          FROM parts WHERE total >= %(nombre)s AND n * 100 > total * %(part)s AND decidee_par_id <> 1
         UNION ALL
        SELECT decidee_par_id, to_char(max(soins), '"saisie:"YYYY'), min(soins), max(soins), count(*), 0, count(*)::int, array_agg(id), 'saisie'
          FROM ctl_feuille WHERE decidee_par_id = saisie_par_id AND decidee_par_id <> 1 GROUP BY 1
    """, part=calcul.seuil("frd_25_part"), nombre=calcul.seuil("frd_25_dossiers"))


@indicateur("FRD-35", "assure", _lt("Le compte de paiement {detail} sert {nombre} titulaires."))
def compte_partage(calcul):
    """Le même compte de paiement, banque ou téléphone, pour plusieurs titulaires."""
    return SQL("""
        WITH comptes AS (SELECT assure_id, formation_id, coalesce('a' || assure_id, 'f' || formation_id, 'e' || employeur_id) AS qui, CASE WHEN nature = 'banque' THEN regexp_replace(numero, '\\D', '', 'g') ELSE right(regexp_replace(numero, '\\D', '', 'g'), 8) END AS numero
                           FROM cnas_compte_paiement WHERE nature <> 'guichet' AND state = 'actif'),
        partages AS (SELECT numero, count(DISTINCT qui) AS n FROM comptes GROUP BY 1 HAVING count(DISTINCT qui) > 1)
        SELECT min(c.assure_id) AS cible, p.numero AS cle, %s::date AS debut, %s::date AS fin, p.n::float8 AS valeur, 1::float8 AS reference, p.n::int AS nombre, '{}'::int[] AS feuilles,
               '…' || right(p.numero, 4) AS detail
          FROM partages p JOIN comptes c USING (numero) WHERE c.assure_id IS NOT NULL GROUP BY p.numero, p.n
    """, calcul.debut, calcul.fin)


@indicateur("FRD-36", "usager", _lt("Cet agent et la formation « {detail} » partagent un téléphone, un courriel ou un compte."))
def agent_lie(calcul):
    """Un agent et une formation qui partagent un moyen de les joindre ou de les payer."""
    return SQL("""
        WITH agents AS (
            SELECT DISTINCT u.id, u.partner_id, lower(p.email) AS courriel, right(regexp_replace(coalesce(p.phone, ''), '\\D', '', 'g'), 8) AS fixe,
                   right(regexp_replace(coalesce(p.mobile, ''), '\\D', '', 'g'), 8) AS mobile
              FROM res_users u JOIN res_partner p ON p.id = u.partner_id
             WHERE u.active AND NOT u.share AND u.id > 2),
        formations AS (
            SELECT f.id, f.name, f.partner_id, lower(f.email) AS courriel, right(regexp_replace(coalesce(f.telephone_1, ''), '\\D', '', 'g'), 8) AS t1,
                   right(regexp_replace(coalesce(f.telephone_2, ''), '\\D', '', 'g'), 8) AS t2 FROM cnas_formation_sanitaire f)
        SELECT a.id AS cible, f.id::text AS cle, %(debut)s::date AS debut, %(fin)s::date AS fin, 1::float8 AS valeur, 0::float8 AS reference, 1 AS nombre,
               ARRAY(SELECT x.id FROM ctl_feuille x WHERE x.formation_id = f.id AND x.decidee_par_id = a.id LIMIT 500) AS feuilles, f.name AS detail
          FROM agents a JOIN formations f ON f.courriel = a.courriel
            OR (length(a.fixe) = 8 AND a.fixe IN (f.t1, f.t2)) OR (length(a.mobile) = 8 AND a.mobile IN (f.t1, f.t2))
            OR EXISTS (SELECT 1 FROM res_partner_bank x JOIN res_partner_bank y ON y.sanitized_acc_number = x.sanitized_acc_number
                        WHERE x.partner_id = a.partner_id AND y.partner_id = f.partner_id)
    """, debut=calcul.debut, fin=calcul.fin)
