"""Les jours de la démonstration, tous comptés depuis aujourd'hui, et l'horloge qu'elle recule pour les vivre."""
import threading
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from unittest.mock import patch

from dateutil.relativedelta import relativedelta

from odoo import fields

from odoo.addons.cnas_base.jour import aujourd_hui

RECUL = 15  # le dernier mois raconté a toujours au moins dix jours de soins derrière lui


class Calendrier:
    """L'histoire finit aujourd'hui : `jour(6)` est il y a six jours, `mois(2, 12)` le 12, deux mois avant le dernier mois."""

    def __init__(self, env):
        self.aujourdhui = aujourd_hui()
        self.dernier_mois = (self.aujourdhui - timedelta(days=RECUL)).replace(day=1)

    def jour(self, recul):
        """Rend le jour situé `recul` jours avant aujourd'hui (après, si négatif)."""
        return self.aujourdhui - timedelta(days=recul)

    def mois(self, recul, quantieme=1):
        """Rend le `quantieme` du mois situé `recul` mois avant le dernier mois raconté."""
        return self.dernier_mois - relativedelta(months=recul) + timedelta(days=quantieme - 1)

    def borner(self, jour):
        """Rend `jour`, ou aujourd'hui s'il n'est pas encore venu."""
        return min(jour, self.aujourdhui)


@contextmanager
def en_ce_jour(jour, heure=9):
    """Fait de `jour` l'aujourd'hui d'Odoo pour ce fil d'exécution : les vraies actions se datent du jour raconté."""
    fil, instant = threading.get_ident(), datetime.combine(jour, time(heure))

    def remplacer(champ, methode, valeur):
        vraie = getattr(champ, methode)

        def lire(*arguments):
            return valeur if threading.get_ident() == fil else vraie(*arguments)
        return patch.object(champ, methode, staticmethod(lire))

    with remplacer(fields.Date, "today", jour), remplacer(fields.Datetime, "now", instant):
        yield
