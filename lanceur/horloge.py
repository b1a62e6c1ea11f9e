"""Faire vivre Odoo à une autre date : libfaketime, qu'on précharge.

PostgreSQL garde son heure, car libfaketime y arrête les minuteries (`lock_timeout`…) : la base a son propre `now()`, décalé
d'autant (outil_base.py, `decaler`).
"""
import glob

from . import systeme
from .console import Arret

DECALAGE = 396  # jours : treize mois, donc une autre année et un autre mois qu'aujourd'hui
MOTIFS = ("/usr/lib/*/faketime/libfaketimeMT.so.1", "/usr/lib*/faketime/libfaketimeMT.so.1", "/usr/local/lib*/faketime/libfaketimeMT.so.1")


def _bibliotheque():
    return next((chemin for motif in MOTIFS for chemin in glob.glob(motif)), None)


def decalee():
    """Rend les variables d'environnement d'un Odoo qui vit treize mois plus tard."""
    chemin = _bibliotheque() or (systeme.installer("libfaketime") and _bibliotheque())
    if not chemin:
        raise Arret("libfaketime manque : les tests à une date décalée ne peuvent pas se faire (Debian/Ubuntu : apt-get install libfaketime).")
    return {"LD_PRELOAD": chemin, "FAKETIME": f"+{DECALAGE}d", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}
