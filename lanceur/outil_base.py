"""Opérations SQL du lanceur, exécutées par le Python de l'environnement : outil_base.py COMMANDE BASE, les données en JSON sur l'entrée.

La connexion vient des variables PG* ; la réponse est un objet JSON sur la sortie standard.
"""
import json
import os
import subprocess
import sys
from contextlib import contextmanager

import psycopg2
from psycopg2 import sql

CONTRIBUTIONS = ("unaccent", "pg_trgm", "btree_gist")
CLE = "cnas.lanceur.empreintes"
# par code SQL, ou par un morceau du message quand la connexion même échoue et n'a pas de code
PHRASES = {
    "42501": "ce rôle n'en a pas le droit (base, ou schéma « public », d'un autre propriétaire).",
    "53100": "le disque est plein.",
    "Connection refused": "le serveur ne répond pas ; il s'arrête ou démarre : relancez dans quelques secondes.",
    "No such file or directory": "le serveur ne répond pas ; il s'arrête ou démarre : relancez dans quelques secondes.",
    "the database system is": "le serveur démarre ou se remet d'un arrêt brutal : relancez dans quelques secondes.",
    "password authentication failed": "mot de passe refusé (PGPASSWORD, PGPASSFILE ou DATABASE_URL).",
    "could not translate host name": "hôte inconnu (PGHOST ou DATABASE_URL).",
    "permission denied for database": "ce rôle n'a pas le droit de s'y connecter.",
    "does not exist": "elle n'existe pas, ou ce rôle n'existe pas.",
}


@contextmanager
def curseur(base):
    """Curseur en validation automatique, connexion fermée à la sortie."""
    connexion = psycopg2.connect(dbname=base, connect_timeout=15, application_name="cnas-lanceur")
    connexion.autocommit = True
    try:
        yield connexion.cursor()
    finally:
        connexion.close()


def _existe(base):
    with curseur("postgres") as cr:
        cr.execute("SELECT 1 FROM pg_database WHERE datname = %s", [base])
        return bool(cr.fetchone())


def serveur(_base, _donnees):
    """Version du serveur, contributions disponibles, droit de créer une base."""
    with curseur("postgres") as cr:
        cr.execute("SELECT name FROM pg_available_extensions WHERE name = ANY(%s)", [list(CONTRIBUTIONS)])
        presentes = {ligne[0] for ligne in cr.fetchall()}
        cr.execute("SELECT rolcreatedb OR rolsuper, current_user FROM pg_roles WHERE rolname = current_user")
        cree, role = cr.fetchone()
        return {"version": cr.connection.server_version // 10000, "role": role, "cree_bases": cree,
                "manquantes": [nom for nom in CONTRIBUTIONS if nom not in presentes]}


def creer(base, donnees):
    """Crée la base vide et ses contributions ; `modele` copie une autre base. Rend les contributions en défaut."""
    proprietaire, modele = donnees.get("proprietaire"), donnees.get("modele")
    # un serveur administré par un autre (compose) porte un gabarit où les contributions sont déjà posées
    gabarit = modele or ("cnas_modele" if _existe("cnas_modele") else None)
    with curseur("postgres") as cr:
        requete = sql.SQL("CREATE DATABASE {} {} TEMPLATE {} {}").format(
            sql.Identifier(base), sql.SQL("" if gabarit else "ENCODING 'unicode' LC_COLLATE 'C'"), sql.Identifier(gabarit or "template0"),
            sql.SQL("OWNER {}").format(sql.Identifier(proprietaire)) if proprietaire else sql.SQL(""))
        cr.execute(requete)
    return {} if modele else contributions(base, donnees)


