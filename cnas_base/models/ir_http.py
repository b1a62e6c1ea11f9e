from werkzeug.exceptions import NotFound

from odoo import models
from odoo.http import request


class IrHttp(models.AbstractModel):
    """Une adresse impossible (octet nul) est une page absente, pas une erreur du serveur."""

    _inherit = "ir.http"

    @classmethod
    def _serve_fallback(cls):
        if "\0" in request.httprequest.path:
            raise NotFound()
        return super()._serve_fallback()
