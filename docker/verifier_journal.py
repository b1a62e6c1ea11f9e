"""docker compose run --rm journal : relit la chaîne du journal ; code 1 si une ligne a été altérée."""
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lanceur import console, verifier_journal  # noqa: E402


class Conteneur:
    """L'Odoo de l'image : sa commande et son environnement."""

    def commande(self, configuration, *arguments, verbe=()):
        return ["odoo", *verbe, "-c", configuration, "-d", os.environ.get("CNAS_BASE", "cnas"), *arguments]

    def env(self):
        return dict(os.environ)


if __name__ == "__main__":
    try:
        sys.exit(verifier_journal.verifier(Conteneur(), os.environ.get("CNAS_BASE", "cnas"), "/etc/odoo/odoo.conf"))
    except console.Arret as erreur:
        console.dire(f"journal : {erreur}")
        sys.exit(1)
