from odoo import api, models
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.models.accueil import AGENT, FINANCE, Tache


class Accueil(models.AbstractModel):
    """Ce qui attend chacun, du côté de cet addon."""

    _inherit = "cnas.accueil"

    @api.model
    def _taches(self):
        return [
            *super()._taches(),
            Tache(_lt("Changements de RIB à valider"), "cnas.demande_rib", [("state", "=", "demandee")],
                  "cnas_formations.demande_rib_action", (AGENT, FINANCE)),
        ]
