"""La base de référence des bancs, chargée par SQL : reproductible, en quelques minutes, à l'échelle voulue."""
import time

from odoo.addons.cnas_assures.phonetique import cle_phonetique

CLE = "cnas.banc.echelle"
NOMS = ("ABAKAR ABDELKERIM ABDERAMANE ABDOULAYE ACHTA ADOUM AHMAT ALIFA ALLAMINE ALLATCHI ANNOUR ASSANE BAHAR BANGA BARKA BECHIR "
        "BICHARA BRAHIM DJIBRINE DJIMADOUM DJIMRANGAR DOUNGOUS FADOUL GARBA GOUKOUNI GUELENGDOUKSIA HAGGAR HAMID HAROUN HASSANE HISSEIN "
        "IDRISS ISSA KALTOUMA KEBZABO KHAMIS KODI KOLINGAR LAOUKEIN MAHAMAT MAINA MBAIHOUNDOU MBAITOLOUM MOUSSA NADJI NDJEKOUNDA "
        "NGARADOUM NGARTA NODJI OUMAR OUSMANE RAMADANE RIMADJITA SALEH SENOUSSI SOULEYMANE TAHIR TOGOI YAYA YOUSSOUF ZAKARIA").split()
PRENOMS = ("Achta Adoum Aicha Allaramadji Amina Amne Appolinaire Béchir Brahim Célestin Clarisse Dénémadji Denis Djamila Djimtebaye Esther "
           "Fatimé Florence Grâce Habiba Hadjé Halimé Hassan Haoua Idriss Issa Jacques Kadidja Khadidja Koumandji Larlem Lydie Mahamat "
           "Mariam Marthe Moussa Nadège Ngarmadji Oumar Ousmane Pauline Rachel Rémadji Rosalie Saleh Samira Solange Tatiana Younous Zara Zenaba").split()


def _etape(cr, titre, requete, parametres=None):
    debut = time.perf_counter()
    # Sans paramètre, psycopg2 ne réduit pas « %% ».
    cr.execute(requete if parametres else requete.replace("%%", "%"), parametres)
    nombre = cr.rowcount
    print(f"    {titre} : {nombre if nombre >= 0 else '…'} ({time.perf_counter() - debut:.0f} s)", flush=True)


def charger(cr, echelle=1.0):
    """Charge la base si elle ne l'est pas ; idempotent."""
    cr.execute("SELECT value FROM ir_config_parameter WHERE key = %s", [CLE])
    if cr.fetchone():
        return
    print(f"  Base de référence, échelle {echelle:g}", flush=True)
    tailles = {"assures": int(1_000_000 * echelle), "formations": max(8, int(800 * echelle)),
               "prestations": max(30, int(3_000 * echelle)), "feuilles": int(400_000 * echelle)}
    _formations(cr, tailles["formations"])
    _prestations(cr, tailles["prestations"])
    _assures(cr, tailles["assures"])
    _feuilles(cr, tailles["feuilles"])
    cr.execute("INSERT INTO ir_config_parameter (key, value) VALUES (%s, %s)", [CLE, str(echelle)])
    cr.commit()
    connexion = cr._cnx
    connexion.autocommit = True
    _etape(cr, "statistiques", "VACUUM ANALYZE")
    connexion.autocommit = False


