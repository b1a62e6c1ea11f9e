"""Le lanceur : ce qu'une base réclame, et comment les tests se comptent."""
import contextlib
import datetime
import fcntl
import getpass
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from lanceur import (
    bases,
    chemins,
    chiffre,
    commandes,
    console,
    instant,
    mise_a_jour,
    postgres,
    resultats,
    sauvegarde,
    verifier,
    verifier_journal,
)

VOULUES = {"cnas_base": "b1", "cnas_referentiels": "r1"}
# Odoo ferme ses lignes par la mesure de la requête, vide hors d'une page : il en reste l'espace.
LIGNE = "2026-11-25 09:00:00,000 1 {} base {}: {} \n"
TEST = "odoo.addons.cnas_base.tests.test_a"


def etat(**modules):
    """Une base achevée, où certains modules sont dans un autre état."""
    return {"modules": {"queue_job": "installed", "cnas_base": "installed", "cnas_referentiels": "installed", **modules}, "empreintes": dict(VOULUES)}


@pytest.mark.parametrize("modules, attendu", [
    ({}, ([], [])),
    ({"cnas_base": "to upgrade"}, ([], ["cnas_base"])),
    ({"cnas_base": "to upgrade", "cnas_referentiels": "uninstalled"}, (["cnas_referentiels"], ["cnas_base"])),
    ({"cnas_referentiels": "to install"}, (["cnas_referentiels"], [])),
    ({"queue_job": "to upgrade"}, ([], ["queue_job"])),
])
def test_une_mise_a_jour_coupee_se_reprend_en_u(modules, attendu):
    """« to upgrade » n'est pas « à installer » : `-i` remettrait les réglages d'usine."""
    assert bases.a_faire(etat(**modules), VOULUES) == attendu


def test_un_module_de_production_coupe_se_reprend_en_u():
    """Un réglage de mot de passe durci par la caisse ne revient pas à l'usine."""
    assert bases.a_faire(etat(auth_password_policy="to upgrade"), VOULUES, chemins.PRODUCTION) == ([], ["auth_password_policy"])
    assert bases.a_faire(etat(), VOULUES, chemins.PRODUCTION) == (["auth_password_policy"], [])


def test_un_addon_change_se_met_a_jour():
    """Une empreinte différente se met à jour, rien d'autre."""
    assert bases.a_faire(etat(), {**VOULUES, "cnas_base": "b2"}) == ([], ["cnas_base"])


def test_les_tests_ne_changent_pas_l_empreinte(tmp_path, monkeypatch):
    """Modifier un test, un README ou la démonstration ne demande pas de `-u` aux autres."""
    (tmp_path / "cnas_base" / "tests").mkdir(parents=True)
    (tmp_path / "cnas_base" / "modele.py").write_text("A = 1\n")
    monkeypatch.setattr(chemins, "RACINE", tmp_path)
    avant = chemins.empreintes_addons(["cnas_base"])
    (tmp_path / "cnas_base" / "tests" / "test_a.py").write_text("B = 2\n")
    (tmp_path / "cnas_base" / "README.md").write_text("Bonjour\n")
    assert chemins.empreintes_addons(["cnas_base"]) == avant
    (tmp_path / "cnas_base" / "modele.py").write_text("A = 2\n")
    assert chemins.empreintes_addons(["cnas_base"]) != avant


class Base(bases.Machine):
    """Une machine sans PostgreSQL, pour interroger le choix des addons."""

    def __init__(self):
        pass


@pytest.mark.parametrize("empreintes, demo, attendus", [
    ({}, True, chemins.TOUS), ({}, False, chemins.ADDONS),
    ({"cnas_base": "b"}, True, chemins.ADDONS),
    ({"cnas_base": "b", "cnas_demo": "d"}, True, chemins.TOUS), ({"cnas_base": "b", "cnas_demo": "d"}, False, chemins.TOUS),
])
def test_la_demonstration_ne_vient_qu_a_la_creation(empreintes, demo, attendus):
    """Une base de production relancée sans `--sans-demo` ne reçoit pas les usagers de démonstration."""
    assert Base()._addons_voulus({"empreintes": empreintes, "modules": {}}, demo) == attendus


