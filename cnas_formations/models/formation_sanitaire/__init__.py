from . import fiche
from . import rib
from . import situation
from . import type_date
from . import portail