def decaler(base, donnees):
    """Donne à la base un `now()` en avance de quelques jours, que prennent les requêtes, les vues et les déclencheurs d'Odoo."""
    with curseur(base) as cr:
        cr.execute("CREATE OR REPLACE FUNCTION public.now() RETURNS timestamptz LANGUAGE sql STABLE "
                   "AS $$SELECT pg_catalog.now() + make_interval(days => %s)$$", [donnees["jours"]])
        cr.execute(sql.SQL("ALTER DATABASE {} SET search_path = public, pg_catalog").format(sql.Identifier(base)))
    return {}


def contributions(base, _donnees):
    """Active les contributions (unaccent immuable, comme Odoo le demande). Rend celles en défaut."""
    defauts = []
    with curseur(base) as cr:
        for nom in CONTRIBUTIONS:
            try:
                cr.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(nom)))
            except psycopg2.Error as erreur:
                defauts.append(f"{nom} ({str(erreur).strip().splitlines()[0]})")
        try:
            cr.execute("ALTER FUNCTION unaccent(text) IMMUTABLE")
        except psycopg2.Error:
            cr.execute("SELECT provolatile = 'i' FROM pg_proc WHERE proname = 'unaccent' AND pronargs = 1")
            if cr.fetchone() != (True,):
                defauts.append("unaccent (non immuable : les recherches par nom seront lentes)")
    return {"defauts": defauts}


def etat(base, _donnees):
    """Ce que contient la base : existe, modules et leur état, empreintes des addons installés, âge en jours."""
    if not _existe(base):
        return {"existe": False, "modules": {}, "empreintes": {}}
    with curseur(base) as cr:
        cr.execute("SELECT to_regclass('public.ir_module_module') IS NOT NULL AND to_regclass('public.ir_config_parameter') IS NOT NULL")
        if not cr.fetchone()[0]:
            cr.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
            return {"existe": True, "etrangere": cr.fetchone()[0] > 0, "modules": {}, "empreintes": {}}
        cr.execute("SELECT name, state, latest_version FROM ir_module_module WHERE name LIKE 'cnas%%' OR name IN ('base', 'queue_job', 'auth_password_policy')")
        lus = cr.fetchall()
        modules, versions = {nom: etat for nom, etat, _v in lus}, {nom: version for nom, _e, version in lus}
        cr.execute("SELECT value, extract(day FROM now() AT TIME ZONE 'UTC' - create_date)::int FROM ir_config_parameter WHERE key = %s", [CLE])
        empreintes, age = cr.fetchone() or ("{}", 0)
    return {"existe": True, "modules": modules, "versions": versions, "empreintes": json.loads(empreintes), "age": age}


def reprendre(base, _donnees):
    """Après une installation interrompue, déclare installés les modules dont les données sont validées.

    Odoo valide les données d'un module puis, avec le module suivant seulement, son état : une coupure entre les deux
    ferait recharger deux fois le jeu de démonstration. Une mise à jour coupée (« to upgrade ») reste à reprendre en `-u`.
    """
    with curseur(base) as cr:
        cr.execute("""UPDATE ir_module_module m SET state = 'installed'
                       WHERE state IN ('uninstalled', 'to install')
                         AND EXISTS (SELECT 1 FROM ir_model_data d WHERE d.module = m.name
                                        AND d.model IN ('ir.ui.view', 'res.groups', 'ir.model.access', 'res.users'))
                   RETURNING name""")
        return {"repris": [ligne[0] for ligne in cr.fetchall()]}


def noter(base, donnees):
    """Enregistre les empreintes des addons installés."""
    with curseur(base) as cr:
        cr.execute("""INSERT INTO ir_config_parameter (key, value, create_uid, write_uid, create_date, write_date)
                      VALUES (%s, %s, 1, 1, now() at time zone 'UTC', now() at time zone 'UTC')
                      ON CONFLICT (key) DO UPDATE SET value = excluded.value, write_date = excluded.write_date""",
                   [CLE, json.dumps(donnees)])
    return {}


