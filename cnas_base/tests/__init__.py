from . import test_age
from . import test_changement
from . import test_usager
from . import test_coordonnees
from . import test_espece_parametre
from . import test_numerotation
from . import test_etat
from . import test_fichiers_recus
from . import test_groupes
from . import test_journal
from . import test_jour

from . import test_livraison
from . import test_lot
from . import test_ecriture
from . import test_lecture
from . import test_lecture_hypothese
from . import test_pieces
from . import test_porte
from . import test_parametre

from . import test_periode
from . import test_reference
from . import test_rpc
from . import test_sante
from . import test_ecritures_ecran
from . import test_classement
from . import test_courriel_en_attente
