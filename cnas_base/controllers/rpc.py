from odoo.http import request

from odoo.addons.base.controllers import rpc

from ..erreurs import dire

LANGUE = "fr_FR"


class RPC(rpc.RPC):
    """XML-RPC parle français et ne rend jamais de trace Python.

    Un script qui ne donne pas de langue reçoit les phrases d'Odoo en français, comme les nôtres.
    """

    def _xmlrpc(self, service):
        request.update_context(lang=LANGUE)
        try:
            return super()._xmlrpc(service)
        except Exception as erreur:
            phrase = dire(request.env, erreur)
            if phrase is None:
                raise
            raise phrase from erreur
