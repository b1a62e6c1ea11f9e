"""Les réglages d'avant le magasin (`ir.config_parameter`, « <addon>.<code> ») y passent, de tous les addons à la fois.

À la fin de la mise à jour : les valeurs livrées par chaque addon sont alors en place. Ce que l'administrateur a
changé depuis dans le magasin n'est pas touché.
"""
import logging

from odoo import SUPERUSER_ID, api
from odoo.exceptions import UserError

_logger = logging.getLogger(__name__)


def migrate(cr, version):
    env = api.Environment(cr, SUPERUSER_ID, {})
    magasin = env["cnas.parametre"]
    for reglage in env["ir.config_parameter"].search([("key", "=like", "cnas\\_%.%")]):
        code = reglage.key.split(".", 1)[1]
        lignes = magasin.search([("code", "=", code)])
        if not lignes:
            continue
        if len(lignes) == 1 and lignes.source == "livré" and lignes.valeur != reglage.value:
            try:
                with cr.savepoint():
                    magasin._dater(code, reglage.value, lignes.date_debut, source="Repris des paramètres système")
            except UserError as refus:
                _logger.warning("%s = %s n'est plus permis (%s) : la valeur livrée reste.", reglage.key, reglage.value, refus)
        reglage.unlink()
