from . import dossier
from . import montants
from . import preparation
from . import circuit
from . import paiement
from . import analyse
from . import document