def _formations(cr, nombre):
    """Formations actives et leur convention."""
    _etape(cr, "formations", """
        WITH lieux AS (SELECT array_agg(id ORDER BY id) AS ids, array_agg(province_id ORDER BY id) AS provinces FROM cnas_district)
        INSERT INTO cnas_formation_sanitaire (code, name, type_formation, niveau, state, district_id, province_id, urbain, date_activation, create_date, write_date)
        SELECT 'BFS' || lpad(i::text, 5, '0'), 'Formation ' || i,
               (ARRAY['centre_sante', 'hopital_district', 'hopital_provincial', 'hopital_reference'])[n], n, 'active',
               ids[1 + i %% cardinality(ids)], provinces[1 + i %% cardinality(ids)], i %% 2 = 0, '2020-01-01', now(), now()
          FROM (SELECT i, CASE WHEN i %% 20 = 0 THEN 4 WHEN i %% 10 = 0 THEN 3 WHEN i %% 4 = 0 THEN 2 ELSE 1 END AS n FROM generate_series(1, %s) i) s, lieux
    """, [nombre])
    _etape(cr, "conventions", """
        INSERT INTO cnas_convention (formation_id, numero, date_debut, date_fin, state, province_id, create_date, write_date)
        SELECT id, 'BC-' || code, '2020-01-01', '2035-12-31', 'active', province_id, now(), now()
          FROM cnas_formation_sanitaire WHERE code LIKE 'BFS%%'
    """)
    _etape(cr, "praticiens", """
        INSERT INTO cnas_praticien (name, numero_ordre, qualification, state, create_date, write_date)
        SELECT 'Praticien ' || i, 'BP' || lpad(i::text, 5, '0'), q.qualification, 'actif', now(), now()
          FROM generate_series(1, %s) i, (SELECT coalesce((SELECT qualification FROM cnas_praticien LIMIT 1), 'medecin') AS qualification) q
    """, [nombre])
    _etape(cr, "affectations", """
        INSERT INTO cnas_affectation (praticien_id, formation_id, date_debut, create_date, write_date)
        SELECT p.id, f.id, '2020-01-01', now(), now()
          FROM cnas_praticien p JOIN cnas_formation_sanitaire f ON substr(p.numero_ordre, 3) = substr(f.code, 4)
         WHERE p.numero_ordre LIKE 'BP%%' AND f.code LIKE 'BFS%%'
    """)


def _prestations(cr, nombre):
    """Prestations de quatre types, chacune avec huit périodes de tarif (2019 à 2026, la dernière ouverte)."""
    _etape(cr, "prestations", """
        INSERT INTO cnas_prestation (code, name, type_prestation, categorie, niveau_min, type_soins, active, remboursable, create_date, write_date)
        SELECT 'BPR' || lpad(i::text, 5, '0'), jsonb_build_object('en_US', 'Prestation de banc ' || i), t.type, t.categorie, 1, 'tous', true, true, now(), now()
          FROM generate_series(1, %s) i,
               LATERAL (SELECT (ARRAY['acte', 'examen', 'medicament', 'consommable'])[1 + i %% 4] AS type) g,
               LATERAL (SELECT g.type, coalesce((SELECT categorie FROM cnas_prestation p WHERE p.type_prestation = g.type ORDER BY id LIMIT 1), 'autre') AS categorie) t
    """, [nombre])
    for modele, colonnes, valeurs in (
        ("acte", ", mode_tarif", ", 'forfait'"), ("examen", ", mode_tarif", ", 'forfait'"),
        ("medicament", ", dci, generique", ", 'DCI ' || p.id, true"), ("consommable", "", ""),
    ):
        cr.execute(f"""
            INSERT INTO cnas_{modele} (prestation_id{colonnes}, create_date, write_date)
            SELECT p.id{valeurs}, now(), now() FROM cnas_prestation p WHERE p.code LIKE 'BPR%%' AND p.type_prestation = '{modele}'
        """)
        _etape(cr, f"tarifs ({modele})", f"""
            INSERT INTO cnas_config_{modele} ({modele}_id, montant, date_debut, date_fin, create_date, write_date)
            SELECT m.id, 500 + (m.prestation_id %% 40) * 250 + (annee - 2019) * 50, make_date(annee, 1, 1),
                   CASE WHEN annee < 2026 THEN make_date(annee, 12, 31) END, now(), now()
              FROM cnas_{modele} m JOIN cnas_prestation p ON p.id = m.prestation_id, generate_series(2019, 2026) annee
             WHERE p.code LIKE 'BPR%%'
        """)


