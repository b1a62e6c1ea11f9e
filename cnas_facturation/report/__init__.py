from . import rapprochement
