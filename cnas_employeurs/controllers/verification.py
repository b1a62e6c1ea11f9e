from odoo import http
from odoo.http import request

from odoo.addons.cnas_assures.controllers.verification import page_publique


class VerificationEmployeur(http.Controller):
    """La page du QR d'une attestation de situation."""

    @page_publique("/cnas/verifier/employeur/<string:jeton>", "cnas_employeurs.verification_employeur")
    def verifier_employeur(self, jeton="", **_ignores):
        """Dit si une attestation de situation est authentique, et ce qu'elle disait."""
        employeurs = request.env["cnas.employeur"].sudo()
        lu = employeurs._lire_jeton(jeton)
        return lu["employeur"] if lu else employeurs, {"lu": lu}
