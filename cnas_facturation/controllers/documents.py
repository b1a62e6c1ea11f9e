import base64

from odoo import http
from odoo.exceptions import AccessError, UserError
from odoo.http import content_disposition, request

TYPES = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv;charset=utf-8",
}
MODELES = {
    "facture": "cnas.facture", "decompte": "cnas.decompte", "lot_paiement": "cnas.lot_paiement", "indu": "cnas.indu",
    "indu_reglement": "cnas.indu.reglement",
}


class Documents(http.Controller):
    """Fichiers de la facturation, servis avec les droits de qui les demande."""

    @http.route(
        "/cnas/<any(facture,decompte,lot_paiement,indu,indu_reglement):sorte>/<int:identifiant>/<any(pdf,xlsx,csv):extension>",
        type="http", auth="user", methods=["GET"])
    def telecharger(self, sorte, identifiant, extension, **_parametres):
        """Sert un document : /cnas/decompte/12/pdf. Inconnu, interdit ou absent : 404, sans distinction."""
        document = request.env[MODELES[sorte]].browse(identifiant).exists()
        try:
            fichier = document.telecharger(extension) if document else None
        except UserError:
            fichier = None
        if not fichier:
            raise request.not_found()
        disposition = content_disposition(fichier["nom"])
        if extension == "pdf":
            disposition = disposition.replace("attachment", "inline", 1)
        return request.make_response(base64.b64decode(fichier["contenu"]), [
            ("Content-Type", TYPES[extension]), ("Content-Disposition", disposition),
            ("X-Content-Type-Options", "nosniff")])

    @http.route("/cnas/pilotage/<string:mois>/pdf", type="http", auth="user", methods=["GET"])
    def pilotage(self, mois, **_parametres):
        """Sert le rapport de pilotage d'un mois : /cnas/pilotage/2026-10-01/pdf. Illisible ou interdit : 404."""
        try:
            fichier = request.env["cnas.indicateur_pilotage"].rapport(mois)
        except (UserError, AccessError):
            raise request.not_found() from None
        return request.make_response(base64.b64decode(fichier["contenu"]), [
            ("Content-Type", TYPES["pdf"]), ("X-Content-Type-Options", "nosniff"),
            ("Content-Disposition", content_disposition(fichier["nom"]).replace("attachment", "inline", 1))])
