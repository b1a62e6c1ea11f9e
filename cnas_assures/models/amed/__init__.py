from . import menage_mixin
from . import decision
from . import liste
from . import liste_ligne
from . import reclamation
