from . import invitation_employeur
