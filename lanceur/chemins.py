"""Où sont les choses : le clone, son dossier privé `.cnas/`, le cache partagé, les addons."""
import ast
import fcntl
import hashlib
import os
from contextlib import contextmanager
from pathlib import Path

RACINE = Path(__file__).resolve().parent.parent
PRIVE = Path(os.environ.get("CNAS_PRIVE") or RACINE / ".cnas")
CACHE = Path(os.path.expanduser("~")) / ".cache" / "cnas"
RTLCSS = CACHE / "rtlcss-4.3.0"
CACHE_ODOO = Path(os.path.expanduser("~")) / ".cache" / "odoo" / "17.0"
ADDONS = (
    "cnas_base", "cnas_referentiels", "cnas_assures", "cnas_employeurs",
    "cnas_formations", "cnas_feuilles_soin", "cnas_facturation",
)
# modules d'Odoo qu'une base de production a en plus : mots de passe d'au moins huit signes, second facteur
PRODUCTION = ("auth_password_policy",)
DEMO = "cnas_demo"  # le jeu de démonstration, jamais en production
# facultatifs : les sept tournent sans eux ; la démonstration les montre tous
EN_PLUS = ("cnas_cotisations", "cnas_comptabilite", "cnas_controle", "cnas_echanges")
TOUS = (*ADDONS, *EN_PLUS, DEMO)
IGNORES = {"__pycache__", ".pytest_cache", ".ruff_cache"}


def avec_outils():
    """Le PATH, et l'outil que le lanceur pose lui-même pour Odoo."""
    return os.pathsep.join((os.environ.get("PATH", os.defpath), str(RTLCSS / "bin")))


def prive(*morceaux):
    """Chemin dans `.cnas/`, dossier parent créé."""
    chemin = PRIVE.joinpath(*morceaux)
    chemin.parent.mkdir(parents=True, exist_ok=True)
    return chemin


def journal(nom):
    """Chemin d'un journal du lanceur."""
    return prive("journaux", nom)


def fichiers(dossier):
    """Fichiers d'un dossier, triés, sans les caches."""
    for base, dossiers, noms in os.walk(dossier):
        dossiers[:] = sorted(d for d in dossiers if d not in IGNORES)
        for nom in sorted(noms):
            if not nom.endswith((".pyc", ".swp")):
                yield Path(base) / nom


def empreinte_fichiers(*listes):
    """Empreinte courte du contenu de fichiers."""
    somme = hashlib.sha256()
    for fichier in listes:
        somme.update(Path(fichier).name.encode() + b"\0" + Path(fichier).read_bytes() + b"\0")
    return somme.hexdigest()[:12]


def empreintes_addons(addons=ADDONS):
    """{addon: empreinte} — ce qui change en base après une modification (les tests n'y changent rien)."""
    resultat = {}
    for addon in addons:
        somme = hashlib.sha256()
        for fichier in fichiers(RACINE / addon):
            relatif = fichier.relative_to(RACINE)
            if "tests" in relatif.parts[:2] or relatif.suffix == ".md":
                continue
            somme.update(str(relatif).encode() + b"\0" + fichier.read_bytes() + b"\0")
        resultat[addon] = somme.hexdigest()[:16]
    return resultat


def manifeste(addon):
    """Le manifeste d'un addon, lu sans l'exécuter."""
    return ast.literal_eval((RACINE / addon / "__manifest__.py").read_text(encoding="utf-8"))


@contextmanager
def verrou(chemin):
    """Un seul à la fois dans cette section, entre processus."""
    chemin = Path(chemin)
    chemin.parent.mkdir(parents=True, exist_ok=True)
    with open(chemin, "a") as flux:
        fcntl.flock(flux, fcntl.LOCK_EX)
        yield
