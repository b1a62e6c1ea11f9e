"""Les règles de contrôle, un fichier par famille ; les importer suffit à les enregistrer."""
from . import (
    clinique,
    doublons,
    droits,
    ententes,
    formation,
    nomenclature,
    plafonds,
    quantites,
    recevabilite,
    tarif,
)
