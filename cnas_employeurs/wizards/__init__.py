from . import declaration_import
from . import invitation_employeur
