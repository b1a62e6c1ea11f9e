import io

from PIL import Image, TiffImagePlugin

from odoo import http
from odoo.exceptions import UserError
from odoo.http import request
from odoo.tools.translate import _lt

ILLISIBLE = _lt("Cette pièce ne s'affiche pas : téléchargez-la.")
# Au-delà, une « image » est un piège à mémoire.
PIXELS_MAX = 80_000_000


class ApercuPiece(http.Controller):
    """L'aperçu d'une pièce TIFF : le navigateur ne sait pas lire ce format."""

    @http.route("/cnas/piece/<int:piece_id>/page/<int:page>", type="http", auth="user")
    def page(self, piece_id, page):
        """Rend une page d'un TIFF en PNG, à qui peut lire la pièce ; l'en-tête X-Pages dit combien il y en a.

        :param page: à partir de 1
        """
        piece = request.env["cnas.feuille_soin.piece"].browse(piece_id).exists()
        if not piece:
            raise request.not_found()
        piece.check_access_rights("read")
        piece.check_access_rule("read")
        [lue] = piece.with_context(bin_size=False).read(["mimetype", "contenu"])
        if lue["mimetype"] != "image/tiff" or not lue["contenu"]:
            raise request.not_found()
        octets, pages = self._convertir(piece.attachment_id.raw, page)
        return request.make_response(octets, [
            ("Content-Type", "image/png"), ("X-Pages", str(pages)), ("Cache-Control", "private, no-store"),
            ("X-Content-Type-Options", "nosniff")])

    def _convertir(self, brut, page):
        try:
            # Odoo ne charge que les formats du web : celui-ci se nomme.
            with TiffImagePlugin.TiffImageFile(io.BytesIO(brut)) as image:
                pages = image.n_frames
                image.seek(min(max(page, 1), pages) - 1)
                if image.width * image.height > PIXELS_MAX:
                    raise UserError(str(ILLISIBLE))
                sortie = io.BytesIO()
                image.convert("RGB").save(sortie, "PNG")
        except (SyntaxError, OSError, EOFError, ValueError, Image.DecompressionBombError) as erreur:
            raise UserError(str(ILLISIBLE)) from erreur
        return sortie.getvalue(), pages
