from odoo import _, fields, models


class RetourWizard(models.TransientModel):
    """Demande le fichier retour d'un lot, l'importe et montre ce qu'il a changé."""

    _name = "cnas.retour.wizard"
    _description = "Import d'un retour de paiement"

    lot_id = fields.Many2one("cnas.lot_paiement", string="Lot", required=True)
    fichier = fields.Binary(string="Fichier retour", required=True)
    nom = fields.Char()

    def action_importer(self):
        """Importe. Rend l'action qui ouvre le retour, ou un avis s'il n'apprend rien."""
        self.ensure_one()
        avant = self.lot_id.retour_ids
        comptes = self.lot_id.importer_retour(self.with_context(bin_size=False).fichier, self.nom)
        retour = self.lot_id.retour_ids - avant
        if retour:
            return {"type": "ir.actions.act_window", "res_model": retour._name, "res_id": retour.id, "view_mode": "form",
                    "target": "current"}
        return {"type": "ir.actions.client", "tag": "display_notification", "params": {
            "type": "warning", "title": _("Rien de nouveau"), "next": {"type": "ir.actions.act_window_close"},
            "message": _("Ce retour avait déjà été importé : %s ligne(s) déjà vue(s), rien n'a changé.", comptes["deja_vus"])}}
