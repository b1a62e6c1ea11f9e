from odoo import fields, models

from odoo.addons.cnas_base.jour import aujourd_hui


class RecouvrementWizard(models.TransientModel):
    """Demande le nombre d'échéances et le jour de la première."""

    _name = "cnas.recouvrement.wizard"
    _description = "Échelonner un recouvrement"

    recouvrement_id = fields.Many2one("cnas.recouvrement", string="Dossier", required=True, ondelete="cascade")
    nombre = fields.Integer(string="Nombre d'échéances", required=True, default=6)
    premiere = fields.Date(string="Première échéance", required=True, default=lambda self: fields.Date.add(aujourd_hui(), months=1))

    def action_echelonner(self):
        """Accorde l'échéancier. Rend l'action qui ferme la fenêtre."""
        self.ensure_one()
        self.recouvrement_id.action_echelonner(self.nombre, fields.Date.to_string(self.premiere))
        return {"type": "ir.actions.act_window_close"}
