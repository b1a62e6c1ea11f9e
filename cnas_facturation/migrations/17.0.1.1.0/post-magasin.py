"""Les seuils et délais datés de `cnas.parametre_facturation` passent, période par période, dans le magasin."""
import logging
from itertools import groupby
from operator import itemgetter

from odoo import SUPERUSER_ID, api
from odoo.exceptions import UserError
from odoo.tools.sql import table_exists

_logger = logging.getLogger(__name__)


def migrate(cr, version):
    if not table_exists(cr, "cnas_parametre_facturation"):
        return
    magasin = api.Environment(cr, SUPERUSER_ID, {})["cnas.parametre"]
    cr.execute("SELECT code, valeur, date_debut FROM cnas_parametre_facturation ORDER BY code, date_debut")
    for code, periodes in groupby(cr.fetchall(), itemgetter(0)):
        origine = magasin.search([("code", "=", code)], order="date_debut", limit=1).date_debut
        for rang, (_code, valeur, debut) in enumerate(periodes):
            # La première valeur connue vaut depuis l'origine, comme la valeur livrée qu'elle remplace.
            jour = debut if rang else origine
            try:
                with cr.savepoint():
                    if magasin._au(code, jour) != valeur:
                        magasin._dater(code, str(valeur), jour, source="Repris de la version 17.0.1.0")
            except UserError as refus:
                _logger.warning("%s = %s n'est plus permis (%s) : la valeur livrée reste.", code, valeur, refus)
    cr.execute("DROP TABLE cnas_parametre_facturation")
