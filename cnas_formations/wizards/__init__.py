from . import invitation_portail
