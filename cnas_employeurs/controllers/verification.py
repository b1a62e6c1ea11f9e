from odoo import http
from odoo.exceptions import UserError
from odoo.http import request

from odoo.addons.cnas_assures.controllers.verification import ENTETES, LONGUEUR_MAX
from odoo.addons.cnas_base.ecriture import ecrire_date


class VerificationEmployeur(http.Controller):
    """La page du QR d'une attestation de situation : un jeton inconnu et un jeton malformé rendent la même."""

    @http.route("/cnas/verifier/employeur/<string:jeton>", type="http", auth="public", methods=["GET"], sitemap=False,
                save_session=False)
    def verifier_employeur(self, jeton="", **_ignores):
        """Dit si une attestation de situation est authentique, et ce qu'elle disait."""
        journal = request.env["cnas.journal"]
        try:
            journal._exiger_debit("verification_publique")
        except UserError as refus:
            return request.make_response(str(refus), [("Content-Type", "text/plain; charset=utf-8"), *ENTETES], status=429)
        lu = request.env["cnas.employeur"].sudo()._lire_jeton(jeton[:LONGUEUR_MAX])
        journal._ajouter_une_fois({"modele": "cnas.employeur", "res_id": lu["employeur"].id if lu else 0,
                                   "evenement": "verification_publique"})
        page = request.env["ir.qweb"].sudo()._render(
            "cnas_employeurs.verification_employeur", {"lu": lu, "jour": ecrire_date}, lang="fr_FR")
        return request.make_response(
            str(page), [("Content-Type", "text/html; charset=utf-8"), *ENTETES], status=200 if lu else 404)
