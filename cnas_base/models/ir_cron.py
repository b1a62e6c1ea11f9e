import logging

from odoo import api, models
from odoo.service.model import PG_CONCURRENCY_ERRORS_TO_RETRY, retrying

_logger = logging.getLogger(__name__)


class IrCron(models.Model):
    """Les tâches planifiées : celle que heurte une autre écriture se rejoue aussitôt, comme la demande d'un usager.

    Odoo lui ferait perdre son tour : un quart d'heure pour le contrôle des dossiers, un jour pour les suspensions datées.
    """

    _inherit = "ir.cron"

    @api.model
    def _handle_callback_exception(self, cron_name, server_action_id, job_id, job_exception):
        super()._handle_callback_exception(cron_name, server_action_id, job_id, job_exception)
        if getattr(job_exception, "pgcode", None) not in PG_CONCURRENCY_ERRORS_TO_RETRY:
            return
        try:
            retrying(self.env["ir.actions.server"].browse(server_action_id).run, self.env)
        except Exception as erreur:
            _logger.exception("Tâche « %s » : rejouée, elle échoue encore", cron_name)
            super()._handle_callback_exception(cron_name, server_action_id, job_id, erreur)
        else:
            _logger.info("Tâche « %s » : rejouée après une écriture simultanée", cron_name)
