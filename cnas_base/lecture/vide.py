"""Lire ce qui dit qu'une donnée manque : « Néant », « en cours », « N/A », un tiret."""
from .texte import absent, sans_accent

_ABSENCES = {
    "neant", "neante", "rien", "aucun", "aucune", "sans", "sans objet", "non", "pas", "inconnu", "inconnue", "n a", "na", "nd", "n d",
    "nc", "n c", "ras", "r a s", "so", "s o", "en cours", "a venir", "en attente", "non disponible", "non communique", "non renseigne",
    "non attribue", "pas encore", "demande en cours", "vide", "nul", "null", "none", "x", "xx", "xxx",
    "لا يوجد", "لا شيء", "غير معروف", "غير متوفر", "بدون",
}


def dit_absent(valeur):
    """Dit si la cellule est vide ou dit, à sa façon, que la donnée manque (« Néant », « - », « en cours d'immatriculation »)."""
    if absent(valeur):
        return True
    if not isinstance(valeur, str):
        return False
    texte = sans_accent(valeur)
    return not texte or texte in _ABSENCES or texte.startswith("en cours ")
