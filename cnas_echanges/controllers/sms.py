import os

from odoo import SUPERUSER_ID, http
from odoo.http import request
from odoo.tools import consteq

from odoo.addons.cnas_base.controllers.portail import propre


class RetourSms(http.Controller):
    """La porte par où la passerelle SMS rend les réponses des patients."""

    @http.route("/cnas/sms/retour", type="http", auth="none", methods=["POST"], csrf=False, save_session=False)
    def retour(self, numero="", texte="", **champs):
        """Reçoit {numero, texte} (ou {from, text}) ; le jeton porteur est celui de la passerelle (CNAS_SMS_JETON), sans quoi tout est refusé."""
        secret = os.environ.get("CNAS_SMS_JETON") or ""
        porte = request.httprequest.headers.get("Authorization", "")
        if not secret or not consteq(porte.encode("utf-8", "replace"), f"Bearer {secret}".encode()):
            return request.make_json_response({"erreur": "Jeton refusé."}, status=401)
        request.update_env(user=SUPERUSER_ID)
        recu = request.env["cnas.message_patient"]._recevoir(propre(numero or champs.get("from") or ""), propre(texte or champs.get("text") or ""))
        return request.make_json_response({"recu": True, "conteste": bool(recu)})
