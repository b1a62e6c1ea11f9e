"""Sauvegarde et restauration : mêmes sommes, mêmes fichiers, et un serveur qui sert la base restaurée."""
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import RACINE, Rpc, Serveur

from lanceur import postgres

RESTAUREE = "cnas_e2e_restauree"
ROLES = ("agent", "controleur", "medecin_conseil", "superviseur", "finance", "administrateur")


@pytest.fixture
def outils(machine, serveur, tmp_path):
    """Environnement des scripts de sauvegarde : programmes de PostgreSQL, base, dossiers."""
    binaires = postgres._binaires()
    if not binaires or not shutil.which("sh"):
        pytest.skip("les programmes de PostgreSQL (pg_dump) ne sont pas sur cette machine : serveur fourni à distance")
    env = dict(machine.outils.env(), CNAS_SAUVEGARDES=str(tmp_path), CNAS_DONNEES=str(machine.outils.donnees))
    env["PATH"] = binaires + os.pathsep + env["PATH"]
    machine.outils.supprimer_base(RESTAUREE)
    machine.outils.creer_base(RESTAUREE)
    yield env
    machine.outils.supprimer_base(RESTAUREE)


def _script(nom, env, *arguments, **variables):
    return subprocess.run(["sh", str(RACINE / "docker" / nom), *arguments], env={**env, **variables}, capture_output=True, text=True)


def _empreintes(dossier):
    return {str(f.relative_to(dossier)): hashlib.sha256(f.read_bytes()).hexdigest() for f in Path(dossier).rglob("*") if f.is_file()}


def _sommes(session):
    feuilles = session.appel("cnas.feuille_soin", "read_group", [], ["montant_facture", "montant_cnas", "ticket_moderateur"], ["state"])
    return {f["state"]: (f["state_count"], f["montant_facture"], f["montant_cnas"], f["ticket_moderateur"]) for f in feuilles}


def test_sauvegarder_restaurer(outils, machine, serveur, rpc):
    """Restaurée ailleurs, la base a les mêmes sommes et les fichiers les mêmes empreintes."""
    sortie = _script("sauvegarder.sh", outils, CNAS_BASE=serveur.base)
    assert sortie.returncode == 0, sortie.stderr
    dossier = sortie.stdout.strip().splitlines()[-1]
    refus = _script("restaurer.sh", outils, dossier, CNAS_BASE=serveur.base)
    assert refus.returncode == 1 and "n'est pas vide" in refus.stderr
    fait = _script("restaurer.sh", outils, dossier, CNAS_BASE=RESTAUREE)
    assert fait.returncode == 0, fait.stderr
    magasin = machine.outils.donnees / "filestore"
    assert _empreintes(magasin / RESTAUREE) == _empreintes(magasin / serveur.base)
    # ce que l'installation d'une production fait du compte technique : une fois, puis plus rien
    assert machine.outils.sql("proteger", RESTAUREE, mot_de_passe="tire-au-sort-une-fois")["change"] is True
    assert machine.outils.sql("proteger", RESTAUREE, mot_de_passe="jamais-pose")["change"] is False
    autre = Serveur(machine, RESTAUREE)
    autre.relancer()
    try:
        with pytest.raises(AssertionError, match="connexion refusée"):
            Rpc(autre.url, RESTAUREE, "admin", "admin")
        admin = Rpc(autre.url, RESTAUREE, "admin", "tire-au-sort-une-fois")
        assert not any(admin.appel("res.users", "has_group", f"cnas_base.group_{role}") for role in ROLES)
        assert _sommes(Rpc(autre.url, RESTAUREE, "superviseur", "superviseur")) == _sommes(rpc("superviseur"))
    finally:
        autre.arreter()


def test_sauvegarde_abimee_refusee(outils, serveur):
    """Un octet changé dans la sauvegarde : la restauration s'arrête avant d'écrire."""
    dossier = _script("sauvegarder.sh", outils, CNAS_BASE=serveur.base).stdout.strip().splitlines()[-1]
    with open(Path(dossier) / "base.dump", "r+b") as flux:
        flux.seek(1000)
        flux.write(b"\x00abime\x00")
    assert _script("restaurer.sh", outils, dossier, CNAS_BASE=RESTAUREE).returncode != 0

