from . import accueil
from . import fichiers
from . import rpc
from . import sante
