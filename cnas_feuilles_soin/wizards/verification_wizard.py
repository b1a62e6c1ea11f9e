from odoo import fields, models


class VerificationWizard(models.TransientModel):
    """Ce que les règles diront de la feuille, avant de la déposer."""

    _name = "cnas.verification.wizard"
    _description = "Vérification avant dépôt"

    feuille_id = fields.Many2one("cnas.feuille_soin", string="Feuille de soins", required=True, readonly=True)
    resultat = fields.Html(string="Résultat", readonly=True, sanitize=False)

    def action_deposer(self):
        """Dépose la feuille vérifiée."""
        self.feuille_id.action_deposer()
        return {"type": "ir.actions.act_window_close"}
