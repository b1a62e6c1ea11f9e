from odoo.http import request, route

from odoo.addons.base.controllers import rpc

from ..appelant import appel_distant
from ..erreurs import dire
from ..impression.langue import FRANCAIS


class RPC(rpc.RPC):
    """XML-RPC parle français et ne rend jamais de trace Python.

    Un script qui ne donne pas de langue reçoit les phrases d'Odoo en français, comme les nôtres. L'adresse d'où il
    appelle est retenue pour le journal et le débit, par XML-RPC comme par JSON-RPC.
    """

    def _xmlrpc(self, service):
        request.update_context(lang=FRANCAIS)
        try:
            with appel_distant():
                return super()._xmlrpc(service)
        except Exception as erreur:
            phrase = dire(request.env, erreur)
            if phrase is None:
                raise
            raise phrase from erreur

    @route()
    def jsonrpc(self, service, method, args):
        with appel_distant():
            return super().jsonrpc(service, method, args)
