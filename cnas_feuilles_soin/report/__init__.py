from . import feuille_analyse
