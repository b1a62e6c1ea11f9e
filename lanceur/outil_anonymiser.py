"""Rend fictif tout ce qui désigne quelqu'un dans une base ; même protocole qu'outil_base.py.

La loi est fermée : dans un dossier, tout texte est remplacé s'il n'est pas dit gardé ici. Un champ ajouté demain est
donc anonymisé d'office. Les montants, les dates de soins, les états et les liens restent.
"""
import hashlib
import json
import re
import sys

import outil_base
import psycopg2
from passlib.context import CryptContext
from psycopg2 import sql

# Ce que la caisse publie : ces tables ne parlent de personne.
REFERENTIELS = frozenset("""
    cnas_acte cnas_agence cnas_categorie_juridique cnas_categorie_medicament cnas_categorie_pathologie cnas_colonne cnas_config_acte
    cnas_config_consommable cnas_config_examen cnas_config_lettre_cle cnas_config_medicament cnas_consommable
    cnas_contre_indication cnas_district cnas_examen cnas_gratuite cnas_incompatibilite cnas_indication cnas_lettre_cle cnas_medicament
    cnas_parametre cnas_pathologie cnas_piece_exigee cnas_plafond cnas_prestation cnas_prix_reference cnas_province cnas_regime
    cnas_regle_controle cnas_regle_parametre cnas_schema_comptable cnas_specialite cnas_synonyme_colonne cnas_taux cnas_type_piece cnas_livraison
    cnas_type_document cnas_conservation cnas_indicateur cnas_exclusion_assiette cnas_correspondance_compte cnas_budget cnas_budget_ligne cnas_complementaire
    cnas_dhis2_unite cnas_dhis2_correspondance
""".split())
# Ce que le programme numérote ou nomme lui-même, jamais un usager : colonne par colonne, « numero » est ailleurs un téléphone.
GARDEES = frozenset("""
    cnas_attestation.numero cnas_carte.numero cnas_carte_lot.numero cnas_contestation.numero cnas_convention.numero cnas_decompte.numero
    cnas_entente_prealable.numero cnas_facture.numero cnas_feuille_soin.numero cnas_indu.numero cnas_indu_reglement.numero
    cnas_lot_paiement.numero cnas_ordre_paiement.numero cnas_formation_sanitaire.code cnas_revision_tarif_ligne.code
    cnas_decompte_ligne.feuille_numero cnas_decompte_ligne.prestation_code cnas_decompte_ligne.prestation_libelle
    cnas_decompte_ligne.type_prestation cnas_feuille_soin_passage.etat_avant cnas_feuille_soin_passage.etat_apres
    cnas_feuille_soin_piece.mimetype cnas_piece_administrative.mimetype cnas_changement.modele cnas_fichier_abime.modele
    cnas_document.numero cnas_document.mimetype cnas_courrier.numero cnas_destruction.name cnas_destruction_ligne.modele
    cnas_import_fichier_ligne.modele cnas_sms.modele cnas_lot.modele cnas_lot.methode
    cnas_appel_cotisation.numero cnas_encaissement.numero cnas_affaire.numero cnas_campagne.numero cnas_mission.numero
""".split())
PIECE = "Pièce fictive.".encode()
# des noms que personne ne porte : à l'écran, on voit qu'ils sont fictifs
NOMS = "(ARRAY['Alpha','Bêta','Gamma','Delta','Epsilon','Zêta','Thêta','Iota','Kappa','Lambda','Oméga','Sigma'])"
PRENOMS = "(ARRAY['Achta','Béchir','Clarisse','Denis','Fatimé','Gérard','Hawa','Issa','Khadidja','Moussa','Solange','Zara'])"
NOM, PRENOM = f"{NOMS}[1 + id % 12]", f"{PRENOMS}[1 + (id / 12) % 12]"
PERSONNE, TELEPHONE = f"{PRENOM} || ' ' || {NOM} || ' ' || id", "'+235 60 ' || to_char(id % 1000000, 'FM00 00 00')"
COURRIEL, COMPTE = "'personne' || id || '@exemple.invalid'", "'99999' || lpad(id::text, 18, '0')"
FICTIFS = {
    "nom_ar": "'عمر'", "prenom_ar": "'عمر'", "nom": NOM, "nom_mere": NOM, "nom_pere": NOM, "prenom": PRENOM, "nom_phonetique": "'fictif'", "name": PERSONNE, "complete_name": PERSONNE,
    "nom_complet": PERSONNE, "nom_declare": PERSONNE, "beneficiaire": PERSONNE, "titulaire": PERSONNE, "nom_titulaire": PERSONNE,
    "raison_sociale": "'Employeur ' || id", "nni": "lpad(id::text, 12, '9')", "telephone_1": TELEPHONE, "telephone_2": TELEPHONE, "telephone": TELEPHONE,
    "phone": TELEPHONE, "mobile": TELEPHONE, "phone_sanitized": "'+235' || 60000000 + id % 1000000", "email": COURRIEL, "email_normalized": COURRIEL,
    "cnas_compte_paiement.numero": TELEPHONE, "cnas_sms.numero": TELEPHONE, "cnas_piece_administrative.numero": "'fictif ' || id",
    "rib": COMPTE, "rib_ancien": COMPTE, "rib_nouveau": COMPTE, "acc_number": COMPTE, "sanitized_acc_number": COMPTE, "acc_holder_name": PERSONNE,
}
# Boîtes, sessions, jetons, tâches : ce qui porte des morceaux de dossier sans en être un.
VIDEES = """
    cnas_journal cnas_journal_tete mail_message mail_mail mail_tracking_value mail_activity mail_notification mail_message_translation mail_guest
    mail_blacklist mail_link_preview phone_blacklist sms_sms bus_bus bus_presence queue_job ir_logging ir_profile ir_mail_server fetchmail_server
    auth_totp_device auth_totp_rate_limit_log res_users_apikeys res_users_log base_import_import mail_gateway_allowed discuss_voice_metadata
    cnas_correction_identite cnas_import_assures_ligne cnas_page_lue cnas_envoi_piece ir_filters ir_exports ir_exports_line ir_ui_view_custom mail_partner_device
    mail_notification_web_push mail_message_schedule mail_message_reaction mail_ice_server mail_shortcode privacy_log spreadsheet_dashboard_share
""".split()
# D'Odoo, ce qui parle de quelqu'un : réécrit comme un dossier, sauf les réglages de la fiche.
FICHES = {"res_partner": ("lang", "tz", "signup_type"), "res_partner_bank": (), "discuss_channel": (), "discuss_channel_member": (),
          "account_move": ("name", "sequence_prefix", "cnas_modele"), "account_move_line": ("move_name", "matching_number"), "account_payment": ()}