def test_un_addon_facultatif_se_met_a_jour_la_ou_il_est_pose():
    """Une production sans démonstration garde à jour les addons en plus qu'elle a choisis, et n'en reçoit pas d'autres."""
    etat_pose = {"empreintes": {"cnas_base": "b"}, "modules": {"cnas_controle": "installed", "cnas_echanges": "uninstalled"}}
    assert Base()._addons_voulus(etat_pose, False) == (*chemins.ADDONS, "cnas_controle")
    # un banc en demande un autre
    assert Base()._addons_voulus(etat_pose, False, ["cnas_echanges"]) == (*chemins.ADDONS, "cnas_controle", "cnas_echanges")


def journal(tmp_path, *lignes):
    """Écrit un journal d'Odoo et rend son relevé."""
    chemin = tmp_path / "odoo.log"
    chemin.write_text("".join(LIGNE.format(*ligne) for ligne in lignes), encoding="utf-8")
    return resultats.lire_journal(chemin)


def junit(tmp_path, *cas):
    """Écrit un rapport JUnit et rend son relevé."""
    chemin = tmp_path / "rapport.xml"
    chemin.write_text("<testsuite>" + "".join(
        f'<testcase classname="{classe}" name="{nom}">{corps}</testcase>' for classe, nom, corps in cas) + "</testsuite>", encoding="utf-8")
    return resultats.lire_junit(chemin)


def test_un_test_passe_trois_fois_compte_une_fois(tmp_path):
    """Odoo et pytest-odoo nomment le même test de la même façon ; une installation n'est pas un test."""
    bilan = resultats.Bilan()
    bilan.ajouter("installation", resultats.Releve(), vide=True)
    bilan.ajouter("odoo", journal(tmp_path, ("INFO", TEST, "Starting TestA.test_un ...")))
    for phase in ("pytest", "décalé"):
        bilan.ajouter(phase, junit(tmp_path, ("cnas_base.tests.test_a.TestA", "test_un", "")))
    assert (bilan.derniere_ligne(), bilan.reussi) == ("1 passed, 0 failed, 0 skipped", True)


def test_un_echec_dans_une_seule_phase_suffit(tmp_path):
    """Passé ici, raté là : raté."""
    bilan = resultats.Bilan()
    bilan.ajouter("odoo", journal(tmp_path, ("INFO", TEST, "Starting TestA.test_un ..."), ("ERROR", TEST, "FAIL: Subtest TestA.test_un (cas)")))
    bilan.ajouter("pytest", junit(tmp_path, ("cnas_base.tests.test_a.TestA", "test_un", "")))
    assert (bilan.derniere_ligne(), bilan.reussi) == ("0 passed, 1 failed, 0 skipped", False)


def test_rien_n_a_tourne_est_un_echec():
    """Zéro test, ou une phase sans test : la commande échoue."""
    assert not resultats.Bilan().reussi
    bilan = resultats.Bilan()
    bilan.ajouter("pytest", resultats.Releve())
    assert (bilan.derniere_ligne(), bilan.reussi) == ("0 passed, 1 failed, 0 skipped", False)


@pytest.mark.parametrize("raison, admise", [
    ("PostgreSQL lancé sans unaccent", True), ("Chrome executable not found", False), ("plus tard", False), ("", False),
])
def test_une_raison_de_saut_est_dans_la_liste(tmp_path, raison, admise):
    """Toute autre raison échoue, dans les deux lectures."""
    saute = junit(tmp_path, ("cnas_base.tests.test_a.TestA", "test_un", f'<skipped message="{raison}"/>'))
    assert (not saute.defauts) is admise
    assert (not journal(tmp_path, ("INFO", TEST, f"skipped TestA.test_un : {raison}")).defauts) is admise


@pytest.mark.parametrize("chemin, admis", [
    ("/venv/lib/python3.11/site-packages/lib2to3/x.py:3", True), ("/opt/odoo/odoo/fields.py:3", True),
    ("/srv/odoo/cnas_base/models/lot.py:3", False), ("/work/cnas_facturation/report/pdf.py:3", False),
])
def test_nos_avertissements_de_peremption_echouent(tmp_path, chemin, admis):
    """Un DeprecationWarning d'une bibliothèque épinglée passe ; un des nôtres échoue, où que soit le clone."""
    releve = journal(tmp_path, ("WARNING", "py.warnings", f"{chemin}: DeprecationWarning: vieux"))
    assert (not releve.defauts) is admis


