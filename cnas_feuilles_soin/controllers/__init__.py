from . import portail
from . import portail_saisie
from . import horsligne
