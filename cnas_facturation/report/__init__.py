from . import rapprochement
from . import facture_chiffres
