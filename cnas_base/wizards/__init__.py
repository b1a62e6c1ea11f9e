from . import association_wizard
from . import motif_wizard
from . import parametre_wizard
from . import usager_wizard
