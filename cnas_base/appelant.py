"""D'où vient l'appel.

Odoo retire la requête le temps d'un appel XML-RPC ou JSON-RPC (`borrow_request`) : son adresse est gardée à côté, pour
le journal et pour le débit.
"""
from contextlib import contextmanager
from contextvars import ContextVar

from odoo.http import request

_ADRESSE = ContextVar("cnas_adresse", default=None)


def adresse():
    """Rend l'adresse de l'appelant, ou None hors de toute requête."""
    return request.httprequest.remote_addr if request else _ADRESSE.get()


@contextmanager
def appel_distant():
    """Retient l'adresse de la requête pendant l'appel."""
    jeton = _ADRESSE.set(adresse())
    try:
        yield
    finally:
        _ADRESSE.reset(jeton)
