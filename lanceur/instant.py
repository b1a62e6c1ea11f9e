"""./cnas archiver et ./cnas revenir : les journaux de PostgreSQL gardés au fil de l'eau, et le serveur privé rendu à un instant.

Un dossier d'archives porte :

    bases/AAAAMMJJ-HHMMSS/   une copie de toute la grappe, finie à cet instant (temps universel)
    journaux/                ce que PostgreSQL a écrit depuis (WAL), segment après segment

Revenir ne détruit jamais : la grappe en place est mise de côté, entière.
"""
import datetime
import shlex
import time
from pathlib import Path

from . import console, postgres, sauvegarde, serveur
from .console import Arret

ATTENTE = 300  # secondes


def _psql(grappe, requete):
    sortie = grappe._programme("psql", "-XqAt", "-h", grappe.prise, "-U", "postgres", "-d", "postgres", "-c", requete)
    if sortie.returncode:
        raise Arret(f"PostgreSQL refuse : {sortie.stderr.strip()}")
    return sortie.stdout.strip()


def _grappe(machine):
    if not isinstance(machine.acces.grappe, postgres.Grappe):
        raise Arret("Ce serveur PostgreSQL n'est pas celui de ./cnas : archivez ses journaux avec ses propres outils (doc/sauvegarder.md).")
    return machine.acces.grappe


def _au_repos():
    if serveur.en_cours():
        raise Arret("Odoo est en service : ./cnas arreter, puis relancez.")


def _commande_d_archive(journaux):
    """Un segment déjà archivé n'est jamais réécrit : s'il est le même, c'est fait ; sinon PostgreSQL le redit jusqu'à réparation.

    Écrit sous un autre nom puis forcé sur le disque : une coupure ne laisse pas un segment tronqué sous son vrai nom.
    """
    cible = shlex.quote(str(journaux)).replace("%", "%%")
    return (f"if test -f {cible}/%f; then cmp -s %p {cible}/%f; "
            f"else cp %p {cible}/%f.partiel && sync {cible}/%f.partiel && mv {cible}/%f.partiel {cible}/%f; fi")


def archiver(machine, dossier):
    """Met en route l'archivage continu dans ce dossier et y prend une copie de la grappe. Rend le dossier de la copie."""
    grappe, dossier = _grappe(machine), Path(dossier).absolute()
    console.etape(f"Archives de PostgreSQL dans {dossier}")
    # un dossier qui existe (un disque monté) garde ses droits : seul ce qui s'y écrit est à PostgreSQL
    for nom in (*([] if dossier.exists() else [dossier]), dossier / "bases", dossier / "journaux"):
        grappe._poser(nom)
    commande = _commande_d_archive(dossier / "journaux")
    if _psql(grappe, "SHOW archive_mode") != "on" or _psql(grappe, "SHOW archive_command") != commande:
        _mettre_en_route(grappe, commande)
    _attendre_l_archive(grappe)  # pg_basebackup, lui, attendrait ses journaux sans fin ni mot
    provisoire = dossier / "bases" / f"{sauvegarde.maintenant():{sauvegarde.INSTANT}}.partiel"
    sortie = grappe._programme("pg_basebackup", "-h", grappe.prise, "-U", "postgres", "-D", provisoire, "-X", "none", "-c", "fast")
    if sortie.returncode:
        raise Arret(f"La copie de la grappe a échoué : {sortie.stderr.strip()}")
    # la copie ne vaut que pour les instants d'après sa fin
    copie = provisoire.with_name(f"{sauvegarde.maintenant():{sauvegarde.INSTANT}}")
    provisoire.rename(copie)
    console.detail(f"copie de la grappe : {copie}")
    return copie


def _mettre_en_route(grappe, commande):
    if _psql(grappe, "SHOW archive_mode") != "on":
        _au_repos()
    acces = grappe.donnees / "pg_hba.conf"
    if "replication" not in acces.read_text(encoding="utf-8"):
        with open(acces, "a", encoding="utf-8") as flux:
            flux.write(postgres.ACCES_COPIE)
    for reglage, valeur in (("archive_mode", "on"), ("archive_command", commande), ("archive_timeout", "5min")):
        _psql(grappe, f"ALTER SYSTEM SET {reglage} = E'{_echapper(valeur)}'")
    if _psql(grappe, "SHOW archive_mode") == "on":
        _psql(grappe, "SELECT pg_reload_conf()")
        return
    grappe.arreter()
    grappe.demarrer()


def _echapper(texte):
    return texte.replace("\\", "\\\\").replace("'", "''")


