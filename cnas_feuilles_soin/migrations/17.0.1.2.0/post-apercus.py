import logging

from odoo import SUPERUSER_ID, api

from odoo.addons.cnas_base.lecture import AFFICHABLES

_logger = logging.getLogger(__name__)


def migrate(cr, version):
    """Un TIFF reçu avant prend l'aperçu par lequel on le lit ; celui qui ne s'ouvre pas reste à télécharger."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    for piece in env["cnas.feuille_soin.piece"].search([("mimetype", "not in", AFFICHABLES), ("apercu_id", "=", False)]):
        try:
            with cr.savepoint():
                piece._montrer()
        except Exception:  # Pillow lève des exceptions de toute sorte sur un fichier abîmé
            _logger.warning("Pièce %s : pas d'aperçu", piece.id, exc_info=True)
