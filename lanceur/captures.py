"""./cnas captures : reprend les images des guides sur une base de démonstration (tests/outils/captures.py)."""
import subprocess

from . import chemins, commandes, console, serveur, systeme, tester
from .console import Arret


def prendre(role=None):
    """Prend les captures d'un rôle, ou de tous ; les dates sont celles du jour."""
    roles = sorted(guide.stem for guide in (chemins.RACINE / "doc" / "guides").glob("*.md"))
    if role and role not in roles:
        raise Arret(f"Aucun guide « {role} ». Rôles : {', '.join(roles)}.")
    systeme.preparer_outils(navigateur=True)
    machine = commandes.preparer_machine(tests=True, rapide=True)
    machine.installer_demo_a_jour(tester.BASE_DEMO)
    port, journal = serveur.port_au_hasard(), "captures.log"
    processus = serveur.lancer(machine, tester.BASE_DEMO, port, journal)
    try:
        serveur.attendre(processus, port, journal)
        console.etape("Captures")
        sortie = subprocess.run([machine.python, chemins.RACINE / "tests" / "outils" / "captures.py", f"http://127.0.0.1:{port}",
                                 tester.BASE_DEMO, chemins.RACINE / "doc" / "guides" / "captures", systeme.chromium(), *([role] if role else [])])
        if sortie.returncode:
            raise Arret("Une capture n'a pas pu se prendre.")
    finally:
        serveur.arreter({"pid": processus.pid, "port": port})
