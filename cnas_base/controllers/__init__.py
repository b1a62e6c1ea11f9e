from . import accueil
from . import rpc
from . import sante