def _attendre_l_archive(grappe):
    """Attend que le segment en cours soit dans les archives ; ce qui empêche PostgreSQL de l'y mettre, depuis qu'on attend, se dit."""
    _psql(grappe, "CREATE TABLE IF NOT EXISTS cnas_archive (le timestamptz); TRUNCATE cnas_archive; INSERT INTO cnas_archive VALUES (now())")
    segment = _psql(grappe, "SELECT pg_walfile_name(pg_switch_wal())")
    fin = time.monotonic() + ATTENTE
    while time.monotonic() < fin:
        dernier, echec = _psql(grappe, "SELECT COALESCE(last_archived_wal, ''), COALESCE(last_failed_time > GREATEST(last_archived_time, le), false) "
                                       "FROM pg_stat_archiver, cnas_archive").split("|")
        if dernier[:24] >= segment:
            return
        if echec == "t":
            raise Arret(f"PostgreSQL n'arrive pas à archiver ses journaux : {console.fin_du_journal(grappe.journal, 3)}")
        time.sleep(0.5)
    raise Arret("Les journaux n'ont pas été archivés à temps ; voyez le journal de PostgreSQL.")


def lire_instant(texte):
    """Lit « 2026-11-26 10:30 » ou « 2026-11-26 10:30:00 », en temps universel."""
    for forme in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"):
        try:
            return datetime.datetime.strptime(texte, forme)
        except ValueError:
            continue
    raise Arret("L'instant s'écrit « AAAA-MM-JJ HH:MM:SS », en temps universel.")


def revenir(machine, instant, dossier):
    """Rend le serveur privé tel qu'à cet instant. Rend le dossier où la grappe d'avant est gardée."""
    grappe, dossier, voulu = _grappe(machine), Path(dossier).absolute(), lire_instant(instant)
    if voulu > sauvegarde.maintenant():
        raise Arret(f"Cet instant n'est pas encore passé : il est {sauvegarde.maintenant()}, en temps universel.")
    _au_repos()
    console.etape(f"Retour au {voulu} (temps universel)")
    copie = _copie_d_avant(dossier, voulu)
    if grappe.tourne():
        # un serveur neuf, après la mort d'un disque, n'a rien à y mettre
        if _psql(grappe, "SHOW archive_command") == _commande_d_archive(dossier / "journaux"):
            _attendre_l_archive(grappe)
        grappe.arreter()
    cote = grappe.donnees.with_name(f"{grappe.donnees.name}-avant-{sauvegarde.maintenant():{sauvegarde.INSTANT}}")
    grappe.donnees.rename(cote)
    try:
        _relire(grappe, copie, dossier / "journaux", voulu)
    except BaseException:
        grappe.arreter()
        if grappe.donnees.exists():
            grappe.donnees.rename(grappe.donnees.with_name(f"{grappe.donnees.name}-manque-{time.time_ns()}"))
        cote.rename(grappe.donnees)
        raise
    console.detail(f"la grappe d'avant est gardée : {cote}")
    return cote


def _copie_d_avant(dossier, voulu):
    copies = sorted((dossier / "bases").glob(f"{'[0-9]' * 8}-{'[0-9]' * 6}"), reverse=True)
    for copie in copies:
        if copie.name < f"{voulu:{sauvegarde.INSTANT}}":
            console.detail(f"depuis la copie {copie.name}")
            return copie
    raise Arret(f"Aucune copie de la grappe n'est antérieure à cet instant dans {dossier} (copies : {', '.join(c.name for c in copies) or 'aucune'}).")


def _relire(grappe, copie, journaux, voulu):
    """La copie, puis les journaux jusqu'à l'instant voulu ; PostgreSQL refuse si les archives n'y vont pas."""
    sortie = grappe._sous_identite(["cp", "-a", str(copie), str(grappe.donnees)])
    if sortie.returncode:
        raise Arret(f"La copie {copie} ne se copie pas ; la grappe en place reste. {sortie.stderr.strip()[-500:]}")
    (grappe.donnees / "recovery.signal").touch()
    restauration = f"cp {shlex.quote(str(journaux)).replace('%', '%%')}/%f \"%p\""
    with open(grappe.donnees / "postgresql.auto.conf", "a", encoding="utf-8") as flux:
        flux.write(f"restore_command = '{_echapper(restauration)}'\nrecovery_target_time = '{voulu} UTC'\n"
                   "recovery_target_action = 'promote'\nrecovery_target_timeline = 'latest'\n")
    grappe.demarrer()
    fin = time.monotonic() + ATTENTE
    while _psql(grappe, "SELECT pg_is_in_recovery()") == "t":
        if time.monotonic() > fin:
            raise Arret("La relecture des journaux n'a pas fini à temps.")
        time.sleep(0.5)
    for reglage in ("restore_command", "recovery_target_time", "recovery_target_action", "recovery_target_timeline"):
        _psql(grappe, f"ALTER SYSTEM RESET {reglage}")
    _psql(grappe, "SELECT pg_reload_conf()")
