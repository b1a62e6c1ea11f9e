from . import calcul_wizard
