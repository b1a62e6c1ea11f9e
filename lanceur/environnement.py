"""Environnement Python partagé entre clones : un par contenu de requirements*.txt et par version de Python."""
import os
import shutil
import subprocess
import sys

from . import chemins, console, systeme
from .console import Arret


def _creer(dossier):
    """Crée le venv ; installe python3-venv si la distribution l'a mis à part."""
    commande = [sys.executable, "-m", "venv", "--clear", dossier]
    if console.executer(commande, "python.log") == 0:
        return
    version = "%d.%d" % sys.version_info[:2]
    systeme.installer(f"python{version}-venv") or systeme.installer("python3-venv")
    console.exiger(commande, "python.log",
                   f"Impossible de créer l'environnement Python : installez le paquet « python{version}-venv » "
                   "puis relancez la même commande.")


def preparer(tests=False):
    """Rend le Python d'un venv où tout est installé ; reprend une installation interrompue."""
    console.etape("Environnement Python" + (" (avec les outils de test)" if tests else ""))
    listes = [chemins.RACINE / "requirements.txt", chemins.RACINE / "requirements-addons.txt"]
    if tests:
        listes.insert(1, chemins.RACINE / "requirements-dev.txt")
    nom = "venv-%d.%d-%s" % (*sys.version_info[:2], chemins.empreinte_fichiers(*listes))
    dossier = chemins.CACHE / nom
    python = dossier / "bin" / "python"
    marque = dossier / "complet"
    try:
        with chemins.verrou(chemins.CACHE / f"{nom}.verrou"):
            if marque.exists() and python.exists():
                console.detail(f"prêt ({dossier})")
                return str(python)
            if not (python.exists() and subprocess.run(
                    [python, "-m", "pip", "--version"], capture_output=True).returncode == 0):
                shutil.rmtree(dossier, ignore_errors=True)
                _creer(dossier)
            _installer(python, listes, tests)
            marque.touch()
    except OSError as erreur:
        raise Arret(f"Écriture impossible dans {chemins.CACHE} : {erreur.strerror}. "
                    "Donnez-vous ce droit, ou changez HOME, puis relancez.") from erreur
    console.detail(f"prêt ({dossier})")
    return str(python)


def _installer(python, listes, tests):
    """Installe les roues, puis les addons tiers sans leurs dépendances."""
    pip = [python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    console.detail("installation des bibliothèques (une à trois minutes la première fois)")

    def suivre(ligne):
        if ligne.startswith("Collecting "):
            suivre.n += 1
            if suivre.n % 15 == 0:
                console.detail(f"{suivre.n} bibliothèques lues…")
    suivre.n = 0
    phrase = ("L'installation des bibliothèques Python a échoué : vérifiez l'accès à PyPI (réseau, mandataire), "
              "puis relancez la même commande ; elle reprendra ici.")
    arguments = [a for liste in listes[:-1] for a in ("-r", liste)]
    console.exiger([*pip, *arguments], "python.log", phrase, suivre=suivre)
    console.exiger([*pip, "--no-deps", "-r", listes[-1]], "python.log", phrase)


def variables(python, odoo):
    """Environnement des programmes Python lancés : l'Odoo choisi, et lui seul."""
    env = {c: v for c, v in os.environ.items() if c not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "DATABASE_URL")}
    env["PYTHONPATH"] = str(odoo.racine)
    env["PATH"] = os.path.dirname(python) + os.pathsep + chemins.avec_outils()
    env["PYTHONDONTWRITEBYTECODE"] = "1"
    env["PYTHONUNBUFFERED"] = "1"
    return env
