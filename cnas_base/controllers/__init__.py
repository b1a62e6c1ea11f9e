from . import accueil
from . import compte
from . import fichiers
from . import langue
from . import portail
from . import porte
from . import rpc
from . import sante
