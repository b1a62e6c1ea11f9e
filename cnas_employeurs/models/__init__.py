from . import categorie_juridique
from . import employeur
from . import emploi
from . import effectif_mois
from . import bareme_cotisation
from . import declaration_effectif
from . import declaration_effectif_ligne
from . import assure
