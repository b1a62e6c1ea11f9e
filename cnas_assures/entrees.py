"""Valeurs reçues d'un appel XML-RPC : les rendre sûres avant que la base ne les refuse par une trace."""
from odoo import _, fields
from odoo.exceptions import UserError


def lire_dates(modele, vals):
    """Rend les valeurs, leurs dates lues.

    :param modele: modèle dont les champs disent lesquels sont des dates
    :param dict vals: valeurs de `create` ou `write`
    :raise UserError: texte qui n'est pas une date AAAA-MM-JJ
    """
    lues = dict(vals)
    for champ, valeur in vals.items():
        if champ not in modele._fields or modele._fields[champ].type != "date" or not valeur:
            continue
        try:
            lues[champ] = fields.Date.to_date(valeur)
        except (ValueError, TypeError) as erreur:
            raise UserError(_(
                "« %(valeur)s » n'est pas une date (%(champ)s) : écrivez-la AAAA-MM-JJ.",
                valeur=str(valeur)[:40], champ=modele._fields[champ]._description_string(modele.env))) from erreur
    return lues


def lire_texte(valeur, longueur=500):
    """Rend un texte sans espaces autour, coupé à `longueur` ; vide si rien n'est donné.

    :raise UserError: valeur qui n'est ni un texte ni un nombre
    """
    if valeur is None or valeur is False:
        return ""
    if not isinstance(valeur, (str, int, float)):
        raise UserError(_("Donnez un texte, pas une liste ni un objet."))
    return str(valeur).strip()[:longueur]
