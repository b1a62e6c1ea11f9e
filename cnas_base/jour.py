"""Le jour de N'Djamena, en Python et en SQL : la base tient ses instants en UTC, `current_date` serait le jour de Londres."""
from datetime import datetime
from zoneinfo import ZoneInfo

NDJAMENA = ZoneInfo("Africa/Ndjamena")

SQL_AUJOURDHUI = "(now() AT TIME ZONE 'Africa/Ndjamena')::date"


def sql_jour(instant):
    """Rend l'expression SQL du jour, à N'Djamena, d'une colonne `Datetime` (tenue en UTC)."""
    return f"({instant} AT TIME ZONE 'UTC' AT TIME ZONE 'Africa/Ndjamena')::date"


def aujourd_hui():
    """Rend le jour de la caisse, sans lire le fuseau de l'usager : pour ce qui compte ses requêtes."""
    return datetime.now(NDJAMENA).date()
