from odoo import api, models


class ResLang(models.Model):
    """L'heure se lit sans les secondes."""

    _inherit = "res.lang"

    @api.model
    def _sans_secondes(self):
        """Ôte les secondes des langues qui les montrent, installées ou à venir ; rejoué à chaque mise à jour."""
        for langue in self.with_context(active_test=False).search([("time_format", "like", ":%S")]).filtered(lambda langue: ":%S" in langue.time_format):
            langue.time_format = langue.time_format.replace(":%S", "")
