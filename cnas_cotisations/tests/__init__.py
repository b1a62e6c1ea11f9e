from . import test_appels
from . import test_droits
from . import test_encaissements
from . import test_portail
from . import test_recouvrement
