from . import appel_wizard
from . import balance_wizard
from . import recouvrement_wizard
from . import releve_wizard
