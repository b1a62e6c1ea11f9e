from odoo import api, models


class IrDefault(models.Model):
    """Une valeur par défaut que chacun se donne ne remplit jamais un champ gardé : le code seul les pose."""

    _inherit = "ir.default"

    @api.model
    def _get_model_defaults(self, model_name, condition=False):
        defauts = super()._get_model_defaults(model_name, condition)
        gardes = getattr(self.env.registry[model_name], "_champs_gardes", frozenset())
        return {champ: valeur for champ, valeur in defauts.items() if champ not in gardes}
