from . import test_confiance
from . import test_courriels
from . import test_hostile
from . import test_matrice_actions
from . import test_demonstration

from . import test_enfants
from . import test_fiches_vides
from . import test_accueil
from . import test_chiffres
from . import test_indicateurs
from . import test_lecture_seule
from . import test_routes_portail
from . import test_papiers
from . import test_traductions
