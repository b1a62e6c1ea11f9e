from odoo import api, models
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.models.accueil import AGENT, SUPERVISEUR, Tache


class Accueil(models.AbstractModel):
    """Ce qui attend chacun, du côté de cet addon."""

    _inherit = "cnas.accueil"

    @api.model
    def _taches(self):
        return [
            *super()._taches(),
            Tache(_lt("Assurés à immatriculer"), "cnas.assure", [("state", "=", "brouillon")], "cnas_assures.assure_action", (AGENT,)),
            Tache(_lt("Cartes à produire"), "cnas.carte", [("state", "=", "demandee")], "cnas_assures.carte_action", (AGENT,)),
            Tache(_lt("Cartes à remettre"), "cnas.carte", [("state", "=", "produite")], "cnas_assures.carte_action", (AGENT,)),
            Tache(_lt("Doublons à examiner"), "cnas.doublon", [("state", "=", "a_examiner")], "cnas_assures.doublon_action", (AGENT,)),
            Tache(_lt("Corrections d'identité à décider"), "cnas.correction_identite", [("state", "=", "soumise")],
                  "cnas_assures.correction_identite_action", (SUPERVISEUR,)),
        ]
