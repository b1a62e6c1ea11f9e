from . import test_declaration
from . import test_emploi
from . import test_employeur
from . import test_tableaux
from . import test_garde
