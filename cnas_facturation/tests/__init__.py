from . import (
    test_circuit,
    test_decompte,
    test_paiement,
    test_preparation,
    test_recours,
)
from . import test_tableaux
