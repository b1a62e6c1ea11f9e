"""./cnas planche : tous les papiers de la caisse, en PDF et en images (tests/outils/planche.py)."""
import os
from pathlib import Path

from . import chemins, commandes, console

BASE = "cnas_planche"


def dessiner(dossier):
    """Dessine la planche dans `dossier` ; rend 1 si un papier n'a pas pu se faire."""
    dossier = Path(dossier or chemins.PRIVE / "planche").absolute()
    machine = commandes.preparer_machine(tests=True, rapide=True)
    machine.installer(BASE, demo=True)
    env = machine.env()
    env["PYTHONPATH"] = os.pathsep.join([env["PYTHONPATH"], str(chemins.RACINE)])
    configuration = machine.configuration(BASE, max_cron_threads=0, server_wide_modules="base,web", log_level="warn")
    console.etape("Planche")
    code = console.executer([machine.python, "-W", "ignore", "-m", "tests.outils.planche", BASE, configuration, str(dossier)],
                            "planche.log", env=env, cwd=chemins.RACINE, suivre=console.dire)
    console.detail(f"papiers : {dossier}")
    return 1 if code else 0
