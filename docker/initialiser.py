"""Initialisation à part (service « initialisation ») : installe ou met à jour les addons, puis rend la main.

Même logique que `./cnas demarrer` : seuls les addons nouveaux ou changés sont touchés, une reprise est sans danger.
"""
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lanceur import bases, console, postgres, sources_odoo  # noqa: E402

ODOO = Path("/usr/lib/python3/dist-packages")


def principal():
    """Rend 0 si la base est prête."""
    odoo = sources_odoo.Odoo(ODOO, [ODOO / "odoo" / "addons"], "image officielle")
    noms = ("PGHOST", "PGPORT", "PGUSER", "PGPASSFILE")
    acces = postgres.Acces({nom: os.environ[nom] for nom in noms if nom in os.environ})
    machine = bases.Machine("/usr/bin/python3", odoo, acces)
    machine.donnees = Path("/var/lib/odoo")
    try:
        machine.verifier_serveur()
        machine.installer(os.environ.get("CNAS_BASE", "cnas"), demo=os.environ.get("CNAS_DEMO", "0") == "1")
    except console.Arret as erreur:
        console.dire(f"initialisation : {erreur}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(principal())
