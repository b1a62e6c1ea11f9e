from . import revision
from . import controle
