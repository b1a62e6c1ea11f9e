from . import portail
from . import portail_saisie
from . import portail_avant_depot
from . import portail_demarches
