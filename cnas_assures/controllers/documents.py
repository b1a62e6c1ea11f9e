"""PDF des cartes et des attestations, pour un usager connecté."""
from odoo import http
from odoo.exceptions import AccessError, MissingError, UserError
from odoo.http import content_disposition, request

LONGUEUR_IDS = 8000


class Documents(http.Controller):

    @http.route("/cnas/cartes/<string:forme>/<string:ids>", type="http", auth="user", methods=["GET"])
    def cartes(self, forme, ids):
        """Rend le PDF des cartes (`cartes`, `planche` ou `accuse`)."""
        return self._pdf("cnas.carte", ids, forme)

    @http.route("/cnas/attestations/<string:ids>", type="http", auth="user", methods=["GET"])
    def attestations(self, ids):
        """Rend le PDF des attestations."""
        return self._pdf("cnas.attestation", ids)

    @http.route("/cnas/famille/<string:ids>", type="http", auth="user", methods=["GET"])
    def familles(self, ids):
        """Rend la fiche familiale des assurés."""
        return self._pdf("cnas.assure", ids, methode="_pdf_famille", nom="_nom_pdf_famille")

    def _pdf(self, modele, ids, *arguments, methode="_pdf", nom="_nom_pdf"):
        """Rend le PDF, ou une phrase : 404 si le document n'existe pas, 403 s'il n'est pas permis, 400 sinon."""
        if len(ids) > LONGUEUR_IDS or not all(i.isascii() and i.isdigit() and len(i) < 10 for i in ids.split(",")):
            return self._phrase(404, "Document introuvable.")
        documents = request.env[modele].browse([int(i) for i in ids.split(",")]).exists()
        if not documents:
            return self._phrase(404, "Document introuvable.")
        try:
            contenu = getattr(documents, methode)(*arguments)
            fichier = getattr(documents, nom)(*arguments)
        except AccessError:
            return self._phrase(403, "Ce document ne vous est pas ouvert.")
        except (UserError, MissingError) as erreur:
            return self._phrase(400, str(erreur))
        return request.make_response(contenu, [
            ("Content-Type", "application/pdf"), ("Content-Length", str(len(contenu))),
            ("Content-Disposition", content_disposition(fichier).replace("attachment", "inline", 1)),
            ("Cache-Control", "private, no-store"), ("X-Content-Type-Options", "nosniff"),
        ])

    def _phrase(self, code, texte):
        return request.make_response(texte, [("Content-Type", "text/plain; charset=utf-8")], status=code)
