from odoo import fields, models

from odoo.addons.cnas_base.jour import aujourd_hui


class ChangementRegimeWizard(models.TransientModel):
    """Assistant : changer le régime d'un assuré principal, à une date, avec un motif."""

    _name = "cnas.changement_regime.wizard"
    _description = "Changement de régime"

    assure_id = fields.Many2one(comodel_name="cnas.assure", string="Assuré", required=True)
    ancien_regime_id = fields.Many2one(related="assure_id.regime_id", string="Régime actuel")
    regime_id = fields.Many2one(comodel_name="cnas.regime", string="Nouveau régime", required=True)
    date = fields.Date(string="À compter du", required=True, default=lambda self: aujourd_hui())
    motif = fields.Char(string="Motif", required=True)

    def action_confirmer(self):
        """Applique le changement. Rend l'action de fermeture."""
        self.ensure_one()
        self.assure_id.action_changer_regime(self.regime_id.id, self.motif, self.date)
        return {"type": "ir.actions.act_window_close"}