def _assures(cr, nombre):
    """Familles de quatre : un principal, un conjoint, deux enfants ; droits ouverts, matricule à clé juste."""
    cr.execute("SELECT coalesce(max(id), 0) FROM cnas_assure")
    depart = cr.fetchone()[0]
    _etape(cr, "assurés", """
        INSERT INTO cnas_assure (id, matricule, nom, prenom, name, nom_phonetique, genre, statut_matrimonial, regime_id, state, type_assure, lien,
                                 assure_principal_id, famille_id, date_naissance, date_affiliation, date_immatriculation, district_id, province_id,
                                 active, create_date, write_date)
        SELECT %(depart)s + i, corps || lpad(mod(mod(98 - 100 * mod(('2913' || substr(corps, 3))::bigint, 97), 97) + 97, 97)::text, 2, '0'),
               nom, prenom, nom || ' ' || prenom, phonetique,
               CASE WHEN i %% 2 = 0 THEN 'feminin' ELSE 'masculin' END, CASE WHEN rang < 2 THEN 'marie' ELSE 'celibataire' END,
               r.id, 'actif', CASE WHEN rang = 0 THEN 'principal' ELSE 'ayant_droit' END, (ARRAY[NULL, 'conjoint', 'enfant', 'enfant'])[rang + 1],
               CASE WHEN rang > 0 THEN %(depart)s + i - rang END, %(depart)s + i - rang,
               CASE WHEN rang < 2 THEN date '1960-01-01' + (i::bigint * 7919 %% 14000)::int ELSE date '2010-01-01' + (i::bigint * 7919 %% 5000)::int END,
               '2020-01-01', '2020-01-01', d.ids[1 + i %% cardinality(d.ids)], d.provinces[1 + i %% cardinality(d.ids)], true, now(), now()
          FROM (SELECT i, (i - 1) %% 4 AS rang, (i - 1) / 4 AS famille FROM generate_series(1, %(nombre)s) i) s
          CROSS JOIN LATERAL (SELECT (%(noms)s::text[])[1 + famille %% %(n_noms)s] || ' ' || (%(noms)s::text[])[1 + (famille / %(n_noms)s) %% %(n_noms)s] AS nom,
                                     (%(prenoms)s::text[])[1 + (i * 31) %% %(n_prenoms)s] AS prenom) n
          -- Les squelettes triés, comme `cle_phonetique` : sans eux, la recherche à l'oreille ne se mesurerait pas.
          CROSS JOIN LATERAL (SELECT string_agg(DISTINCT son, ' ' ORDER BY son) AS phonetique FROM unnest(ARRAY[
              (%(sons_noms)s::text[])[1 + famille %% %(n_noms)s], (%(sons_noms)s::text[])[1 + (famille / %(n_noms)s) %% %(n_noms)s],
              (%(sons_prenoms)s::text[])[1 + (i * 31) %% %(n_prenoms)s]]) AS son) ph
          CROSS JOIN (SELECT array_agg(id ORDER BY id) AS ids, array_agg(province_id ORDER BY id) AS provinces FROM cnas_district) d
          JOIN (SELECT id, numero, row_number() OVER (ORDER BY id) - 1 AS rang_regime FROM cnas_regime) r ON r.rang_regime = famille %% (SELECT count(*) FROM cnas_regime)
          CROSS JOIN LATERAL (SELECT 'TD' || coalesce(r.numero, 0) || '26' || lpad((10000000 + i)::text, 8, '0') AS corps) c
    """, {"depart": depart, "nombre": nombre, "noms": NOMS, "n_noms": len(NOMS), "prenoms": PRENOMS, "n_prenoms": len(PRENOMS),
          "sons_noms": [cle_phonetique(nom) for nom in NOMS], "sons_prenoms": [cle_phonetique(prenom) for prenom in PRENOMS]})
    cr.execute("SELECT setval('cnas_assure_id_seq', (SELECT max(id) FROM cnas_assure))")
    _etape(cr, "droits", """
        INSERT INTO cnas_droit (assure_id, regime_id, date_debut, state, motif, origine, create_date, write_date)
        SELECT id, regime_id, '2020-01-01', 'ouvert', 'Affiliation', 'affiliation', now(), now() FROM cnas_assure WHERE id > %s
    """, [depart])


