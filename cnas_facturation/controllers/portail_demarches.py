import base64

from odoo import _
from odoo.exceptions import UserError
from odoo.http import request

from odoo.addons.cnas_base.controllers.portail import PAR_PAGE
from odoo.addons.cnas_feuilles_soin.controllers.portail import espace_formation

from .portail import PortailFacturation


class PortailDemarchesFacturation(PortailFacturation):
    """Les démarches d'argent : relire avant de soumettre, paiements reçus, changement de compte, pièces d'un recours."""

    @espace_formation("/my/formation/factures/<int:facture_id>/recapitulatif")
    def recapitulatif(self, facture_id, numero_formation="", montant_declare="", **_parametres):
        """Ce qui part, et l'écart entre le total écrit et celui des feuilles, avant de soumettre."""
        facture = self._chercher("cnas.facture", facture_id)
        if not facture or facture.sudo().state != "brouillon":
            return request.redirect("/my/formation/factures")
        return self._rendre_relecture(facture, self._saisie(facture, numero_formation, montant_declare))

    @espace_formation("/my/formation/comptes", methods=["GET", "POST"])
    def comptes(self, formation="", usage="", rib="", justification="", **_parametres):
        """Les comptes où la formation est payée, et la demande d'en changer : une autre personne la valide."""
        erreur = None
        saisie = {"usage": usage, "rib": rib[:64], "justification": justification[:2000]}
        if request.httprequest.method == "POST":
            try:
                with request.env.cr.savepoint():
                    self._demander_compte(self._exiger_formation(formation), **saisie)
                return request.redirect("/my/formation/comptes")
            except UserError as refus:
                erreur = str(refus)
        demandes = request.env["cnas.demande_rib"].sudo().search(self._domaine_feuilles(), limit=PAR_PAGE)
        return self._rendre("cnas_facturation.portail_comptes", {
            "page": "demarches", "erreur": erreur, "demandes": demandes, "saisie": saisie, "masquer": self._masquer,
            "libelles": dict(demandes._fields["state"]._description_selection(request.env))})

    @espace_formation("/my/formation/contestations/<int:contestation_id>/pieces/<int:piece_id>")
    def piece_contestation(self, contestation_id, piece_id, **_parametres):
        """Rend une pièce jointe à une contestation de la formation."""
        return self._piece_jointe(self._chercher("cnas.contestation", contestation_id), piece_id)

    # ------------------------------------------------------------------ privé
    @staticmethod
    def _masquer(rib):
        """Rend les quatre derniers chiffres d'un compte : assez pour le reconnaître."""
        chiffres = (rib or "").replace(" ", "")
        return f"… {chiffres[-4:]}" if chiffres else _("aucun")

    def _demander_compte(self, formation, usage, rib, justification):
        """Dépose la demande de changement de compte.

        :raise UserError: ce qu'il faut corriger
        """
        if usage not in ("principal", "pharmacie"):
            raise UserError(_("Dites quel compte change : principal ou pharmacie."))
        if not rib.strip() or not justification.strip():
            raise UserError(_("Écrivez le nouveau RIB et pourquoi il change."))
        photos = self._documents_recus("document")
        if not photos:
            raise UserError(_("Joignez la photo du relevé d'identité bancaire."))
        if request.env["cnas.demande_rib"].sudo().search_count(
                [("formation_id", "=", formation.id), ("usage", "=", usage), ("state", "=", "demandee")], limit=1):
            raise UserError(_("Une demande de changement de ce compte attend déjà une décision."))
        nom, octets, _mime = photos[0]
        request.env["cnas.demande_rib"].sudo().create({
            "formation_id": formation.id, "usage": usage, "rib_nouveau": rib.strip(), "justification": justification.strip(),
            "document": base64.b64encode(octets), "document_nom": nom})
