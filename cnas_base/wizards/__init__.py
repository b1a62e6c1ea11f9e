from . import motif_wizard
from . import parametre_wizard
