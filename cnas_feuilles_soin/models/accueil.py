from odoo import api, models
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.models.accueil import AGENT, CONTROLEUR, MEDECIN, SUPERVISEUR, Tache


class Accueil(models.AbstractModel):
    """Ce qui attend chacun, du côté de cet addon."""

    _inherit = "cnas.accueil"

    @api.model
    def _taches(self):
        retard = {"retard": (("en_retard", "=", True),), "urgent": _lt("en retard")}
        echues = {"retard": (("date_limite_instance", "<", aujourd_hui()),), "urgent": _lt("à échéance passée")}
        return [
            Tache(_lt("Ma file"), "cnas.feuille_soin", [("controleur_id", "=", "uid"), ("state", "in", ("deposee", "controle"))],
                  "cnas_feuilles_soin.feuille_soin_ma_file_action", (CONTROLEUR,), **retard),
            Tache(_lt("Avis médicaux à rendre"), "cnas.feuille_soin", [("state", "=", "avis_medical")],
                  "cnas_feuilles_soin.feuille_soin_avis_action", (MEDECIN,), **retard),
            Tache(_lt("Ententes à décider"), "cnas.entente_prealable", [("state", "in", ("demandee", "examen"))],
                  "cnas_feuilles_soin.entente_prealable_action", (MEDECIN,), (("urgence", "=", True),), _lt("en urgence")),
            Tache(_lt("Feuilles sans contrôleur"), "cnas.feuille_soin",
                  [("controleur_id", "=", False), ("state", "in", ("deposee", "controle"))],
                  "cnas_feuilles_soin.feuille_soin_a_controler_action", (CONTROLEUR,), **retard),
            Tache(_lt("Feuilles à juger"), "cnas.feuille_soin", [("state", "in", ("deposee", "controle"))],
                  "cnas_feuilles_soin.feuille_soin_a_controler_action", (SUPERVISEUR,), **retard),
            Tache(_lt("Feuilles à déposer"), "cnas.feuille_soin", [("state", "=", "brouillon")],
                  "cnas_feuilles_soin.feuille_soin_a_trier_action", (AGENT,)),
            Tache(_lt("Dossiers en instance"), "cnas.feuille_soin", [("state", "=", "instance")],
                  "cnas_feuilles_soin.feuille_soin_instance_action", (AGENT,), **echues),
            *super()._taches(),
        ]
