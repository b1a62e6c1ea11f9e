"""Le jour de N'Djamena en SQL : la base tient ses instants en UTC, `current_date` serait le jour de Londres."""

SQL_AUJOURDHUI = "(now() AT TIME ZONE 'Africa/Ndjamena')::date"


def sql_jour(instant):
    """Rend l'expression SQL du jour, à N'Djamena, d'une colonne `Datetime` (tenue en UTC)."""
    return f"({instant} AT TIME ZONE 'UTC' AT TIME ZONE 'Africa/Ndjamena')::date"
