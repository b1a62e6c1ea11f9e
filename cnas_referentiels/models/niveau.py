"""Niveau de formation : le champ, et sa lecture."""
from odoo import _, fields
from odoo.exceptions import ValidationError

from odoo.addons.cnas_base.lecture import montrer


class Niveau(fields.Integer):
    """Niveau de formation (1 à 4) ; vide en base (NULL) quand le tarif vaut pour tous les niveaux."""

    def convert_to_column(self, value, record, values=None, validate=True):
        return int(value) if value else None


def lire_niveau(valeur):
    """Rend un niveau de formation de 1 à 4, ou 0 (tous les niveaux) si la valeur est vide.

    :raise ValidationError: autre chose que 1, 2, 3, 4 ou vide
    """
    if valeur in (None, False, "", 0, "0"):
        return 0
    try:
        nombre = float(valeur)
    except (TypeError, ValueError, OverflowError):
        nombre = -1
    if nombre not in (1, 2, 3, 4):
        raise ValidationError(_("Niveau inconnu : « %s ». Les niveaux vont de 1 (centre de santé) à 4 (hôpital "
                                "de référence) ; laissez vide pour tous.", montrer(valeur)))
    return int(nombre)
