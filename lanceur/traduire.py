"""./cnas traduire : réécrit les phrases à traduire (`i18n/<addon>.pot`) et met à jour les traductions (`i18n/ar.po`)."""
import subprocess

from . import chemins, commandes, console, tester
from .console import Arret

OUTIL = chemins.RACINE / "lanceur" / "outil_traduire.py"


def traduire():
    """Extrait les phrases d'une base d'essai à jour ; les traductions déjà faites restent."""
    machine = commandes.preparer_machine(tests=True, rapide=True)
    machine.installer_demo_a_jour(tester.BASE_DEMO)
    configuration = machine.configuration(tester.BASE_DEMO, max_cron_threads=0, server_wide_modules="base,web", log_level="warn")
    console.etape("Traductions")
    with OUTIL.open(encoding="utf-8") as script:
        sortie = subprocess.run(machine.commande(configuration, "-d", tester.BASE_DEMO, "--no-http", verbe=("shell",)), stdin=script,
                                env={**machine.env(), "CNAS_ADDONS": ",".join(chemins.TOUS)}, capture_output=True, text=True)
    for ligne in sortie.stdout.splitlines():
        console.detail(ligne)
    if sortie.returncode or not sortie.stdout.strip() or "Traceback" in sortie.stderr:
        raise Arret(f"Les phrases n'ont pas pu s'extraire :\n{sortie.stderr[-2000:]}")
