import base64

from odoo import http
from odoo.exceptions import AccessError, UserError
from odoo.http import content_disposition, request


class PapiersDeMission(http.Controller):
    """L'ordre et le rapport d'une mission, servis avec les droits de qui les demande."""

    @http.route("/cnas/mission/<int:identifiant>/<any(ordre,rapport):papier>/pdf", type="http", auth="user", methods=["GET"])
    def papier(self, identifiant, papier, **_parametres):
        """Sert /cnas/mission/12/ordre/pdf. Inconnue, interdite ou pas encore signée : 404, sans distinction."""
        mission = request.env["cnas.mission"].browse(identifiant).exists()
        try:
            fichier = mission.telecharger(papier) if mission else None
        except (UserError, AccessError):
            fichier = None
        if not fichier:
            raise request.not_found()
        return request.make_response(base64.b64decode(fichier["contenu"]), [
            ("Content-Type", "application/pdf"), ("X-Content-Type-Options", "nosniff"),
            ("Content-Disposition", content_disposition(fichier["nom"]).replace("attachment", "inline", 1))])
