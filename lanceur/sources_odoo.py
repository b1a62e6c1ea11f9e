"""Trouver Odoo 17 : ODOO_DIR, un `odoo` importable, le cache, sinon la branche officielle."""
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import urllib.error
import urllib.request
from pathlib import Path

from . import chemins, console
from .console import Arret

ADRESSE = "https://github.com/odoo/odoo/archive/refs/heads/17.0.tar.gz"


class Odoo:
    """Un arbre d'Odoo 17 : `racine` (à mettre dans PYTHONPATH) et `addons` (chemins d'addons)."""

    def __init__(self, racine, addons, origine):
        self.racine, self.addons, self.origine = Path(racine), [str(a) for a in addons], origine

    @property
    def chemin_addons(self):
        """Valeur d'`addons_path` : le cœur puis ce dépôt."""
        return ",".join([*self.addons, str(chemins.RACINE)])


def _serie(paquet):
    """Version majeure lue dans odoo/release.py, sans l'exécuter ; None si ce n'est pas Odoo."""
    try:
        texte = (Path(paquet) / "release.py").read_text(encoding="utf-8")
    except OSError:
        return None
    trouve = re.search(r"^version_info\s*=\s*\(\s*(?:'saas~)?(\d+)", texte, re.M)
    return trouve and trouve.group(1)


def _addons(racine):
    dossiers = [Path(racine) / "addons", Path(racine) / "odoo" / "addons"]
    return [d for d in dossiers if d.is_dir()]


def _depuis_dossier(racine, origine):
    """Odoo d'un arbre de sources, ou None."""
    racine = Path(racine).expanduser()
    serie = _serie(racine / "odoo")
    if serie is None:
        return None
    if serie != "17":
        raise Arret(f"{origine} contient Odoo {serie} : il faut Odoo 17.")
    addons = _addons(racine)
    if not any((dossier / "web").is_dir() for dossier in addons):
        raise Arret(f"{origine} ({racine}) ne contient pas les addons d'Odoo (web manque) : indiquez un arbre complet.")
    return Odoo(racine.resolve(), addons, origine)


def _importable():
    """Un `odoo` 17 que ce Python sait importer (paquet Debian, pip) : on n'expose que lui, par un lien."""
    code = "import importlib.util as u; s=u.find_spec('odoo'); print((s and s.origin) or '')"
    env = {c: v for c, v in os.environ.items() if c != "PYTHONPATH"}
    sortie = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd="/", env=env)
    origine = sortie.stdout.strip()
    if not origine.endswith("__init__.py"):
        return None
    paquet = Path(origine).parent
    if _serie(paquet) != "17":
        return None
    lien = chemins.CACHE / "odoo-importable" / hashlib.sha256(str(paquet).encode()).hexdigest()[:12] / "odoo"
    lien.parent.mkdir(parents=True, exist_ok=True)
    if not lien.is_symlink():
        lien.symlink_to(paquet)
    addons = [d for d in (paquet.parent / "addons", lien / "addons") if d.is_dir()]
    if not any((dossier / "web").is_dir() for dossier in addons):
        return None
    return Odoo(lien.parent, addons, "odoo importable")


def trouver():
    """Rend l'Odoo 17 à employer, téléchargé s'il le faut."""
    console.etape("Odoo 17")
    choix = os.environ.get("ODOO_DIR")
    if choix:
        odoo = _depuis_dossier(choix, "ODOO_DIR")
        if not odoo:
            raise Arret(f"ODOO_DIR={choix} ne contient pas Odoo (odoo/release.py introuvable) : corrigez ou retirez cette variable.")
    else:
        odoo = _importable() or _depuis_dossier(chemins.CACHE_ODOO, "~/.cache/odoo/17.0") or _telecharger()
    console.detail(f"{odoo.origine} : {odoo.racine}")
    return odoo


def _telecharger():
    """Télécharge l'archive de la branche 17.0 et la pose dans le cache, d'un seul geste."""
    cible = chemins.CACHE_ODOO
    cible.parent.mkdir(parents=True, exist_ok=True)
    archive = cible.parent / "17.0.tar.gz.partiel"
    with chemins.verrou(cible.parent / "17.0.verrou"):
        deja = _depuis_dossier(cible, "~/.cache/odoo/17.0")
        if deja:
            return deja
        console.detail(f"téléchargement de {ADRESSE}")
        try:
            with urllib.request.urlopen(ADRESSE, timeout=60) as source, open(archive, "wb") as sortie:
                _copier(source, sortie)
            _extraire(archive, cible)
        except (urllib.error.URLError, OSError, tarfile.TarError, EOFError) as erreur:
            raison = getattr(erreur, "reason", erreur)
            raise Arret(
                "Odoo 17 est introuvable et le téléchargement de la branche officielle a échoué "
                f"({raison}). Placez un arbre d'Odoo 17 dans ~/.cache/odoo/17.0, ou indiquez-le : "
                "ODOO_DIR=/chemin/vers/odoo ./cnas demarrer") from erreur
        finally:
            archive.unlink(missing_ok=True)
    return _depuis_dossier(cible, "téléchargé")


def _copier(source, sortie):
    recu, palier = 0, 20 << 20
    while bloc := source.read(1 << 20):
        sortie.write(bloc)
        recu += len(bloc)
        if recu >= palier:
            console.detail(f"{recu >> 20} Mo reçus…")
            palier += 20 << 20


def _extraire(archive, cible):
    """Extrait l'archive à côté puis la renomme : jamais d'arbre à moitié posé."""
    console.detail("extraction")
    provisoire = cible.with_name("17.0.extraction")
    shutil.rmtree(provisoire, ignore_errors=True)
    with tarfile.open(archive, "r:gz") as paquet:
        for membre in paquet:
            morceaux = Path(membre.name).parts[1:]
            if not morceaux or ".." in morceaux or not (membre.isfile() or membre.isdir()):
                continue
            if morceaux[0] in ("odoo", "addons", "odoo-bin", "LICENSE", "requirements.txt"):
                membre.name = str(Path(*morceaux))
                paquet.extract(membre, provisoire)
    if not _depuis_dossier(provisoire, "l'archive téléchargée"):
        raise tarfile.TarError("archive incomplète")
    shutil.rmtree(cible, ignore_errors=True)
    provisoire.rename(cible)
