"""Point d'entrée d'Odoo, quelle que soit la façon dont il est installé (voir sources_odoo)."""
import os
import sys

os.environ["TZ"] = "UTC"
sys.path[:] = [p for p in sys.path if os.path.realpath(p or ".") != os.path.dirname(os.path.realpath(__file__))]

import odoo  # noqa: E402
from odoo.modules import module  # noqa: E402

# Modules qu'Odoo installe de lui-même et qui appellent un tiers : rien d'un assuré ne sort de la caisse.
APPELS_TIERS = frozenset((
    "iap", "iap_mail", "partner_autocomplete", "snailmail", "web_unsplash", "google_gmail", "google_recaptcha",
    "google_account", "microsoft_outlook"))
_lire_manifeste = module.load_manifest


def lire_manifeste(nom, chemin=None):
    """Lit un manifeste ; un module qui appelle un tiers ne s'installe plus de lui-même."""
    manifeste = _lire_manifeste(nom, chemin)
    return {**manifeste, "auto_install": False} if nom in APPELS_TIERS and manifeste else manifeste


module.load_manifest = lire_manifeste

if __name__ == "__main__":
    odoo.cli.main()
