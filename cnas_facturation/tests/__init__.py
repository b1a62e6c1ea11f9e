from . import (
    test_circuit,
    test_compte_paiement,
    test_concurrence,
    test_decompte,
    test_ecrans,
    test_faits_figes,
    test_garde,
    test_indus,
    test_migrations,
    test_ordres,
    test_paiement,
    test_portail,
    test_preparation,
    test_rade,
    test_recours,
)
from . import test_tableaux
