from . import rib
from . import models
from . import wizards
