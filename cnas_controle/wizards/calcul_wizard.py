from odoo import _, fields, models

from odoo.addons.cnas_base.jour import aujourd_hui


class CalculWizard(models.TransientModel):
    """Calcule les indicateurs sur une période choisie, au lieu d'attendre la nuit. Le superviseur seul."""

    _name = "cnas.calcul.wizard"
    _description = "Calcul des indicateurs"

    date_debut = fields.Date(string="Soins du", required=True, default=lambda self: self.env["cnas.indicateur"]._periode_ordinaire()[0])
    date_fin = fields.Date(string="au", required=True, default=lambda self: aujourd_hui())

    def action_calculer(self):
        """Lance le calcul et ouvre les alertes, les plus graves d'abord. Rend une action de fenêtre."""
        self.ensure_one()
        self.env["cnas.indicateur"].calculer(str(self.date_debut), str(self.date_fin))
        action = self.env["ir.actions.act_window"]._for_xml_id("cnas_controle.alerte_action")
        return {**action, "name": _("Alertes"), "target": "main"}
