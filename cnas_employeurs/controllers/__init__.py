from . import portail
from . import verification
