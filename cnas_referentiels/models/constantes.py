"""Listes de valeurs partagées par les référentiels."""

TYPES_PRESTATION = [
    ("acte", "Acte"),
    ("examen", "Examen"),
    ("medicament", "Médicament"),
    ("consommable", "Consommable"),
]

CATEGORIES = [
    ("consultation", "Consultation"),
    ("visite", "Visite"),
    ("chirurgie", "Chirurgie"),
    ("accouchement", "Accouchement"),
    ("hospitalisation", "Hospitalisation"),
    ("cpn", "Consultation prénatale"),
    ("examen", "Examen"),
    ("medicament", "Médicament"),
    ("autre", "Autre"),
]

# Une prestation nouvelle prend la catégorie de son type ; un acte ou un consommable reste à classer.
CATEGORIE_PAR_TYPE = {"examen": "examen", "medicament": "medicament"}

TYPES_SOINS = [
    ("tous", "Tous"),
    ("ambulatoire", "Ambulatoire"),
    ("hospitalisation", "Hospitalisation"),
]

# Où une prestation échappe aux plafonds.
HORS_PLAFOND = [
    ("non", "Non : compte dans les plafonds"),
    ("ambulatoire", "En ambulatoire"),
    ("hospitalisation", "En hospitalisation"),
    ("toujours", "Toujours"),
]

NATURES = [
    ("ordinaire", "Ordinaire"),
    ("enfant", "Enfant"),
    ("maternite", "Maternité"),
    ("ald", "Affection de longue durée"),
]

SEXES = [("masculin", "Masculin"), ("feminin", "Féminin")]

# Ordre de la pyramide sanitaire : le niveau d'une formation est sa clé, en entier.
NIVEAUX = [
    ("1", "Centre de santé"),
    ("2", "Hôpital de district"),
    ("3", "Hôpital provincial"),
    ("4", "Hôpital de référence"),
]

AGE_SANS_LIMITE = 120
