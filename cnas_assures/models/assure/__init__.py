from . import dossier
from . import recherche
from . import circuit
from . import droits
from . import famille
from . import doublons
from . import fusion
from . import documents
