"""Arrondir au franc."""
from decimal import ROUND_HALF_UP, Decimal


def arrondi_xaf(valeur):
    """Arrondit au franc, demi supérieur. Entrée : int, str ou Decimal ; sortie : int."""
    return int(Decimal(valeur).quantize(Decimal(1), rounding=ROUND_HALF_UP))
