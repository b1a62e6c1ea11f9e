from . import registre
from . import document
