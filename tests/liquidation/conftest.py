"""Un Odoo dans le processus du test, sur une copie de la base : le moteur y tourne pour de vrai, SQL compris."""
import sys

import pytest
from odoo_local import environnement

BASE = "cnas_second_calcul"


@pytest.fixture(scope="session")
def registre(machine):
    """Le registre Odoo d'une copie neuve de la base, supprimée à la fin."""
    outils = machine.outils
    outils.supprimer_base(BASE)
    outils.creer_base(BASE, modele=machine.modele)
    configuration = outils.configuration(BASE, max_cron_threads=0, server_wide_modules="base,web")
    sys.path.insert(0, str(outils.odoo.racine))
    import odoo

    odoo.tools.config.parse_config(["-c", str(configuration), "--log-level=critical"])
    yield odoo.modules.registry.Registry(BASE)
    odoo.sql_db.close_all()
    outils.supprimer_base(BASE)


@pytest.fixture(scope="module")
def env(registre):
    """Environnement Odoo (superutilisateur) ; tout ce qui s'y écrit est annulé à la fin du module."""
    with registre.cursor() as cr:
        yield environnement(cr)
        cr.rollback()

