from odoo import api, models
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.models.accueil import SUPERVISEUR, Tache

from .roles import COMPTABLE


class Accueil(models.AbstractModel):
    """Ce qui attend l'agent comptable, et qui vote un budget."""

    _inherit = "cnas.accueil"

    @api.model
    def _taches(self):
        return [
            *super()._taches(),
            Tache(_lt("Lignes de relevé à rapprocher"), "cnas.releve.ligne", [("state", "=", "attente")],
                  "cnas_comptabilite.releve_ligne_attente_action", (COMPTABLE,)),
            Tache(_lt("Provisions à comptabiliser"), "cnas.provision", [("state", "=", "brouillon")],
                  "cnas_comptabilite.provision_action", (COMPTABLE,)),
            Tache(_lt("Budgets à voter"), "cnas.budget", [("state", "=", "brouillon")],
                  "cnas_comptabilite.budget_action", (SUPERVISEUR,)),
        ]
