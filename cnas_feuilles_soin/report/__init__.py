from . import delai_mois
from . import feuille_analyse
