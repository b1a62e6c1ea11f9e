from odoo import http
from odoo.http import request


class Sante(http.Controller):
    """La porte de la surveillance."""

    @http.route("/cnas/sante", type="http", auth="none", methods=["GET"], save_session=False)
    def sante(self):
        """Rend l'état du service en JSON, sans donnée personnelle (voir `cnas.sante`)."""
        return request.make_json_response(request.env["cnas.sante"]._relever(), headers={"Cache-Control": "no-store"})

    @http.route("/cnas/metriques", type="http", auth="none", methods=["GET"], save_session=False)
    def metriques(self):
        """Rend les mêmes mesures au format texte de Prometheus."""
        return request.make_response(request.env["cnas.sante"]._metriques(), headers=[
            ("Content-Type", "text/plain; version=0.0.4; charset=utf-8"), ("Cache-Control", "no-store")])
