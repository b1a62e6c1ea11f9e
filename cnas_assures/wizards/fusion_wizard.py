from odoo import _, api, fields, models
from odoo.exceptions import UserError


class FusionWizard(models.TransientModel):
    """Assistant de fusion : comparer deux dossiers, choisir celui qu'on garde, dire pourquoi."""

    _name = "cnas.fusion.wizard"
    _description = "Fusion de deux dossiers"

    doublon_id = fields.Many2one(comodel_name="cnas.doublon", string="Paire", required=True)
    assure_1_id = fields.Many2one(related="doublon_id.assure_1_id")
    assure_2_id = fields.Many2one(related="doublon_id.assure_2_id")
    garde = fields.Selection(
        selection=[("1", "Le premier dossier"), ("2", "Le second dossier")], string="Dossier gardé", required=True,
        compute="_compute_garde", store=True, precompute=True, readonly=False)
    motif = fields.Char(string="Pourquoi c'est la même personne", required=True)
    comparaison = fields.Html(related="doublon_id.comparaison", sanitize=False)

    @api.depends("doublon_id")
    def _compute_garde(self):
        """Propose le dossier immatriculé, à défaut le plus ancien."""
        for wizard in self:
            un, deux = wizard.assure_1_id, wizard.assure_2_id
            wizard.garde = "2" if un.state == "brouillon" and deux.state != "brouillon" else "1"

    def action_confirmer(self):
        """Fusionne. Rend l'action qui ouvre le dossier gardé."""
        self.ensure_one()
        garde = self.assure_1_id if self.garde == "1" else self.assure_2_id
        if not garde:
            raise UserError(_("Choisissez le dossier à garder."))
        self.doublon_id.action_fusionner(garde.id, self.motif)
        return {"type": "ir.actions.act_window", "res_model": "cnas.assure", "res_id": garde.id, "view_mode": "form",
                "views": [(False, "form")]}
