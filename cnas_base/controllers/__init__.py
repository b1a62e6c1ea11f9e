from . import accueil
from . import rpc
