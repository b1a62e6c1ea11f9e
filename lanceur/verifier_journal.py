"""./cnas verifier-journal : relit toute la chaîne du journal. Le programme ci-dessous tourne dans `odoo shell`."""
import subprocess
import sys

from . import console

PROGRAMME = """
resultat = env["cnas.journal"].sudo().verifier()
if resultat["intact"]:
    print("CNAS-JOURNAL Journal intact : %s ligne(s) relue(s)." % resultat["lignes"])
else:
    print("CNAS-JOURNAL Journal rompu à la ligne %s (%s lignes)." % (resultat["premiere_rupture"], resultat["lignes"]))
"""
MARQUE = "CNAS-JOURNAL "


def verifier(machine, base, configuration=None):
    """Relit le journal d'une base, le dit en une phrase, rend 0 s'il est intact, 1 sinon."""
    configuration = configuration or machine.configuration(base)
    mene = subprocess.run(
        machine.commande(configuration, "--no-http", "--log-level=error", verbe=("shell",)), input=PROGRAMME, text=True,
        capture_output=True, env=machine.env(), cwd="/")
    phrase = next((ligne[len(MARQUE):] for ligne in mene.stdout.splitlines() if ligne.startswith(MARQUE)), None)
    if phrase is None:
        print(mene.stderr[-2000:], file=sys.stderr)
        raise console.Arret(f"le journal de la base « {base} » n'a pas pu être relu.")
    console.dire(phrase)
    return 0 if phrase.startswith("Journal intact") else 1
