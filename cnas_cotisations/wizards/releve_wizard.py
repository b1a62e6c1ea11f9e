from odoo import fields, models


class ReleveWizard(models.TransientModel):
    """Demande le relevé et d'où il vient, l'importe, et montre ce qu'il devient."""

    _name = "cnas.releve.wizard"
    _description = "Importer un relevé de cotisations"

    mode = fields.Selection([("virement", "Banque (virements)"), ("airtel", "Airtel Money"), ("moov", "Moov Money")], string="Reçu par",
                            required=True, default="virement")
    fichier = fields.Binary(string="Relevé (XLSX ou CSV)", required=True)
    nom = fields.Char(string="Nom du fichier")

    def action_importer(self):
        """Importe. Rend l'action qui ouvre le relevé."""
        self.ensure_one()
        comptes = self.env["cnas.releve_cotisation"].importer(self.with_context(bin_size=False).fichier, self.nom, self.mode)
        return {"type": "ir.actions.act_window", "res_model": "cnas.releve_cotisation", "res_id": comptes["id"], "view_mode": "form", "target": "current"}