def test_un_echec_annonce_mais_pas_nomme(tmp_path):
    """Le total d'Odoo est cru, même si la ligne du test a été perdue."""
    assert journal(tmp_path, ("ERROR", "odoo.tests.result", "1 failed, 0 error(s) of 3 tests when loading database 'x'")).defauts


@pytest.mark.parametrize("importation, refuse", [
    ("from odoo.tests import TransactionCase, tagged", True), ("from odoo.tests.common import (\n    HttpCase,\n    tagged,\n)", True),
    ("from odoo.tests import tagged", False), ("from odoo.addons.cnas_base.tests.common import TransactionCase", False),
])
def test_le_jour_des_tests_est_fige(tmp_path, monkeypatch, importation, refuse):
    """Une classe de test d'Odoo, sans jour figé, est refusée par ./cnas verifier."""
    (tmp_path / "cnas_base" / "tests").mkdir(parents=True)
    (tmp_path / "cnas_base" / "tests" / "test_a.py").write_text(importation + "\n")
    monkeypatch.setattr(verifier, "RACINE", tmp_path)
    assert bool(list(verifier.jour_des_tests())) is refuse


@pytest.mark.parametrize("version, manquent", [("17.0.1.2.3", 0), ("17.0.1.2.4", 11)])
def test_le_journal_des_versions_suit_les_manifestes(tmp_path, monkeypatch, version, manquent):
    """Un manifeste monté sans que CHANGELOG.md le dise est refusé par ./cnas verifier."""
    (tmp_path / "CHANGELOG.md").write_text("".join(f"`{addon}` 17.0.1.2.3, " for addon in chemins.TOUS))
    monkeypatch.setattr(verifier, "RACINE", tmp_path)
    monkeypatch.setattr(chemins, "manifeste", lambda addon: {"version": version})
    assert len(list(verifier.journal_des_versions())) == manquent


@pytest.mark.parametrize("modele, refuse", [("cnas.a", True), ("cnas.b", False)])
def test_une_methode_ne_se_redefinit_pas_dans_son_addon(tmp_path, monkeypatch, modele, refuse):
    """Deux classes d'un même modèle qui ont la même méthode : ./cnas verifier le refuse."""
    for nom, lignes in (("a", '_name = "cnas.a"'), ("b", f'_inherit = "{modele}"')):
        (tmp_path / "cnas_base" / "models").mkdir(parents=True, exist_ok=True)
        (tmp_path / "cnas_base" / "models" / f"{nom}.py").write_text(f"class C:\n    {lignes}\n\n    def write(self, vals):\n        pass\n")
    monkeypatch.setattr(verifier, "RACINE", tmp_path)
    assert bool(list(verifier.methodes_uniques())) is refuse


@pytest.mark.parametrize("phrase, code", [("Journal intact : 3 ligne(s) relue(s).", 0), ("Journal rompu à la ligne 2 (3 lignes).", 1)])
def test_verifier_journal_rend_le_code(tmp_path, phrase, code, capsys):
    """Intact : 0 ; rompu : 1 ; la phrase est dite telle quelle."""
    class Machine:
        def commande(self, _configuration, *_arguments, verbe=()):
            return ["sh", "-c", f"echo '{verifier_journal.MARQUE}{phrase}'"]

        def env(self):
            return None

    assert verifier_journal.verifier(Machine(), "x", tmp_path) == code
    assert phrase in "".join(capsys.readouterr())


def test_odoo_introuvable_se_dit_avant_d_installer(monkeypatch):
    """Hors ligne et sans Odoo : la phrase vient avant que l'environnement Python ne s'installe."""
    def introuvable():
        raise console.Arret("Odoo 17 est introuvable")

    def installe(_tests):
        raise AssertionError("installé avant de chercher Odoo")

    monkeypatch.delenv("CNAS_IMAGE", raising=False)
    monkeypatch.setattr(commandes.sources_odoo, "trouver", introuvable)
    monkeypatch.setattr(commandes.environnement, "preparer", installe)
    with pytest.raises(console.Arret, match="introuvable"):
        commandes.preparer_machine()


def ouvrir_a_postgres(chemin):
    """Root lance PostgreSQL sous un autre usager, qui doit pouvoir entrer ici."""
    for dossier in (chemin, *chemin.parents):
        if dossier.owner() == getpass.getuser() and str(dossier) != "/" and dossier != Path(tempfile.gettempdir()):
            dossier.chmod(0o755)