def _feuilles(cr, nombre):
    """Historique payé : cinq lignes par feuille, de janvier 2025 à octobre 2026, montants équilibrés."""
    poser(cr, nombre, prefixe="BH", etat="payee", debut="2025-01-01", jours=660)


def poser(cr, nombre, prefixe, etat, debut, jours, lignes=5):
    """Pose `nombre` feuilles de `lignes` lignes dans l'état voulu ; rend leurs identifiants (premier, dernier)."""
    cr.execute("SELECT coalesce(max(id), 0) FROM cnas_feuille_soin")
    depart = cr.fetchone()[0]
    calculee = etat in ("payee", "validee")
    parametres = {"depart": depart, "nombre": nombre, "lignes": lignes, "prefixe": prefixe, "etat": etat, "debut": debut, "jours": jours,
                  "calculee": calculee}
    cr.execute("""
        CREATE TEMP TABLE banc_prestation ON COMMIT DROP AS
        SELECT row_number() OVER (ORDER BY p.id) - 1 AS rang, p.id, t.montant
          FROM cnas_prestation p JOIN cnas_tarif t ON t.prestation_id = p.id AND t.date_debut = '2026-01-01' WHERE p.code LIKE 'BPR%%';
        CREATE TEMP TABLE banc_formation ON COMMIT DROP AS
        SELECT row_number() OVER (ORDER BY f.id) - 1 AS rang, f.id, p.id AS praticien_id
          FROM cnas_formation_sanitaire f LEFT JOIN cnas_praticien p ON p.numero_ordre = 'BP' || substr(f.code, 4) WHERE f.code LIKE 'BFS%%';
        CREATE TEMP TABLE banc_assure ON COMMIT DROP AS
        SELECT row_number() OVER (ORDER BY id) - 1 AS rang, id FROM cnas_assure WHERE substr(matricule, 6) LIKE '1%%' AND date_affiliation = '2020-01-01';
        CREATE TEMP TABLE banc_agence ON COMMIT DROP AS SELECT row_number() OVER (ORDER BY id) - 1 AS rang, id, code FROM cnas_agence;
        CREATE TEMP TABLE banc_pathologie ON COMMIT DROP AS
        SELECT row_number() OVER (ORDER BY id) - 1 AS rang, id FROM cnas_pathologie
         WHERE coalesce(sexe, '') = '' AND coalesce(age_min, 0) = 0 AND NOT coalesce(ald, false) AND NOT coalesce(maternite, false);
        ANALYZE banc_prestation; ANALYZE banc_formation; ANALYZE banc_assure; ANALYZE banc_agence; ANALYZE banc_pathologie;
        CREATE TEMP TABLE banc_ligne ON COMMIT DROP AS
        SELECT %(depart)s + i AS feuille_id, j, p.id AS prestation_id, 1 + (i + j) %% 2 AS quantite, p.montant AS prix,
               (1 + (i + j) %% 2) * p.montant AS montant, floor((1 + (i + j) %% 2) * p.montant * 0.8) AS cnas
          FROM generate_series(1, %(nombre)s) i CROSS JOIN generate_series(0, %(lignes)s - 1) j
          JOIN banc_prestation p ON p.rang = (i * 7 + j * 13) %% (SELECT count(*) FROM banc_prestation);
    """, parametres)
    _etape(cr, f"feuilles ({etat})", """
        INSERT INTO cnas_feuille_soin (id, numero, reference, formation_id, agence_id, assure_id, praticien_id, pathologie_id, state, type_soins, mode, nature,
                                       etat_droits, completude, papier, urgence, date_soins, date_fin_soins, date_depot, date_controle, date_decision,
                                       montant_facture, montant_base, montant_cnas, ticket_moderateur, depassement, montant_rejete, create_date, write_date)
        SELECT %(depart)s + i, a.code || '-%(prefixe_brut)s-' || lpad(i::text, 7, '0'), '%(prefixe_brut)s' || lpad(i::text, 7, '0'), f.id, a.id, s.id, f.praticien_id, pa.id,
               %(etat)s, 'ambulatoire', 'tiers_payant', 'ordinaire', 'ouverts', 'complet', 'numerique', true, jour, jour, jour + 5,
               CASE WHEN %(calculee)s THEN jour + 8 END, CASE WHEN %(calculee)s THEN jour + 8 END, t.montant,
               CASE WHEN %(calculee)s THEN t.montant ELSE 0 END, CASE WHEN %(calculee)s THEN t.cnas ELSE 0 END,
               CASE WHEN %(calculee)s THEN t.montant - t.cnas ELSE 0 END, 0, 0, now(), now()
          FROM generate_series(1, %(nombre)s) i
          JOIN banc_formation f ON f.rang = (i * 17) %% (SELECT count(*) FROM banc_formation)
          JOIN banc_agence a ON a.rang = i %% (SELECT count(*) FROM banc_agence)
          JOIN banc_assure s ON s.rang = (i::bigint * 104729) %% (SELECT count(*) FROM banc_assure)
          LEFT JOIN banc_pathologie pa ON pa.rang = i %% (SELECT count(*) FROM banc_pathologie)
          JOIN (SELECT feuille_id, sum(montant) AS montant, sum(cnas) AS cnas FROM banc_ligne GROUP BY 1) t ON t.feuille_id = %(depart)s + i
          CROSS JOIN LATERAL (SELECT date %(debut)s + (i %% %(jours)s) AS jour) d
    """.replace("%(prefixe_brut)s", prefixe), parametres)
    _etape(cr, "lignes", """
        INSERT INTO cnas_feuille_soin_ligne (feuille_id, sequence, prestation_id, quantite, quantite_retenue, prix_unitaire, montant_facture, tarif, taux,
                                             montant_base, montant_cnas, ticket_moderateur, depassement, montant_rejete, decision, create_date, write_date)
        SELECT feuille_id, 10 + j, prestation_id, quantite, CASE WHEN %(calculee)s THEN quantite END, prix, montant, CASE WHEN %(calculee)s THEN prix END,
               CASE WHEN %(calculee)s THEN 80 END, CASE WHEN %(calculee)s THEN montant ELSE 0 END, CASE WHEN %(calculee)s THEN cnas ELSE 0 END,
               CASE WHEN %(calculee)s THEN montant - cnas ELSE 0 END, 0, 0, CASE WHEN %(calculee)s THEN 'acceptee' ELSE 'attente' END, now(), now()
          FROM banc_ligne
    """, parametres)
    cr.execute("""
        SELECT setval('cnas_feuille_soin_id_seq', (SELECT max(id) FROM cnas_feuille_soin));
        DROP TABLE banc_prestation, banc_formation, banc_assure, banc_agence, banc_pathologie, banc_ligne
    """)
    return depart + 1, depart + nombre


def deposer_feuilles(cr, nombre, lignes=5):
    """Un lot de feuilles déposées, prêtes au contrôle ; rend la liste de leurs identifiants."""
    premier, dernier = poser(cr, nombre, prefixe=f"BD{nombre}", etat="deposee", debut="2026-11-01", jours=14, lignes=lignes)
    cr.execute("ANALYZE cnas_feuille_soin; ANALYZE cnas_feuille_soin_ligne")
    return list(range(premier, dernier + 1))
