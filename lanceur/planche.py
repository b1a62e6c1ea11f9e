"""./cnas planche : tous les papiers de la caisse, en PDF et en images (tests/outils/planche.py)."""
import os
from pathlib import Path

from . import chemins, commandes, console, systeme, tester


def dessiner(dossier):
    """Dessine la planche dans `dossier` ; lève si un papier n'a pas pu se faire."""
    dossier = Path(dossier or chemins.PRIVE / "planche").absolute()
    dossier.mkdir(parents=True, exist_ok=True)
    systeme.preparer_outils()
    machine = commandes.preparer_machine(tests=True, rapide=True)
    machine.installer_demo_a_jour(tester.BASE_DEMO)
    env = machine.env()
    env["PYTHONPATH"] = os.pathsep.join([env["PYTHONPATH"], str(chemins.RACINE)])
    configuration = machine.configuration(tester.BASE_DEMO, max_cron_threads=0, server_wide_modules="base,web", log_level="warn")
    console.etape("Planche")
    console.exiger([machine.python, "-W", "ignore", "-m", "tests.outils.planche", tester.BASE_DEMO, configuration, str(dossier)],
                   "planche.log", "Un papier n'a pas pu se dessiner.", env=env, cwd=chemins.RACINE, suivre=console.dire)
    console.detail(f"papiers : {dossier}")