# D'Odoo, ce qui parle du programme ; les comptes, pièces et paramètres ont leur traitement (_odoo). Une table d'ailleurs qui porte
# du texte et des lignes arrête tout : on ne sait pas de qui elle parle.
PROGRAMME = re.compile(r"""
    (ir_(act|asset|attachment|config_parameter|cron|default|model|module|property|rule|sequence|ui_menu|ui_view$)|res_(bank|company|config|country|currency|groups|lang
    |partner_(category|industry|title)|users|users_settings)|mail_(activity_(plan|type)|alias|followers|message_subtype|template)|queue_job_|report_|spreadsheet_dashboard
    |account_(account|analytic_plan|full_reconcile|incoterms|journal|partial_reconcile|payment_(method|term)|reconcile_model|report|tax|fiscal|group|cash_rounding)|digest_|onboarding_|payment_(method|provider)
    |product_(category|pricelist)|resource_calendar|uom_|decimal_precision|web_tour_tour|base_|wizard_|discuss_gif)""", re.VERBOSE)


def anonymiser(base, donnees):
    """Réécrit la base, d'une seule transaction, verrous d'écriture levés le temps de le faire."""
    connexion = psycopg2.connect(dbname=base, connect_timeout=15, application_name="cnas-anonymiser")
    with connexion, connexion.cursor() as cr:
        tables = _tables(cr)
        gardes = [table for table in tables if table.startswith(("cnas_", "res_", "mail_", "ir_attachment"))]
        for table in gardes:
            cr.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(sql.Identifier(table)))
        _vider(cr, tables)
        if inconnues := _inconnues(cr, tables):
            connexion.rollback()
            return {"erreur": f"l'outil ne sait pas ce que portent ces tables ({', '.join(inconnues)}) : rien n'a été fait."}
        _correspondance(cr)
        for table, colonnes in tables.items():
            if table.startswith("cnas_") and table not in REFERENTIELS and table not in VIDEES:
                _reecrire(cr, table, colonnes)
        _diagnostics(cr)
        _odoo(cr, tables, donnees["mot_de_passe"])
        for table in gardes:
            cr.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(sql.Identifier(table)))
    connexion.close()
    with outil_base.curseur(base) as cr:
        cr.execute("VACUUM FULL ANALYZE")  # les anciennes valeurs ne restent pas non plus dans les pages
    return {}