def proteger(base, donnees):
    """Ôte ses rôles CNAS à `admin`, et remplace son mot de passe s'il est resté celui d'usine. Dit s'il a changé."""
    from passlib.context import CryptContext

    hachage = CryptContext(["pbkdf2_sha512", "plaintext"], deprecated=["auto"], pbkdf2_sha512__rounds=600_000)
    with curseur(base) as cr:
        cr.execute("SELECT res_id FROM ir_model_data WHERE module = 'base' AND name = 'user_admin'")
        admin, = cr.fetchone()
        cr.execute("""DELETE FROM res_groups_users_rel WHERE uid = %s AND gid IN (
                      SELECT res_id FROM ir_model_data WHERE model = 'res.groups' AND module LIKE 'cnas%%')""", [admin])
        cr.execute("SELECT COALESCE(password, '') FROM res_users WHERE id = %s", [admin])
        if not hachage.verify("admin", cr.fetchone()[0]):
            return {"change": False}
        cr.execute("UPDATE res_users SET password = %s, mot_de_passe_provisoire = true WHERE id = %s", [hachage.hash(donnees["mot_de_passe"]), admin])
    return {"change": True}


def supprimer(base, _donnees):
    """Supprime la base si elle existe, ses connexions coupées."""
    with curseur("postgres") as cr:
        cr.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()", [base])
        cr.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(base)))
    return {}


def extraire(base, donnees):
    """Verse la base dans `sortie` et la liste de ses pièces dans `pieces`, d'un même instantané. Rend ce que le manifeste en dit."""
    connexion = psycopg2.connect(dbname=base, connect_timeout=15, application_name="cnas-sauvegarde")
    connexion.set_session(isolation_level="REPEATABLE READ", readonly=True)
    with connexion.cursor() as cr:
        cr.execute("SELECT pg_export_snapshot()")
        instantane = cr.fetchone()[0]
        with open(donnees["sortie"], "wb") as sortie:
            commande = [donnees["pg_dump"], "-Fc", f"--snapshot={instantane}", "-d", base]
            with subprocess.Popen(commande, stdout=subprocess.PIPE if donnees["chiffrer"] else sortie, stderr=subprocess.PIPE) as versement:
                code = _chiffrer(donnees["chiffrer"], versement, sortie) if donnees["chiffrer"] else 0
                phrase = versement.stderr.read().decode(errors="replace").strip()
            os.fsync(sortie.fileno())
        if versement.returncode or code:
            return {"erreur": f"pg_dump, ou le chiffrement, a échoué. {phrase}"}
        cr.execute("SELECT store_fname, COALESCE(max(file_size), 0) FROM ir_attachment WHERE store_fname IS NOT NULL GROUP BY 1 ORDER BY 1")
        with open(donnees["pieces"], "w", encoding="utf-8") as flux:
            flux.writelines(f"{nom} {taille}\n" for nom, taille in cr)
        return {"perdues": _perdues(cr), "sommes": _sommes(cr), "versions": _versions(cr), "postgresql": connexion.server_version}


def _perdues(cr):
    """Les pièces dont un superviseur a signé la perte, pour chaque fichier qui les cite."""
    cr.execute("SELECT to_regclass('public.cnas_fichier_abime') IS NOT NULL")
    if not cr.fetchone()[0]:
        return []
    cr.execute("""SELECT a.store_fname FROM ir_attachment a LEFT JOIN cnas_fichier_abime f ON f.attachment_id = a.id AND f.state = 'perdu'
                   WHERE a.store_fname IS NOT NULL GROUP BY 1 HAVING bool_and(f.id IS NOT NULL) ORDER BY 1""")
    return [nom for nom, in cr.fetchall()]


def _chiffrer(commande, versement, sortie):
    with subprocess.Popen(commande, stdin=versement.stdout, stdout=sortie) as chiffrement:
        # seul le chiffrement lit encore : s'il s'arrête, pg_dump le sait et s'arrête aussi
        versement.stdout.close()
    return chiffrement.returncode


