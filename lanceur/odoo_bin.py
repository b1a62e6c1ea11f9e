"""Point d'entrée d'Odoo, quelle que soit la façon dont il est installé (voir sources_odoo)."""
import os
import sys

os.environ["TZ"] = "UTC"
sys.path[:] = [p for p in sys.path if os.path.realpath(p or ".") != os.path.dirname(os.path.realpath(__file__))]

import odoo  # noqa: E402

if __name__ == "__main__":
    odoo.cli.main()
