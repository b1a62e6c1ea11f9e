from . import documents, portail, public