@pytest.mark.skipif(not postgres._binaires(), reason="les programmes de PostgreSQL (pg_dump) ne sont pas sur cette machine")
def test_un_chemin_avec_espace_et_apostrophe(tmp_path, monkeypatch):
    """Le serveur privé démarre, répond et s'arrête dans « Dossier été N'Djaména »."""
    prive = tmp_path / "Dossier été N'Djaména" / ".cnas"
    ouvrir_a_postgres(tmp_path)
    monkeypatch.setattr(chemins, "PRIVE", prive)
    grappe = postgres.Grappe("pg", postgres._binaires(), rapide=True)
    assert prive in grappe.dossier.parents
    grappe.demarrer()
    try:
        assert grappe.tourne() and grappe._deja_la()
    finally:
        assert grappe.arreter()


@pytest.fixture
def grappe(tmp_path, monkeypatch):
    """Un serveur privé neuf, démarré."""
    ouvrir_a_postgres(tmp_path)
    monkeypatch.setattr(instant, "ATTENTE", 30)
    yield (neuve := nouvelle_grappe(tmp_path / ".cnas", monkeypatch))
    neuve.arreter()


def nouvelle_grappe(prive, monkeypatch):
    """Rend un serveur privé de ce clone, démarré."""
    monkeypatch.setattr(chemins, "PRIVE", prive)
    neuve = postgres.Grappe("pg", postgres._binaires(), rapide=True)
    neuve.demarrer()
    return neuve


def machine_de(grappe):
    """Rend ce que les verbes attendent d'une machine."""
    return SimpleNamespace(acces=SimpleNamespace(grappe=grappe))


@pytest.mark.skipif(not postgres._binaires(), reason="les programmes de PostgreSQL (pg_dump) ne sont pas sur cette machine")
def test_revenir_a_un_instant(tmp_path, monkeypatch, grappe):
    """Les journaux archivés rendent le serveur d'avant la faute ; la grappe d'après reste à côté ; les pages ont leurs sommes."""
    machine = machine_de(grappe)
    assert instant._psql(grappe, "SHOW data_checksums") == "on"
    archives = tmp_path / "archives d'un disque"
    archives.mkdir()
    archives.chmod(0o755)
    avant = sauvegarde.maintenant()
    copie = instant.archiver(machine, archives)
    assert archives.stat().st_mode & 0o777 == 0o755 and archives.owner() == getpass.getuser(), "un dossier qui existe garde ses droits"
    assert f"{avant:{sauvegarde.INSTANT}}" <= copie.name
    (archives / "bases" / "copie-a-la-main").mkdir()  # quinze signes, comme une copie
    instant._psql(grappe, "CREATE TABLE dossier AS SELECT 1 AS numero")
    time.sleep(1.1)
    voulu = instant._psql(grappe, "SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')")
    time.sleep(1.1)
    instant._psql(grappe, "DROP TABLE dossier")
    with pytest.raises(console.Arret, match="Aucune copie"):
        instant.revenir(machine, "2020-01-01 00:00", archives)
    with pytest.raises(console.Arret, match="pas encore passé"):
        instant.revenir(machine, "2999-01-01 00:00", archives)
    assert grappe.tourne()
    copie.chmod(0)
    with pytest.raises(console.Arret, match="ne se copie pas"):
        instant.revenir(machine, voulu, archives)
    copie.chmod(0o700)
    grappe.demarrer()
    cote = instant.revenir(machine, voulu, archives)
    assert instant._psql(grappe, "SELECT numero FROM dossier") == "1"
    assert (cote / "PG_VERSION").is_file()
    # l'archivage continue : une autre faute se rattrape de même
    instant._psql(grappe, "INSERT INTO dossier VALUES (2)")
    instant._attendre_l_archive(grappe)
    # un segment perdu avant l'instant : refusé, la grappe en place reste
    max((archives / "journaux").glob("????????????????????????")).unlink()
    with pytest.raises(console.Arret):
        instant.revenir(machine, f"{sauvegarde.maintenant()}", archives)
    grappe.demarrer()
    assert instant._psql(grappe, "SELECT count(*) FROM dossier") == "2"
    grappe.arreter()
    # le disque de la base est mort : un clone neuf revient des archives seules
    neuve = nouvelle_grappe(tmp_path / "neuf" / ".cnas", monkeypatch)
    try:
        instant.revenir(machine_de(neuve), voulu, archives)
        assert instant._psql(neuve, "SELECT numero FROM dossier") == "1"
    finally:
        neuve.arreter()