def _tables(cr):
    """{table : {colonne : type}} des colonnes qui portent du texte ; une sélection n'en porte pas."""
    cr.execute("""SELECT t.tablename, array_remove(array_agg(c.column_name::text || ':' || c.data_type), NULL)
                    FROM pg_tables t LEFT JOIN information_schema.columns c
                      ON c.table_schema = 'public' AND c.table_name = t.tablename
                     AND c.data_type IN ('text', 'character varying', 'jsonb', 'json', 'bytea', 'date')
                     AND NOT EXISTS (SELECT 1 FROM ir_model_fields f
                                      WHERE replace(f.model, '.', '_') = t.tablename AND f.name = c.column_name AND f.ttype IN ('selection', 'reference'))
                   WHERE t.schemaname = 'public' GROUP BY 1""")
    return {table: dict(colonne.split(":", 1) for colonne in colonnes) for table, colonnes in cr.fetchall()}


def _vider(cr, tables):
    cr.execute("SELECT replace(model, '.', '_') FROM ir_model WHERE transient")
    for table in (*VIDEES, *(table for table, in cr.fetchall())):
        if table in tables:
            # DELETE : TRUNCATE emporterait ce qui cite ces lignes
            cr.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))


def _inconnues(cr, tables):
    """Les tables qui ne sont ni d'ici ni connues d'Odoo, et qui portent du texte."""
    inconnues = []
    for table in sorted(tables):
        if tables[table] and not (table.startswith("cnas_") or table in FICHES or table in VIDEES or PROGRAMME.match(table)):
            cr.execute(sql.SQL("SELECT EXISTS (SELECT 1 FROM {})").format(sql.Identifier(table)))
            if cr.fetchone()[0]:
                inconnues.append(table)
    return inconnues


def _correspondance(cr):
    """Un matricule fictif par assuré, à la clé juste, que toutes les tables reprennent."""
    cr.execute("""
        CREATE TEMP TABLE fictif ON COMMIT DROP AS
        SELECT matricule AS ancien, corps || lpad((98 - mod((replace(replace(corps, 'T', '29'), 'D', '13') || '00')::numeric, 97))::text, 2, '0') AS neuf
          FROM (SELECT matricule, 'TD9' || to_char(create_date, 'YY') || lpad(id::text, 7, '0') AS corps FROM cnas_assure WHERE matricule IS NOT NULL) a;
        CREATE INDEX ON fictif (ancien)""")


