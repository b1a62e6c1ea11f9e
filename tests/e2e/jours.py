"""Les jours des tests de bout en bout, comptés depuis aujourd'hui à N'Djamena (celui de la machine peut être encore la veille)."""
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo


def jour(recul=0):
    """Rend le jour d'il y a `recul` jours (à venir, si négatif), à la forme AAAA-MM-JJ."""
    return (datetime.now(ZoneInfo("Africa/Ndjamena")).date() - timedelta(days=recul)).isoformat()


def mois(recul, quantieme=1):
    """Rend le `quantieme` du mois d'il y a `recul` mois, à la forme AAAA-MM-JJ."""
    annee, rang = divmod(int(jour()[:4]) * 12 + int(jour()[5:7]) - 1 - recul, 12)
    return f"{annee}-{rang + 1:02d}-{quantieme:02d}"


def annees_avant(date, annees):
    """Rend le même quantième, `annees` ans plus tôt."""
    return f"{int(date[:4]) - annees}{date[4:]}"