@pytest.mark.skipif(not postgres._binaires(), reason="les programmes de PostgreSQL (pg_dump) ne sont pas sur cette machine")
def test_archiver_dit_ce_qui_l_empeche(tmp_path, grappe):
    """Les archives d'un autre serveur : dit tout de suite, sans copie ; un autre dossier, et l'échec d'avant ne compte plus."""
    archives = tmp_path / "archives"
    (archives / "journaux").mkdir(parents=True)
    (archives / "journaux" / instant._psql(grappe, "SELECT pg_walfile_name(pg_current_wal_lsn())")).write_text("d'un autre")
    with pytest.raises(console.Arret, match="n'arrive pas à archiver"):
        instant.archiver(machine_de(grappe), archives)
    assert not list((archives / "bases").iterdir())
    assert instant.archiver(machine_de(grappe), tmp_path / "autre disque").is_dir()


@pytest.mark.parametrize("arguments, phrase", [
    (["captures", "pirate"], "Aucun guide « pirate »"), (["revenir", "hier", "/archives"], "L'instant s'écrit"),
    (["archiver"], "il manque : DOSSIER"), (["planche", "/etc/passwd/x"], "accès impossible à /etc/passwd"),
])
def test_une_entree_fausse_se_dit_avant_d_installer(arguments, phrase, monkeypatch, capsys):
    """Une phrase, avant toute préparation de la machine."""
    def installe(*_arguments, **_options):
        raise AssertionError("la machine se prépare")

    monkeypatch.setattr(commandes, "preparer_machine", installe)
    monkeypatch.setattr(commandes.systeme, "preparer_outils", installe)
    monkeypatch.setattr(signal, "signal", lambda *_arguments: None)
    with contextlib.suppress(SystemExit):
        assert commandes.principal(arguments) == 1
    assert phrase in "".join(capsys.readouterr())


@pytest.mark.parametrize("signe", [",", '"', "$", "`", "\\"])
def test_un_chemin_qu_odoo_ou_pg_ctl_ne_savent_pas_lire_se_dit(signe, monkeypatch):
    """Une phrase, avant toute préparation."""
    monkeypatch.delenv("CNAS_IMAGE", raising=False)
    monkeypatch.setattr(chemins, "RACINE", Path(f"/srv/a{signe}b"))
    with pytest.raises(console.Arret, match="déplacez"):
        commandes.preparer_machine()


@pytest.mark.parametrize("base", ["postgres", "template1", "cnas_modele", "a b", "x'; DROP DATABASE y"])
def test_un_nom_de_base_reserve_ou_mal_forme_se_refuse(base):
    """La base du serveur, ou un nom qu'Odoo ne saurait porter : une phrase, rien d'écrit."""
    with pytest.raises(console.Arret, match="Nom de base refusé"):
        bases.verifier_nom(base)


def test_la_rotation_garde_sept_jours_quatre_semaines_douze_mois():
    """Deux ans de sauvegardes quotidiennes, et trois le dernier jour."""
    jour = datetime.datetime(2026, 11, 26, 12)
    instants = [jour - datetime.timedelta(days=rang) for rang in range(730)] + [jour - datetime.timedelta(hours=rang) for rang in (1, 2)]
    gardes = sauvegarde.a_garder(instants, jour)
    assert {jour - datetime.timedelta(hours=rang) for rang in (0, 1, 2)} <= gardes
    assert {jour - datetime.timedelta(days=rang) for rang in range(7)} <= gardes
    assert len({instant.strftime("%Y-%m") for instant in gardes}) == 12
    assert len(gardes) <= 3 + 6 + 4 + 12


