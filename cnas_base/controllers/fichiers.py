import json

from odoo import http
from odoo.exceptions import UserError
from odoo.http import request

from odoo.addons.mail.controllers.attachment import AttachmentController
from odoo.addons.web.controllers.binary import Binary

from ..models.message import est_scelle


class EnvoiDeFichiers(Binary):
    """Le champ de fichiers d'une fiche : un fichier refusé dit pourquoi (Odoo répond « something horrible happened »)."""

    @http.route()
    def upload_attachment(self, model, id, ufile, callback=None):
        if not callback and est_scelle(model):
            for fichier in request.httprequest.files.getlist("ufile"):
                try:
                    request.env["ir.attachment"]._exiger_lisible(fichier.read(), fichier.filename)
                except UserError as refus:
                    return json.dumps([{"error": str(refus)}])
                fichier.seek(0)
        return super().upload_attachment(model, id, ufile, callback=callback)


class EnvoiDansUnFil(AttachmentController):
    """Le fichier lâché sur une fiche : refusé, il ne laisse rien derrière lui et dit pourquoi."""

    @http.route()
    def mail_attachment_upload(self, ufile, thread_id, thread_model, is_pending=False, **kwargs):
        try:
            with request.env.cr.savepoint():
                return super().mail_attachment_upload(ufile, thread_id, thread_model, is_pending=is_pending, **kwargs)
        except UserError as refus:
            return request.make_json_response({"error": str(refus)})
