from . import documents
from . import portail
from . import verification
