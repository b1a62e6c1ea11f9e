from odoo import fields, models

from odoo.addons.cnas_base.jour import aujourd_hui


class ExportDecisionsWizard(models.TransientModel):
    """Exporte les décisions d'une période pour un assureur complémentaire."""

    _name = "cnas.export_decisions.wizard"
    _description = "Exporter les décisions"

    date_debut = fields.Date(string="Décidées du", required=True,
                             default=lambda self: aujourd_hui().replace(day=1))
    date_fin = fields.Date(string="Au", required=True, default=lambda self: aujourd_hui())
    forme = fields.Selection([("csv", "CSV"), ("json", "JSON")], string="Format", required=True, default="csv")
    fichier = fields.Binary(string="Fichier", readonly=True, attachment=False)
    nom = fields.Char(string="Nom du fichier", readonly=True)

    def action_exporter(self):
        """Prépare le fichier et rouvre l'assistant pour le télécharger."""
        self.ensure_one()
        fait = self.env["cnas.feuille_soin"].exporter_decisions(
            fields.Date.to_string(self.date_debut), fields.Date.to_string(self.date_fin), self.forme)
        self.write({"fichier": fait["contenu"], "nom": fait["nom"]})
        return {"type": "ir.actions.act_window", "name": self._description, "res_model": self._name,
                "res_id": self.id, "view_mode": "form", "target": "new"}
