from odoo import api, models
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.models.accueil import AGENT, FINANCE, SUPERVISEUR, Tache


class Accueil(models.AbstractModel):
    """Ce qui attend chacun, du côté des cotisations."""

    _inherit = "cnas.accueil"

    @api.model
    def _taches(self):
        return [
            *super()._taches(),
            Tache(_lt("Compléments d'appel à émettre"), "cnas.appel_cotisation", [("state", "=", "brouillon")],
                  "cnas_cotisations.appel_cotisation_action", (SUPERVISEUR,)),
            Tache(_lt("Lignes de relevé en attente"), "cnas.releve_cotisation.ligne", [("state", "=", "attente")],
                  "cnas_cotisations.releve_ligne_action", (FINANCE,)),
            Tache(_lt("Dossiers de recouvrement à relancer"), "cnas.recouvrement", [("state", "=", "relance")],
                  "cnas_cotisations.recouvrement_action", (AGENT,)),
        ]
