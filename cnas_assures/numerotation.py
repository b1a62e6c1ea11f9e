"""Numéros tirés par lots d'une séquence, avec ou sans clé de contrôle."""
from stdnum.iso7064 import mod_97_10

from odoo import _
from odoo.exceptions import UserError

from odoo.addons.cnas_base.jour import aujourd_hui


def tirer_numeros(env, code, combien):
    """Tire `combien` numéros d'ordre de la séquence `code` en une requête.

    :return: liste de textes complétés de zéros selon la séquence
    :raise UserError: la séquence n'existe pas
    """
    if not combien:
        return []
    sequence = env["ir.sequence"].sudo().search([("code", "=", code)], limit=1)
    if not sequence:
        raise UserError(_("La séquence « %s » manque : mettez à jour l'addon des assurés.", code))
    env.cr.execute(
        "SELECT nextval(%s::regclass) FROM generate_series(1, %s)",
        (f"ir_sequence_{sequence.id:03d}", combien),
    )
    return [str(numero).zfill(sequence.padding) for (numero,) in env.cr.fetchall()]


def numeros_de_carte(env, combien):
    """Rend `combien` numéros de carte : « CS », année, ordre, clé ISO 7064 mod 97-10."""
    annee = aujourd_hui().strftime("%y")
    corps = (f"CS{annee}{ordre}" for ordre in tirer_numeros(env, "cnas.carte", combien))
    return [texte + mod_97_10.calc_check_digits(texte) for texte in corps]


def numeros_annuels(env, code, prefixe, combien):
    """Rend `combien` numéros « PREFIXE-AAAA-ordre »."""
    annee = aujourd_hui().year
    return [f"{prefixe}-{annee}-{ordre}" for ordre in tirer_numeros(env, code, combien)]
