from odoo import fields, models


class MontantMixin(models.AbstractModel):
    """Donne la monnaie (XAF, sans décimale) aux modèles qui portent des montants."""

    _name = "cnas.montant.mixin"
    _description = "Montants en francs CFA"

    # Le défaut sert aux formulaires neufs, où un calcul sans dépendance ne se déclenche pas.
    currency_id = fields.Many2one("res.currency", string="Monnaie", compute="_compute_currency_id",
                                  default=lambda self: self._monnaie_xaf())

    def _compute_currency_id(self):
        self.currency_id = self._monnaie_xaf()

    def _monnaie_xaf(self):
        # Identifiant en cache : `env.ref` vérifierait l'existence par une requête à chaque appel.
        return self.env["ir.model.data"]._xmlid_to_res_id("base.XAF")
