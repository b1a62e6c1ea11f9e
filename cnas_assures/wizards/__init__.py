from . import attestation_wizard
from . import carte_remise_wizard
from . import changement_regime_wizard
from . import famille_wizard
from . import fusion_wizard
from . import recherche_doublons_wizard
