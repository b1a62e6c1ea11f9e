from . import portail
from . import portail_saisie
from . import horsligne
from . import portail_avant_depot
from . import portail_demarches
