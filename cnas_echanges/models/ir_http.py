import json

from werkzeug.exceptions import HTTPException

from odoo import _, models
from odoo.http import request

from ..fhir.erreur import Faute, resultat


class IrHttp(models.AbstractModel):
    """Sous /fhir, une erreur d'Odoo lui-même (adresse, méthode, encodage) est aussi un `OperationOutcome`."""

    _inherit = "ir.http"

    @classmethod
    def _handle_error(cls, exception):
        reponse = super()._handle_error(exception)
        if not request.httprequest.path.startswith("/fhir") or getattr(reponse, "mimetype", "") == "application/fhir+json":
            return reponse
        statut = (exception.code if isinstance(exception, HTTPException) else getattr(reponse, "status_code", None)) or 500
        phrase = _("La porte ne comprend pas cette demande (%s) : vérifiez l'adresse et l'encodage.", statut)
        corps = json.dumps(resultat([Faute(phrase, "", "invalid" if statut < 500 else "exception")]), ensure_ascii=False).encode()
        return request.make_response(corps, [("Content-Type", "application/fhir+json; charset=utf-8"), ("Cache-Control", "no-store")], status=statut)
