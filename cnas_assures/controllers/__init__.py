from . import documents
from . import verification