def _versions(cr):
    cr.execute("SELECT name, latest_version FROM ir_module_module WHERE state = 'installed' AND (name LIKE 'cnas%' OR name IN ('base', 'queue_job'))")
    return dict(cr.fetchall())


def _sommes(cr):
    """Compte les dossiers et totalise leurs montants, table par table : ce qu'une copie ou une mise à jour ne change pas."""
    cr.execute(r"""SELECT t.table_name, array_remove(array_agg(c.column_name::text ORDER BY c.column_name), NULL)
                    FROM information_schema.tables t LEFT JOIN information_schema.columns c
                      ON c.table_schema = 'public' AND c.table_name = t.table_name
                     AND c.column_name ~ '^(montant|ticket|reste|total|solde)' AND c.data_type IN ('integer', 'bigint', 'numeric')
                   WHERE t.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND t.table_name LIKE 'cnas\_%' GROUP BY 1 ORDER BY 1""")
    sommes = {}
    for table, colonnes in cr.fetchall():
        totaux = [sql.SQL("COALESCE(sum({}), 0)::text").format(sql.Identifier(colonne)) for colonne in colonnes]
        cr.execute(sql.SQL("SELECT {} FROM {}").format(sql.SQL(", ").join([sql.SQL("count(*)"), *totaux]), sql.Identifier(table)))
        sommes[table] = dict(zip(["lignes", *colonnes], cr.fetchone()))
    return sommes


def invariants(base, _donnees):
    """Rend les sommes des dossiers, les versions, et les réglages livrés que l'exploitant peut avoir changés."""
    with curseur(base) as cr:
        return {"sommes": _sommes(cr), "versions": _versions(cr), "reglages": _reglages(cr), "livres": _tables_livrees(cr)}


def _tables_livrees(cr):
    """Les tables qui portent des lignes livrées : une mise à jour peut y ajouter les siennes."""
    cr.execute("SELECT DISTINCT replace(model, '.', '_') FROM ir_model_data WHERE module LIKE 'cnas%' AND model LIKE 'cnas.%'")
    return [table for table, in cr.fetchall()]


def _reglages(cr):
    """{identifiant : ligne} des enregistrements livrés en « noupdate », et les paramètres du système."""
    cr.execute("""SELECT d.model, min(c.relname), array_agg(d.res_id), array_agg(d.module || '.' || d.name)
                    FROM ir_model_data d JOIN pg_class c ON c.relname = replace(d.model, '.', '_') AND c.relkind = 'r'
                   WHERE d.noupdate AND d.module LIKE 'cnas%' AND d.module <> 'cnas_demo' GROUP BY 1""")
    reglages = {}
    for _modele, table, ids, noms in cr.fetchall():
        cr.execute(sql.SQL("SELECT id, to_jsonb(t) - ARRAY['write_date', 'write_uid', 'nextcall', 'lastcall'] FROM {} t WHERE id = ANY(%s)").format(
            sql.Identifier(table)), [ids])
        lignes = dict(cr.fetchall())
        reglages.update((nom, {champ: _en_francais(valeur) for champ, valeur in lignes[i].items()}) for i, nom in zip(ids, noms) if i in lignes)
    cr.execute("SELECT key, value FROM ir_config_parameter WHERE key NOT IN (%s, 'cnas.derniere_sauvegarde')", [CLE])
    reglages.update((f"parametre {cle}", {"valeur": valeur}) for cle, valeur in cr.fetchall())
    return reglages


def _en_francais(valeur):
    """Un nom traduit est {langue: nom} ; celui qu'on n'a pas encore traduit, un texte : on compare le français."""
    return valeur.get("fr_FR") or valeur["en_US"] if isinstance(valeur, dict) and "en_US" in valeur else valeur


