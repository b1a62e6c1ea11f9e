from odoo import fields, models


class AvisMedicalWizard(models.TransientModel):
    """Le médecin-conseil rend son avis sur les feuilles choisies."""

    _name = "cnas.avis_medical.wizard"
    _description = "Rendre un avis médical"

    feuille_ids = fields.Many2many("cnas.feuille_soin", string="Feuilles de soins", required=True,
                                   default=lambda self: self.env.context.get("active_ids"))
    avis = fields.Selection([("accord", "Accord"), ("partiel", "Accord partiel"), ("refus", "Refus")],
                            string="Avis", required=True, default="accord")
    motif = fields.Text(string="Motif", required=True)

    def action_confirmer(self):
        """Enregistre l'avis."""
        self.feuille_ids.action_rendre_avis(self.avis, self.motif)
        return {"type": "ir.actions.act_window_close"}
