from . import test_hostile
from . import test_matrice_actions
