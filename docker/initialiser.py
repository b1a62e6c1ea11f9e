"""Initialisation à part (service « initialisation ») : installe une base neuve, ou met à jour celle qui est là, puis rend la main.

Même logique que `./cnas demarrer` : une base de production passe par la mise à jour contrôlée (sauvegarde, plan,
application, contrôles, retour en arrière) ; une reprise est sans danger.
"""
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lanceur import commandes, console  # noqa: E402


def principal():
    """Rend 0 si la base est prête."""
    try:
        with commandes.une_a_la_fois():
            commandes.installer_ou_mettre_a_jour(
                commandes.preparer_machine(), os.environ.get("CNAS_BASE", "cnas"), demo=os.environ.get("CNAS_DEMO", "0") == "1")
    except console.Arret as erreur:
        console.dire(f"initialisation : {erreur}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(principal())
