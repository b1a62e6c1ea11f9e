from . import registre
from . import document
from . import acces