def _reecrire(cr, table, colonnes):
    poses = []
    for colonne, nature in colonnes.items():
        ici = sql.Identifier(colonne)
        if nature == "date" and colonne.startswith("date_naissance"):
            neuve = sql.SQL("date_trunc('month', {})::date").format(ici)
        elif nature == "date":
            continue
        elif f"{table}.{colonne}" in GARDEES:
            # le numéro d'un remboursement porte le matricule de qui l'a demandé
            neuve = sql.SQL("regexp_replace({}, 'TD[0-9]{{12}}', 'TD0' || lpad(id::text, 11, '0'))").format(ici)
        elif nature in ("jsonb", "json"):
            neuve = sql.SQL("'{}'::") + sql.SQL(nature)
        elif nature == "bytea":
            neuve = sql.SQL("''::bytea")
        elif colonne.startswith("matricule"):
            neuve = sql.SQL("COALESCE((SELECT neuf FROM fictif WHERE ancien = {}), 'TD0' || id)").format(ici)
        else:
            neuve = sql.SQL(FICTIFS.get(f"{table}.{colonne}") or FICTIFS.get(colonne, "'fictif ' || id"))
        poses.append(sql.SQL("{} = CASE WHEN {} IS NULL THEN NULL ELSE {} END").format(ici, ici, neuve))
    if poses:
        cr.execute(sql.SQL("UPDATE {} SET {}").format(sql.Identifier(table), sql.SQL(", ").join(poses)))


def _diagnostics(cr):
    """Chaque diagnostic devient un autre de la nomenclature."""
    cr.execute("SELECT array_agg(id ORDER BY id) FROM cnas_pathologie")
    pathologies = cr.fetchone()[0]
    cr.execute("""SELECT c.conrelid::regclass::text, a.attname FROM pg_constraint c
                    JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
                    JOIN pg_attribute i ON i.attrelid = c.conrelid AND i.attname = 'id'
                   WHERE c.contype = 'f' AND c.confrelid = 'cnas_pathologie'::regclass""")
    for table, colonne in cr.fetchall():
        if pathologies and table not in REFERENTIELS:
            cr.execute(sql.SQL("UPDATE {} SET {ici} = (%s::int[])[1 + abs(hashint4(id)) %% %s] WHERE {ici} IS NOT NULL").format(
                sql.Identifier(table), ici=sql.Identifier(colonne)), [pathologies, len(pathologies)])


def _odoo(cr, tables, mot_de_passe):
    """Contacts, comptes, pièces et jetons d'Odoo."""
    for table, reglages in FICHES.items():
        _reecrire(cr, table, {c: n for c, n in tables.get(table, {}).items() if c not in reglages})
    cr.execute("UPDATE res_users SET password = %s, signature = NULL, login = CASE WHEN id <= 5 OR login IN ('admin', '__system__') THEN login ELSE 'usager' || id END",
               [CryptContext(["pbkdf2_sha512"], pbkdf2_sha512__rounds=600_000).hash(mot_de_passe)])
    cr.execute("UPDATE res_users SET totp_secret = NULL")
    # un contenu de dossier : un texte d'une ligne ; ceux du programme (écrans, images livrées) restent
    cr.execute("""UPDATE ir_attachment SET name = 'piece-' || id, index_content = NULL, description = NULL, access_token = NULL, url = NULL, store_fname = NULL,
                         db_datas = %s, checksum = %s, mimetype = 'text/plain', file_size = %s
                   WHERE COALESCE(res_model, '') NOT IN ('ir.ui.menu', 'ir.ui.view', 'ir.module.module', 'res.lang', 'res.company', 'spreadsheet.dashboard')
                     AND NOT (res_model IS NULL AND url IS NOT NULL)""", [PIECE, hashlib.sha1(PIECE).hexdigest(), len(PIECE)])
    # l'identifiant qu'un import donne à une ligne est souvent son matricule ; ceux des modules sont du programme
    cr.execute("UPDATE ir_model_data SET name = 'fictif_' || id WHERE module NOT IN (SELECT name FROM ir_module_module)")
    cr.execute("UPDATE ir_config_parameter SET value = gen_random_uuid()::text WHERE key IN ('database.uuid', 'database.secret')")
    cr.execute("DELETE FROM ir_attachment WHERE url LIKE '/web/assets/%'")


if __name__ == "__main__":
    try:
        reponse = {"anonymiser": anonymiser}[sys.argv[1]](sys.argv[2], json.load(sys.stdin))
    except psycopg2.Error as erreur:
        reponse = {"erreur": outil_base.en_francais(erreur)}
    print(json.dumps(reponse))
