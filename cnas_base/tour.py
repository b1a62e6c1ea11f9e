"""Passer chacun son tour : les gros travaux se suivent, pour que les petits gestes du guichet n'attendent pas derrière eux."""
from psycopg2.errors import LockNotAvailable

# Deux à la fois, comme les tâches de fond (`odoo.conf`) : davantage se disputent les mêmes cœurs sans finir plus tôt.
PLACES = 2
# Au-delà, il passe quand même : une attente sans fin se lirait comme une panne.
PATIENCE = "60s"


def prendre_son_tour(cr, travail):
    """Prend une des places de ce travail jusqu'à la fin de la transaction ; attend qu'il s'en libère une.

    À prendre avant tout autre verrou : qui en tient déjà un ferait attendre celui qui occupe la place.

    :param str travail: le nom du travail ; deux travaux ne s'attendent pas
    """
    for place in range(PLACES):
        cr.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [_cle(travail, place)])
        if cr.fetchone()[0]:
            return
    cr.execute("SELECT pg_backend_pid()")
    place = cr.fetchone()[0] % PLACES
    try:
        with cr.savepoint(flush=False):
            cr.execute("SELECT set_config('lock_timeout', %s, true)", [PATIENCE])
            cr.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [_cle(travail, place)], log_exceptions=False)
            cr.execute("SET LOCAL lock_timeout TO DEFAULT")
    except LockNotAvailable:
        return


def _cle(travail, place):
    return f"cnas_tour {travail} {place}"
