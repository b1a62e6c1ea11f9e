"""Passer chacun son tour : les gros travaux se suivent, pour que les petits gestes du guichet n'attendent pas derrière eux."""
from psycopg2.errors import LockNotAvailable

# Deux à la fois, comme les tâches de fond (`odoo.conf`) : davantage se disputent les mêmes cœurs sans finir plus tôt.
PLACES = ("une", "deux")
# Au-delà, il passe quand même : une attente sans fin se lirait comme une panne.
PATIENCE = "60s"


def prendre_son_tour(cr, travail, gros=True):
    """Prend une des deux places de ce travail jusqu'à la fin de la transaction ; attend qu'il s'en libère une.

    À prendre avant tout autre verrou : qui en tient déjà un ferait attendre celui qui occupe la place.

    :param str travail: le nom du travail ; deux travaux ne s'attendent pas
    :param gros: faux, il passe ; la requête est la même, leur nombre ne dépend pas de la taille du travail
    """
    cles = [f"cnas_tour {travail} {place}" for place in PLACES]
    cr.execute("""
        SELECT pg_backend_pid(),
               CASE WHEN NOT %s OR pg_try_advisory_xact_lock(hashtextextended(%s, 0)) THEN true
                    ELSE pg_try_advisory_xact_lock(hashtextextended(%s, 0)) END""", [gros, *cles])
    connexion, passe = cr.fetchone()
    if passe:
        return
    try:
        with cr.savepoint(flush=False):
            cr.execute("SELECT set_config('lock_timeout', %s, true)", [PATIENCE])
            cr.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [cles[connexion % len(cles)]], log_exceptions=False)
            cr.execute("SET LOCAL lock_timeout TO DEFAULT")
    except LockNotAvailable:
        return
