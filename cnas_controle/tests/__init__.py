from . import test_affaires, test_campagnes, test_indicateurs, test_signaler
