"""La date du jour de la facturation, que le jeu d'essai peut reculer pour raconter une histoire."""
from datetime import date, datetime, time

from odoo import fields


class JourForce:
    """Date posée dans le contexte (`cnas_jour`) par le code : un appel XML-RPC ne sait pas fabriquer cet objet."""

    def __init__(self, jour: date):
        self.jour = jour


def aujourdhui(records):
    """Rend la date du jour dans le fuseau de l'usager (ou la date forcée par le jeu d'essai)."""
    force = records.env.context.get("cnas_jour")
    return force.jour if isinstance(force, JourForce) else fields.Date.context_today(records)


def maintenant(records):
    """Rend l'instant présent en UTC (ou neuf heures, le jour forcé par le jeu d'essai)."""
    force = records.env.context.get("cnas_jour")
    return datetime.combine(force.jour, time(9)) if isinstance(force, JourForce) else fields.Datetime.now()
