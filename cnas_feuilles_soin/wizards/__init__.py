from . import essai_mixin
from . import (
    affectation_wizard,
    archivage_wizard,
    avis_medical_wizard,
    demande_pieces_wizard,
    entente_accord_wizard,
    essai_regle_wizard,
    essai_tarif_wizard,
    export_decisions_wizard,
    selection_revue_wizard,
    transmission_wizard,
    verification_wizard,
)
from . import preremplissage_wizard
