from . import test_bareme
from . import test_declaration
from . import test_emploi
from . import test_employeur
from . import test_faits_figes
from . import test_garde
from . import test_tableaux
from . import test_import_employeurs
