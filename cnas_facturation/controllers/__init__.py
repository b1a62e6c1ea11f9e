from . import assure, documents, portail, portail_demarches, public
