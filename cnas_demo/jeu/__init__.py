"""Les étapes du jeu de démonstration, dans l'ordre où elles se chargent."""
from .amed import Amed
from .assures import Assures
from .classement import Classement
from .comptabilite import Comptabilite
from .controle import Controle
from .cotisations import Cotisations
from .documents import Documents
from .echanges import Echanges
from .employeurs import Employeurs
from .facturation import Facturation
from .feuilles import Feuilles
from .formations import Formations
from .stock import Stock

ETAPES = (Assures, Amed, Documents, Classement, Employeurs, Formations, Feuilles, Facturation, Stock,
          Controle, Echanges, Cotisations, Comptabilite)
