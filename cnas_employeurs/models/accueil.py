from odoo import api, models
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.models.accueil import AGENT, Tache


class Accueil(models.AbstractModel):
    """Ce qui attend chacun, du côté de cet addon."""

    _inherit = "cnas.accueil"

    @api.model
    def _taches(self):
        return [
            *super()._taches(),
            Tache(_lt("Déclarations à valider"), "cnas.declaration_effectif", [("state", "=", "deposee")],
                  "cnas_employeurs.declaration_effectif_action", (AGENT,)),
        ]
