"""Ce que tous les indicateurs lisent : les feuilles et les lignes de la période, une fois, dans des tables du temps du calcul."""
from odoo.tools import SQL

from odoo.addons.cnas_base.impression.langue import sql_francais

TABLES = ("ctl_ligne", "ctl_feuille", "ctl_mesure")

FEUILLES = """
    CREATE TEMPORARY TABLE ctl_feuille ON COMMIT DROP AS
    SELECT f.id, f.formation_id, f.assure_id, f.praticien_id, f.date_soins AS soins, f.date_depot AS depot,
           coalesce(f.date_fin_soins, f.date_soins) AS fin, date_trunc('month', f.date_soins)::date AS mois,
           f.type_soins = 'hospitalisation' AS hospitalise, coalesce(f.urgence, false) AS urgence,
           coalesce(f.montant_facture, 0)::float8 AS montant, f.pathologie_id, f.saisie_par_id, f.decidee_par_id, f.reference,
           coalesce(f.type_formation, s.type_formation) AS type, coalesce(nullif(f.niveau_formation, 0), s.niveau) AS niveau, s.district_id, s.province_id,
           coalesce(a.assure_principal_id, a.id) AS menage, a.province_id AS province_assure, a.date_deces, a.date_radiation,
           date_part('year', a.date_naissance)::int AS naissance,
           l.panier, l.lignes, l.consultations, l.minutes, l.medicaments, l.examens, l.antibiotiques, l.injections, l.ordonnance
      FROM cnas_feuille_soin f
      JOIN cnas_formation_sanitaire s ON s.id = f.formation_id
      JOIN cnas_assure a ON a.id = f.assure_id
      LEFT JOIN (
        SELECT feuille_id, hashtextextended(string_agg(concat_ws('x', prestation_id, quantite, prix), ';' ORDER BY prestation_id, quantite, prix), 0) AS panier,
               hashtextextended(string_agg(CASE WHEN type = 'medicament' THEN prestation_id::text END, ';' ORDER BY prestation_id), 1) AS ordonnance,
               count(*) AS lignes,
               coalesce(sum(quantite) FILTER (WHERE consultation), 0) AS consultations,
               coalesce(sum(quantite * minutes), 0) AS minutes,
               count(*) FILTER (WHERE type = 'medicament') AS medicaments,
               count(*) FILTER (WHERE type = 'examen') AS examens,
               count(*) FILTER (WHERE antibiotique) AS antibiotiques,
               count(*) FILTER (WHERE injection) AS injections
          FROM ctl_ligne GROUP BY 1) l ON l.feuille_id = f.id
     WHERE f.state NOT IN ('brouillon', 'annulee') AND f.date_soins BETWEEN %(debut)s AND %(fin)s
"""
LIGNES = f"""
    CREATE TEMPORARY TABLE ctl_ligne ON COMMIT DROP AS
    SELECT l.feuille_id, f.formation_id, f.assure_id, f.praticien_id, f.date_soins AS soins, l.prestation_id, coalesce(l.quantite, 0) AS quantite,
           coalesce(l.prix_unitaire, 0)::bigint AS prix, coalesce(l.tarif, 0)::bigint AS tarif, p.code, p.type_prestation AS type, p.categorie,
           p.categorie IN ('consultation', 'cpn', 'visite') AS consultation,
           CASE WHEN p.type_prestation = 'acte' THEN coalesce((%(minutes)s::jsonb ->> p.categorie)::int, 0) ELSE 0 END AS minutes,
           coalesce(m.code_atc LIKE 'J01%%', false) AS antibiotique,
           p.type_prestation = 'medicament' AND ({sql_francais("p.name")} ILIKE '%%inject%%' OR m.forme ILIKE '%%inject%%') AS injection
      FROM cnas_feuille_soin_ligne l
      JOIN cnas_feuille_soin f ON f.id = l.feuille_id
      JOIN cnas_prestation p ON p.id = l.prestation_id
      LEFT JOIN cnas_medicament m ON m.prestation_id = p.id
     WHERE f.state NOT IN ('brouillon', 'annulee') AND f.date_soins BETWEEN %(debut)s AND %(fin)s
"""
INDEX = (
    "CREATE INDEX ON ctl_feuille (assure_id, soins)", "CREATE INDEX ON ctl_feuille (id)", "CREATE INDEX ON ctl_ligne (feuille_id)",
    "ANALYZE ctl_feuille", "ANALYZE ctl_ligne",
)


def preparer(calcul):
    """Pose les deux tables ; un calcul précédent de la même transaction s'efface."""
    cr = calcul.env.cr
    cr.execute(SQL("DROP TABLE IF EXISTS %s", SQL(", ").join(map(SQL.identifier, TABLES))))
    cr.execute(LIGNES, {"debut": calcul.debut, "fin": calcul.fin, "minutes": minutes(calcul.seuil("frd_03_minutes"))})
    cr.execute(FEUILLES, {"debut": calcul.debut, "fin": calcul.fin})
    for requete in INDEX:
        cr.execute(requete)


def minutes(texte):
    """Rend en JSON les durées « consultation:10, chirurgie:60 » ; ce qui ne se lit pas compte pour rien."""
    morceaux = (mot.partition(":") for mot in (texte or "").split(","))
    return "{" + ", ".join(f'"{c.strip()}": {int(v)}' for c, _s, v in morceaux if c.strip().isidentifier() and v.strip().isdigit()) + "}"
