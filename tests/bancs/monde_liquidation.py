"""La base de référence du banc de liquidation, chargée par SQL : assurés, formations, prestations, historique."""

DEBUT, FIN = "2025-01-01", "2026-11-20"

# Proportions de la base de référence (échelle 1).
ASSURES, FORMATIONS, PRESTATIONS, TARIFS, HISTORIQUE = 1_000_000, 800, 3_000, 8, 400_000


def charger(cr, echelle):
    """Charge le monde à l'échelle donnée. Les identifiants se suivent à partir de ceux déjà présents.

    :return: dict des bornes {table: (premier, nombre)}
    """
    monde = {}
    cr.execute("SELECT id FROM cnas_regime WHERE code = 'ASS'")
    regime = cr.fetchone()[0]
    monde["assures"] = _assures(cr, max(int(ASSURES * echelle), 20_000), regime)
    monde["formations"] = _formations(cr, max(int(FORMATIONS * echelle), 50))
    monde["prestations"] = _prestations(cr, max(int(PRESTATIONS * echelle), 500))
    cr.execute("""INSERT INTO cnas_panier_soin (regime_id, date_debut)
                  SELECT %s, '2020-01-01' WHERE NOT EXISTS (
                  SELECT 1 FROM cnas_panier_soin WHERE regime_id = %s AND prestation_id IS NULL
                     AND type_prestation IS NULL AND categorie IS NULL)""", [regime, regime])
    cr.execute("SELECT id FROM cnas_pathologie WHERE sexe IS NULL AND COALESCE(age_min, 0) = 0"
               " AND COALESCE(age_max, 120) = 120 AND NOT COALESCE(ald, false) ORDER BY id")
    monde["pathologies"] = [p for (p,) in cr.fetchall()]
    feuilles(cr, monde, max(int(HISTORIQUE * echelle), 1000), "H", "validee")
    for table in ("cnas_assure", "cnas_droit", "cnas_prestation", "cnas_acte", "cnas_medicament", "cnas_config_acte",
                  "cnas_config_medicament", "cnas_feuille_soin", "cnas_feuille_soin_ligne"):
        cr.execute(f"ANALYZE {table}")
    return monde


def _bornes(cr, table):
    cr.execute(f"SELECT COALESCE(max(id), 0) FROM {table}")
    return cr.fetchone()[0]


def _recaler(cr, table):
    cr.execute(f"SELECT setval('{table}_id_seq', (SELECT max(id) FROM {table}))")


def _assures(cr, nombre, regime):
    premier = _bornes(cr, "cnas_assure")
    cr.execute("""
        INSERT INTO cnas_assure (id, matricule, nom, prenom, name, genre, regime_id, state, type_assure, famille_id,
                                 date_naissance, date_affiliation, active)
        SELECT %(p)s + g, 'BANC' || g, 'NOM' || g, 'Prénom', 'NOM' || g || ' Prénom',
               CASE WHEN g %% 2 = 0 THEN 'masculin' ELSE 'feminin' END, %(r)s, 'actif', 'principal', %(p)s + g,
               DATE '1950-01-01' + (g * 7919 %% 20000), '2020-01-01', true
          FROM generate_series(1, %(n)s) g""", {"p": premier, "n": nombre, "r": regime})
    _recaler(cr, "cnas_assure")
    cr.execute("""INSERT INTO cnas_droit (assure_id, regime_id, origine, state, date_debut)
                  SELECT %s + g, %s, 'affiliation', 'ouvert', '2020-01-01' FROM generate_series(1, %s) g""",
               [premier, regime, nombre])
    return premier, nombre


def _formations(cr, nombre):
    premier = _bornes(cr, "cnas_formation_sanitaire")
    cr.execute("""
        INSERT INTO cnas_formation_sanitaire (id, code, name, type_formation, niveau, state)
        SELECT %(p)s + g, 'BANC-' || g, 'Formation ' || g, 'hopital_reference', 4, 'active'
          FROM generate_series(1, %(n)s) g""", {"p": premier, "n": nombre})
    _recaler(cr, "cnas_formation_sanitaire")
    cr.execute("""INSERT INTO cnas_convention (formation_id, numero, state, date_debut)
                  SELECT %s + g, 'BANC-' || g, 'active', '2020-01-01' FROM generate_series(1, %s) g""",
               [premier, nombre])
    return premier, nombre


