from . import documents, portail
