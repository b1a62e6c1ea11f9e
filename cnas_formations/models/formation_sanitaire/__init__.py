from . import fiche
from . import rib
from . import situation
from . import portail
