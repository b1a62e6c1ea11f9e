from odoo import _, models
from odoo.exceptions import UserError

# {nom du rapport: méthode de l'enregistrement qui rend le PDF} : chaque addon ajoute les siens.
DESSINES = {"cnas_base.destruction": "_pdf"}


class IrActionsReport(models.Model):
    """Les rapports dessinés par reportlab répondent aux mêmes adresses que ceux d'Odoo (`/report/pdf/…`)."""

    _inherit = "ir.actions.report"

    def _render_qweb_pdf(self, report_ref, res_ids=None, data=None):
        rapport = self._get_report(report_ref)
        methode = DESSINES.get(rapport.report_name)
        if not methode:
            return super()._render_qweb_pdf(report_ref, res_ids=res_ids, data=data)
        return getattr(self.env[rapport.model].browse(res_ids or []), methode)(), "pdf"

    def _render_qweb_html(self, report_ref, docids, data=None):
        self._refuser_dessine(report_ref)
        return super()._render_qweb_html(report_ref, docids, data=data)

    def _render_qweb_text(self, report_ref, docids, data=None):
        self._refuser_dessine(report_ref)
        return super()._render_qweb_text(report_ref, docids, data=data)

    def _refuser_dessine(self, report_ref):
        """Un document dessiné n'existe qu'en PDF : le dire, plutôt que chercher un gabarit qui n'existe pas."""
        if self._get_report(report_ref).report_name in DESSINES:
            raise UserError(_("Ce document n'existe qu'en PDF."))
