from odoo import _, fields, models

from odoo.addons.cnas_base.jour import aujourd_hui


class PreparationWizard(models.TransientModel):
    """Prépare la facture du mois d'une formation, d'un assuré, ou de toutes les formations."""

    _name = "cnas.preparation.wizard"
    _description = "Préparation de factures"

    portee = fields.Selection(
        [("formation", "Une formation sanitaire"), ("toutes", "Toutes les formations"),
         ("assure", "Un remboursement à l'assuré")], string="Préparer pour", required=True, default="formation")
    formation_id = fields.Many2one("cnas.formation_sanitaire", string="Formation sanitaire")
    assure_id = fields.Many2one("cnas.assure", string="Assuré")
    periode = fields.Date(
        string="Mois", required=True, default=lambda self: aujourd_hui().replace(day=1),
        help="N'importe quel jour du mois des soins.")

    def action_preparer(self):
        """Prépare, puis ouvre la facture (ou la liste). Rend une action de fenêtre."""
        self.ensure_one()
        Facture = self.env["cnas.facture"]
        if self.portee == "toutes":
            Facture.preparer_lot(self.periode)
            action = self.env["ir.actions.act_window"]._for_xml_id("cnas_facturation.facture_action")
            return {**action, "domain": [("periode", "=", self.periode.replace(day=1))]}
        if self.portee == "assure":
            facture_id = Facture.preparer_remboursement(self.assure_id.matricule, self.periode)
        else:
            facture_id = Facture.preparer(self.formation_id.code, self.periode)
        return {
            "type": "ir.actions.act_window", "name": _("Facture"), "res_model": "cnas.facture",
            "res_id": facture_id, "view_mode": "form",
        }
