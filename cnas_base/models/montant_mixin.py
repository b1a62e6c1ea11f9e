from odoo import fields, models


class MontantMixin(models.AbstractModel):
    """Donne la monnaie (XAF, sans décimale) aux modèles qui portent des montants."""

    _name = "cnas.montant.mixin"
    _description = "Montants en francs CFA"

    currency_id = fields.Many2one("res.currency", string="Monnaie", compute="_compute_currency_id")

    def _compute_currency_id(self):
        self.currency_id = self.env.ref("base.XAF")
