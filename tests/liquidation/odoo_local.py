"""Petites aides des tests qui tiennent un Odoo dans leur processus."""


def environnement(cr):
    """Environnement Odoo (superutilisateur), sans suivi de messages, sur ce curseur."""
    from odoo import SUPERUSER_ID, api

    return api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True, "lang": "fr_FR"})