def connexions(base, donnees):
    """Qui d'autre que le lanceur est connecté à la base ; `seule` : un Odoo au repos, qui n'écoute que « postgres », compte aussi."""
    with curseur("postgres") as cr:
        cr.execute("""SELECT DISTINCT COALESCE(NULLIF(application_name, ''), usename, 'inconnu') FROM pg_stat_activity
                       WHERE datname = %s AND application_name NOT LIKE 'cnas-%%'
                          OR %s AND datname = 'postgres' AND usename = current_user AND application_name LIKE 'odoo-%%' ORDER BY 1""",
                   [base, donnees.get("seule", False)])
        return {"noms": [nom for nom, in cr.fetchall()]}


def renommer(base, donnees):
    """Renomme la base."""
    with curseur("postgres") as cr:
        cr.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(base), sql.Identifier(donnees["nom"])))
    return {}


def pieces(base, _donnees):
    """Les fichiers que la base cite."""
    with curseur(base) as cr:
        cr.execute("SELECT DISTINCT store_fname FROM ir_attachment WHERE store_fname IS NOT NULL")
        return {"noms": [nom for nom, in cr.fetchall()]}


def analyser(base, _donnees):
    """Refait les statistiques d'une base qui vient d'être relue."""
    with curseur(base) as cr:
        cr.execute("ANALYZE")
    return {}


def noter_sauvegarde(base, _donnees):
    """La surveillance (`/cnas/sante`) lit l'âge de la dernière sauvegarde réussie."""
    with curseur(base) as cr:
        cr.execute("""INSERT INTO ir_config_parameter (key, value) VALUES ('cnas.derniere_sauvegarde', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'))
                      ON CONFLICT (key) DO UPDATE SET value = excluded.value""")
    return {}


def isoler(base, _donnees):
    """Une copie à côté de l'original n'écrit à personne : courriels et SMS éteints, identité neuve."""
    with curseur(base) as cr:
        cr.execute("UPDATE ir_config_parameter SET value = gen_random_uuid()::text WHERE key = 'database.uuid'")
        cr.execute("UPDATE mail_mail SET state = 'cancel' WHERE state = 'outgoing'")
        for table in ("ir_mail_server", "fetchmail_server"):
            cr.execute("SELECT to_regclass(%s) IS NOT NULL", [table])
            if cr.fetchone()[0]:
                cr.execute(sql.SQL("UPDATE {} SET active = false").format(sql.Identifier(table)))
        # sans serveur d'envoi, Odoo prend celui de sa configuration : un serveur qui ne mène nulle part passe devant
        cr.execute("""INSERT INTO ir_mail_server (name, smtp_host, smtp_port, smtp_encryption, smtp_authentication, active)
                      VALUES ('Copie : rien ne part', 'copie.invalid', 1, 'none', 'login', true)""")
        cr.execute("SELECT to_regclass('cnas_sms') IS NOT NULL")
        if cr.fetchone()[0]:
            cr.execute("UPDATE cnas_sms SET state = 'echec', erreur = 'copie' WHERE state = 'attente'")
        cr.execute("""UPDATE ir_cron SET active = false WHERE id IN (
                      SELECT res_id FROM ir_model_data WHERE model = 'ir.cron' AND (module IN ('mail', 'fetchmail') OR name = 'sms_cron'))""")
    return {}


def en_francais(erreur):
    """Rend la phrase de l'usager pour ce qu'un exploitant rencontre, sinon celle de PostgreSQL."""
    brut = str(erreur).strip()
    return next((phrase for marque, phrase in PHRASES.items() if marque in (erreur.pgcode or brut)), brut)


if __name__ == "__main__":
    commandes = {f.__name__: f for f in (serveur, creer, decaler, contributions, etat, reprendre, noter, proteger, supprimer,
                                       extraire, invariants, connexions, renommer, pieces, analyser, noter_sauvegarde, isoler)}
    try:
        reponse = commandes[sys.argv[1]](sys.argv[2], json.load(sys.stdin))
    except psycopg2.Error as erreur:
        reponse = {"erreur": en_francais(erreur)}
    print(json.dumps(reponse))
