import base64

from odoo import _, models
from odoo.exceptions import UserError


class FactureDocument(models.Model):
    """Impressions de la facture."""

    _inherit = "cnas.facture"

    def telecharger(self, format="pdf"):
        """Rend le bordereau récapitulatif de la facture.

        :param str format: « pdf »
        :return: {"nom", "contenu": base64}
        """
        self.ensure_one()
        self.check_access_rights("read")
        self.check_access_rule("read")
        if format != "pdf":
            raise UserError(_("Format inconnu : le bordereau se demande en pdf."))
        return {"nom": f"Bordereau_{self.numero}.pdf", "contenu": base64.b64encode(self.sudo()._pdf()).decode()}

    def action_imprimer(self):
        """Ouvre le bordereau PDF. Rend une action d'adresse."""
        self.ensure_one()
        return {"type": "ir.actions.act_url", "url": f"/cnas/facture/{self.id}/pdf", "target": "new"}

    def action_imprimer_decompte(self):
        """Ouvre le PDF du décompte en vigueur. Rend une action d'adresse."""
        self.ensure_one()
        if not self.decompte_id:
            raise UserError(_("La facture %s n'a pas encore de décompte : il naît à la validation.", self.numero))
        return self.decompte_id.action_imprimer()

    def _pdf(self):
        from ...report.pdf_facture import dessiner_facture

        return dessiner_facture(self)