def _prestations(cr, nombre):
    """Moitié actes, moitié médicaments, huit tarifs datés chacune ; quelques-unes limitées en quantité."""
    premier = _bornes(cr, "cnas_prestation")
    cr.execute("""
        INSERT INTO cnas_prestation (id, code, name, type_prestation, categorie, niveau_min, type_soins, active,
                                     age_min, age_max, quantite_max, remboursable, acte_technique)
        SELECT %(p)s + g, 'BANC-P' || g, 'Prestation ' || g, CASE WHEN g %% 2 = 0 THEN 'acte' ELSE 'medicament' END,
               CASE WHEN g %% 2 = 0 THEN 'autre' ELSE 'medicament' END, 1, 'tous', true, 0, 120,
               CASE WHEN g %% 10 = 0 THEN 3 END, true, g %% 20 = 0
          FROM generate_series(1, %(n)s) g""", {"p": premier, "n": nombre})
    _recaler(cr, "cnas_prestation")
    for genre, reste in (("acte", 0), ("medicament", 1)):
        base = _bornes(cr, f"cnas_{genre}")
        propre = "mode_tarif" if genre == "acte" else "dci"
        valeur = "'forfait'" if genre == "acte" else "'dci ' || g"
        cr.execute(f"""
            INSERT INTO cnas_{genre} (id, prestation_id, {propre})
            SELECT %s + g, %s + g, {valeur} FROM generate_series(1, %s) g WHERE g %% 2 = {reste}""",
                   [base, premier, nombre])
        _recaler(cr, f"cnas_{genre}")
        cr.execute(f"""
            INSERT INTO cnas_config_{genre} ({genre}_id, montant, date_debut, date_fin)
            SELECT %s + g, 100 + (g * 37 %% 4000) + t * 10, make_date(2019 + t, 1, 1),
                   CASE WHEN t < %s THEN make_date(2019 + t, 12, 31) END
              FROM generate_series(1, %s) g, generate_series(1, %s) t WHERE g %% 2 = {reste}""",
                   [base, TARIFS, nombre, TARIFS])
    return premier, nombre


