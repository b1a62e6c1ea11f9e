from . import (
    test_budget,
    test_cloture,
    test_concurrence,
    test_etats,
    test_lots,
    test_pieces,
    test_plan,
    test_provision,
    test_releves,
    test_roles,
)
