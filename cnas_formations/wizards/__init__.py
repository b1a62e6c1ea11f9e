from . import invitation_portail
from . import type_formation_wizard
