from . import test_affaires, test_campagnes, test_contester, test_indicateurs, test_signaler
