"""Petites lectures d'arguments reçus par XML-RPC."""
from odoo import _, fields
from odoo.exceptions import UserError


def lire_date(valeur, defaut=None):
    """Rend la date d'un argument d'action (date, « AAAA-MM-JJ » ou vide → `defaut`).

    :raise UserError: texte qui n'est pas une date
    """
    if not valeur:
        return defaut
    try:
        return fields.Date.to_date(valeur)
    except (ValueError, TypeError):
        raise UserError(_("La date « %s » n'est pas lisible : écrivez-la AAAA-MM-JJ.", valeur)) from None