def test_ce_qu_une_mise_a_jour_n_a_pas_a_changer():
    """Un montant, un dossier en moins, un réglage : dits ; une donnée livrée de plus, le journal : non."""
    avant = {"sommes": {"cnas_facture": {"lignes": 2, "montant": "10"}, "cnas_taux": {"lignes": 1}, "cnas_journal": {"lignes": 1}},
             "reglages": {"x.taux": {"id": 1, "taux": 65}}}
    apres = {"sommes": {"cnas_facture": {"lignes": 2, "montant": "10", "reste": "3"}, "cnas_taux": {"lignes": 2}, "cnas_journal": {"lignes": 9}},
             "reglages": {"x.taux": {"id": 1, "taux": 65, "neuf": None}, "x.autre": {}}, "livres": ["cnas_taux"]}
    assert mise_a_jour.ecarts(avant, apres) == []
    apres["sommes"]["cnas_facture"]["montant"] = "11"
    apres["reglages"]["x.taux"]["taux"] = 80
    assert mise_a_jour.ecarts(avant, apres) == ["cnas_facture.montant : 10 → 11", "x.taux.taux : 65 → 80"]


def test_ce_qu_une_migration_dit_refaire_passe():
    """Une migration qui refait un réglage le dit ; seule celle qu'on passe compte."""
    avant = {"sommes": {}, "reglages": {"cnas_feuilles_soin.regle_plf_01": {"sequence": 1002, "severite": "rejet"}}}
    apres = {"sommes": {}, "livres": [], "reglages": {"cnas_feuilles_soin.regle_plf_01": {"sequence": 1001, "severite": "rejet"}}}
    assert mise_a_jour.ecarts({**avant, "versions": {"cnas_feuilles_soin": "17.0.1.0.0"}}, apres) == []
    assert mise_a_jour.ecarts({**avant, "versions": {"cnas_feuilles_soin": "17.0.1.1.0"}}, apres) == ["cnas_feuilles_soin.regle_plf_01.sequence : 1002 → 1001"]


def test_un_disque_plein_au_dechiffrement_se_dit(tmp_path, monkeypatch):
    """Ce qui échoue en lisant une sauvegarde chiffrée est dit tel quel : ni « la clé n'est pas la bonne », ni la suite lue en mémoire."""
    (tmp_path / "age").write_text("#!/bin/sh\nexec cat /dev/zero\n", encoding="utf-8")
    (tmp_path / "age").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(OSError, match="plein"), chiffre.lire(tmp_path / "base.dump.age", "age", tmp_path / "cle") as flux:
        flux.read(10)
        raise OSError("disque plein")


@pytest.mark.parametrize("arguments", [["demarrer"], ["restaurer", "{archive}"], ["mettre-a-jour"], ["anonymiser", "--sur-place"]])
def test_une_commande_qui_touche_a_la_base_attend_l_autre(arguments, tmp_path, monkeypatch, capsys):
    """Restaurer pendant une mise à jour changerait la base sous elle : chacune tient le même verrou."""
    def voir(*_arguments, **_options):
        with open(chemins.prive("demarrer.verrou"), "a") as flux, pytest.raises(BlockingIOError):
            fcntl.flock(flux, fcntl.LOCK_EX | fcntl.LOCK_NB)
        raise console.Arret("verrou tenu")

    (tmp_path / "manifeste.json").write_text('{"format": 1}', encoding="utf-8")
    monkeypatch.setattr(chemins, "PRIVE", tmp_path / ".cnas")
    machine = SimpleNamespace(acces=SimpleNamespace(base="x"))
    monkeypatch.setattr(commandes, "preparer_machine", (lambda: machine) if "anonymiser" in arguments else voir)
    monkeypatch.setattr(commandes.anonymisation, "sur_place", voir)
    monkeypatch.setattr(signal, "signal", lambda *_arguments: None)
    assert commandes.principal([argument.format(archive=tmp_path) for argument in arguments]) == 1
    assert "verrou tenu" in capsys.readouterr().out


def test_un_retour_en_arriere_rate_dit_la_sauvegarde(monkeypatch):
    """Disque plein pendant la mise à jour, puis pendant le retour : la faute première et l'archive sont dites."""
    def plein(*_arguments):
        raise console.Arret("le disque est plein")

    monkeypatch.setattr(sauvegarde, "restaurer", plein)
    with pytest.raises(console.Arret, match=r"(?s)journal rompu.*disque est plein.*restaurer '/s/cnas-1'"):
        mise_a_jour._revenir(None, "cnas", "/s/cnas-1", console.Arret("journal rompu"))


def test_le_cadre_des_bancs_se_charge_avant_nos_addons():
    """Les addons ne s'importent qu'une fois Odoo réglé : le cadre qui le règle n'en importe aucun."""
    subprocess.run([sys.executable, "-c", "import tests.bancs.cadre"], cwd=chemins.RACINE, check=True, timeout=60)
