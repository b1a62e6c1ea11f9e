from odoo import fields, models


class MontantMixin(models.AbstractModel):
    """Donne la monnaie (XAF, sans décimale) aux modèles qui portent des montants."""

    _name = "cnas.montant.mixin"
    _description = "Montants en francs CFA"

    currency_id = fields.Many2one("res.currency", string="Monnaie", compute="_compute_currency_id")

    def _compute_currency_id(self):
        # Identifiant en cache : `env.ref` vérifierait l'existence par une requête à chaque appel.
        self.currency_id = self.env["ir.model.data"]._xmlid_to_res_id("base.XAF")
