from odoo import http
from odoo.http import request

from odoo.addons.cnas_assures.controllers.verification import page_publique
from odoo.addons.cnas_base.ecriture import ecrire_date
from odoo.addons.cnas_base.lecture import lire_date

from ..models.employeur import SORTE_ATTESTATION
from .documents import MODELES


class VerificationCotisation(http.Controller):
    """La page du code d'un avis, d'un reçu, d'une lettre ou d'une attestation de situation."""

    @page_publique("/cnas/verifier/cotisations/<string:jeton>", "cnas_cotisations.verification_papier")
    def verifier_cotisation(self, jeton="", **_ignores):
        """Dit si le papier est authentique, et ce qu'il dit."""
        lu = request.env["cnas.papier_cotisation.mixin"].sudo()._lire_jeton_papier(jeton)
        vide = request.env["cnas.appel_cotisation"].sudo()
        if not lu:
            return vide, {"lu": None}
        if lu[0] == SORTE_ATTESTATION and len(lu) == 4:
            employeur = request.env["cnas.employeur"].sudo().with_context(active_test=False).search([("matricule", "=", lu[1])], limit=1)
            return employeur, {"lu": employeur and {
                "titre": "Attestation authentique", "etat": "Délivrée", "lignes": [
                    ("Employeur", employeur.raison_sociale), ("Matricule", employeur.matricule), ("Délivrée le", ecrire_date(lire_date(lu[2]))),
                    ("Ce jour-là", "à jour de ses cotisations" if lu[3] == "oui" else "pas à jour de ses cotisations")]} or None}
        if lu[0] not in MODELES or len(lu) != 2 or not lu[1].isdigit():
            return vide, {"lu": None}
        fiche = request.env[MODELES[lu[0]]].sudo().browse(int(lu[1])).exists()
        return fiche, {"lu": fiche and fiche._dire_papier() or None}
