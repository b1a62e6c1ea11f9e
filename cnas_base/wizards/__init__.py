from . import motif_wizard
