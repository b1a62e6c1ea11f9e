from . import documents
from . import portail
