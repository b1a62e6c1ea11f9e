from . import (
    affectation_wizard,
    archivage_wizard,
    avis_medical_wizard,
    entente_accord_wizard,
    export_decisions_wizard,
    verification_wizard,
)
