from odoo import api, models
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.models.accueil import SUPERVISEUR, Tache


class Accueil(models.AbstractModel):
    """Ce qui attend le superviseur, du côté du contrôle après coup."""

    _inherit = "cnas.accueil"

    @api.model
    def _taches(self):
        return [
            *super()._taches(),
            Tache(_lt("Alertes de contrôle à regarder"), "cnas.alerte", [("state", "=", "nouvelle")], "cnas_controle.alerte_action", (SUPERVISEUR,)),
            Tache(_lt("Signalements reçus"), "cnas.signalement", [("state", "=", "recu")], "cnas_controle.signalement_action", (SUPERVISEUR,)),
            Tache(_lt("Indus extrapolés contestés"), "cnas.campagne.resultat", [("state", "=", "conteste")], "cnas_controle.campagne_resultat_action", (SUPERVISEUR,)),
        ]
