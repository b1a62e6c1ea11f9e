from . import porte
