import logging

from psycopg2 import IntegrityError

from odoo import _
from odoo.exceptions import AccessDenied, RedirectWarning, UserError
from odoo.http import request
from odoo.service.model import PG_CONCURRENCY_ERRORS_TO_RETRY, _as_validation_error

from odoo.addons.base.controllers import rpc

_logger = logging.getLogger(__name__)

LANGUE = "fr_FR"


class RPC(rpc.RPC):
    """XML-RPC parle français et ne rend jamais de trace Python.

    Un script qui ne donne pas de langue reçoit les phrases d'Odoo en français, comme les nôtres. Une
    erreur imprévue (argument mal typé, champ inconnu) est journalisée ici et devient une phrase.
    """

    def _xmlrpc(self, service):
        request.update_context(lang=LANGUE)
        try:
            return super()._xmlrpc(service)
        except (UserError, RedirectWarning, AccessDenied) as refus:
            if isinstance(refus.__cause__, IntegrityError):
                # Odoo a déjà écrit la phrase, mais sans connaître la langue : on la redemande ici.
                raise _as_validation_error(request.env, refus.__cause__) from refus
            raise
        except Exception as erreur:
            if getattr(erreur, "pgcode", None) in PG_CONCURRENCY_ERRORS_TO_RETRY:
                raise UserError(_("Un autre traitement écrit les mêmes données : réessayez dans un instant.")) from erreur
            _logger.info("XML-RPC : appel refusé", exc_info=True)
            raise UserError(_(
                "L'appel est mal formé : vérifiez le nom de la méthode et des champs, le type et le nombre "
                "des arguments (%s).", str(erreur).splitlines()[0][:200] if str(erreur) else type(erreur).__name__,
            )) from erreur