def feuilles(cr, monde, nombre, marque, state):
    """Ajoute des feuilles de cinq lignes, déposées ou (historique) validées.

    :return: liste des identifiants
    """
    premier = _bornes(cr, "cnas_feuille_soin")
    assure, assures = monde["assures"]
    formation, formations = monde["formations"]
    prestation, prestations = monde["prestations"]
    cr.execute("""
        INSERT INTO cnas_feuille_soin (id, numero, reference, formation_id, assure_id, date_soins, date_depot, state,
                                       type_soins, mode, papier, nature, pathologie_id, montant_facture, etat_droits,
                                       completude)
        SELECT %(p)s + g, 'BANC-' || %(m)s || lpad(g::text, 7, '0'), %(m)s || g, %(f)s + 1 + g %% %(nf)s,
               %(a)s + 1 + (g::bigint * 7907 %% %(na)s)::int, DATE %(d)s + (g + %(dec)s) %% 600, DATE %(d)s + (g + %(dec)s) %% 600 + 20, %(s)s,
               'ambulatoire', 'tiers_payant', 'agence', 'ordinaire', (%(patho)s)[1 + g %% %(np)s], 0, 'ouverts',
               'complet'
          FROM generate_series(1, %(n)s) g""", {
        "p": premier, "m": marque, "f": formation, "nf": formations, "a": assure, "na": assures, "d": DEBUT, "s": state,
        "n": nombre, "patho": monde["pathologies"], "np": len(monde["pathologies"]),
        "dec": 0 if state == "validee" else 300})
    _recaler(cr, "cnas_feuille_soin")
    decision = "acceptee" if state == "validee" else "attente"
    cr.execute("""
        INSERT INTO cnas_feuille_soin_ligne (feuille_id, sequence, prestation_id, quantite, prix_unitaire,
               montant_facture, quantite_retenue, tarif, montant_base, taux, montant_cnas, ticket_moderateur,
               depassement, montant_rejete, decision)
        SELECT f, l * 10, p, q, prix, q * prix, q * ok, prix * ok, q * prix * ok, 80 * ok,
               round(q * prix * 0.8) * ok, (q * prix - round(q * prix * 0.8)) * ok, 0, 0, %(dec)s
          FROM (SELECT %(p)s + g AS f, l, %(pr)s + 1 + (g::bigint * %(pas)s + l * 104729) %% %(np)s AS p,
                       1 + (g + l) %% 4 AS q, 100 + ((g + l) * 37 %% 3000) AS prix,
                       CASE WHEN %(dec)s = 'acceptee' THEN 1 ELSE 0 END AS ok
                  FROM generate_series(1, %(n)s) g, generate_series(1, 5) l) v""", {
        "p": premier, "pr": prestation, "np": prestations, "n": nombre, "dec": decision, "pas": 31 if state == "validee" else 37})
    cr.execute("""
        UPDATE cnas_feuille_soin f SET montant_facture = v.facture, montant_base = v.base, montant_cnas = v.part,
               ticket_moderateur = v.ticket, depassement = 0, montant_rejete = 0
          FROM (SELECT feuille_id, sum(montant_facture) AS facture, sum(montant_base) AS base, sum(montant_cnas) AS part,
                       sum(ticket_moderateur) AS ticket
                  FROM cnas_feuille_soin_ligne WHERE feuille_id > %s GROUP BY feuille_id) v
         WHERE f.id = v.feuille_id""", [premier])
    return list(range(premier + 1, premier + nombre + 1))


ETALON = """
    WITH tarife AS (
        SELECT l.id, l.feuille_id, COALESCE(t.montant, 0) AS tarif,
               LEAST(l.prix_unitaire, COALESCE(t.montant, 0)) * l.quantite AS base,
               COALESCE(x.taux, 0) AS taux, l.quantite, l.montant_facture
          FROM cnas_feuille_soin_ligne l
          JOIN cnas_feuille_soin f ON f.id = l.feuille_id
          JOIN cnas_assure a ON a.id = f.assure_id
          LEFT JOIN cnas_tarif t ON t.prestation_id = l.prestation_id AND t.niveau IS NULL
               AND t.date_debut <= f.date_soins AND (t.date_fin IS NULL OR t.date_fin >= f.date_soins)
          LEFT JOIN cnas_taux x ON x.regime_id = a.regime_id AND x.type_prestation IS NULL AND x.nature IS NULL
               AND x.date_debut <= f.date_soins AND (x.date_fin IS NULL OR x.date_fin >= f.date_soins)
         WHERE f.id = ANY(%s)
    ), lignes AS (
        UPDATE cnas_feuille_soin_ligne l
           SET quantite_retenue = t.quantite, tarif = t.tarif, montant_base = t.base, taux = t.taux,
               montant_cnas = round(t.base * t.taux / 100), ticket_moderateur = t.base - round(t.base * t.taux / 100),
               depassement = t.montant_facture - t.base, montant_rejete = 0, decision = 'acceptee'
          FROM tarife t WHERE l.id = t.id
        RETURNING l.feuille_id, l.montant_base, l.montant_cnas, l.ticket_moderateur, l.depassement
    )
    UPDATE cnas_feuille_soin f
       SET montant_base = v.base, montant_cnas = v.part, ticket_moderateur = v.ticket, depassement = v.depassement,
           montant_rejete = 0, state = 'validee'
      FROM (SELECT feuille_id, sum(montant_base) AS base, sum(montant_cnas) AS part, sum(ticket_moderateur) AS ticket,
                   sum(depassement) AS depassement FROM lignes GROUP BY feuille_id) v
     WHERE f.id = v.feuille_id
"""
