from . import test_coordonnees
from . import test_etat
from . import test_groupes
from . import test_lot
from . import test_outils
from . import test_periode
from . import test_reference
from . import test_rpc
