from . import (
    test_complementaires,
    test_dci,
    test_dhis2,
    test_etat_civil,
    test_fhir,
    test_fhir_hostile,
    test_passage,
)
