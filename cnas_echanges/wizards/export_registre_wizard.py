from odoo import _, fields, models

from odoo.addons.cnas_base.jour import aujourd_hui

from ..models.registre import FORMES


class ExportRegistreWizard(models.TransientModel):
    """Exporte les personnes vers l'état civil ou le registre social."""

    _name = "cnas.export_registre.wizard"
    _description = "Export du registre"

    date_debut = fields.Date(string="Changées depuis le", help="Vide : toutes.")
    date_fin = fields.Date(string="Jusqu'au", default=lambda self: aujourd_hui(), required=True)
    forme = fields.Selection(FORMES, string="Forme", default="csv", required=True)
    fichier = fields.Binary(string="Fichier", readonly=True, attachment=False)
    nom_fichier = fields.Char(string="Nom du fichier", readonly=True)

    def action_exporter(self):
        """Écrit le fichier et rouvre l'assistant, d'où il se télécharge."""
        self.ensure_one()
        rendu = self.env["cnas.assure"].exporter_registre(str(self.date_debut) if self.date_debut else None, str(self.date_fin), self.forme)
        self.write({"fichier": rendu["contenu"], "nom_fichier": rendu["nom"]})
        return {"type": "ir.actions.act_window", "name": _("Export du registre"), "res_model": self._name, "res_id": self.id, "view_mode": "form",
                "target": "new"}
