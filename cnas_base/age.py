"""L'anniversaire et l'âge : une seule loi, celle de `age()` en SQL.

Une année est révolue quand elle est pleine : qui est né (ou couvert) depuis un 29 février prend un an le 1er mars des années
communes, jamais le 28 février.
"""
from datetime import date


def age_en_annees(naissance, jour):
    """Rend l'âge en années révolues ; une naissance après `jour` compte pour 0."""
    return age_en_mois(naissance, jour) // 12


def age_en_mois(naissance, jour):
    """Rend l'âge en mois révolus ; une naissance après `jour` compte pour 0."""
    mois = 12 * (jour.year - naissance.year) + jour.month - naissance.month
    return max(mois - (jour.day < naissance.day), 0)


def anniversaire(naissance, annees):
    """Rend le jour où `annees` années sont révolues."""
    try:
        return naissance.replace(year=naissance.year + annees)
    except ValueError:
        return date(naissance.year + annees, 3, 1)
