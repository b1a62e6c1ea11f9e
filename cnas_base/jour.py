"""Le jour de N'Djamena, en Python et en SQL : la base tient ses instants en UTC, `current_date` serait le jour de Londres.

Une seule loi pour tous : le fuseau de l'usager, ou celui qu'un appel met dans son contexte, ne déplace pas un délai.
"""
from datetime import datetime, time, timezone
from zoneinfo import ZoneInfo

from odoo import fields

NDJAMENA = ZoneInfo("Africa/Ndjamena")

SQL_AUJOURDHUI = "(now() AT TIME ZONE 'Africa/Ndjamena')::date"


def sql_jour(instant):
    """Rend l'expression SQL du jour, à N'Djamena, d'une colonne `Datetime` (tenue en UTC)."""
    return f"({instant} AT TIME ZONE 'UTC' AT TIME ZONE 'Africa/Ndjamena')::date"


def jour_de(instant):
    """Rend le jour, à N'Djamena, d'un instant tenu en UTC (un champ `Datetime`)."""
    return instant.replace(tzinfo=timezone.utc).astimezone(NDJAMENA).date()


def jour_ecrit(texte):
    """Rend le jour, à N'Djamena, d'un instant écrit (ISO 8601) ; sans fuseau, il est d'ici.

    :raise ValueError: illisible, ou hors du calendrier
    """
    instant = datetime.fromisoformat(texte.replace("Z", "+00:00"))
    try:
        return (instant.astimezone(NDJAMENA) if instant.tzinfo else instant).date()
    except OverflowError as erreur:
        raise ValueError(texte) from erreur


def debut_du_jour(jour):
    """Rend l'instant, tenu en UTC, où ce jour commence à N'Djamena : la borne d'une recherche sur un champ `Datetime`."""
    return datetime.combine(jour, time.min, NDJAMENA).astimezone(timezone.utc).replace(tzinfo=None)


def aujourd_hui():
    """Rend le jour de la caisse."""
    return jour_de(fields.Datetime.now())
