from odoo import api, models
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.models.accueil import CONTROLEUR, FINANCE, SUPERVISEUR, Tache


class Accueil(models.AbstractModel):
    """Ce qui attend chacun, du côté de cet addon."""

    _inherit = "cnas.accueil"

    @api.model
    def _taches(self):
        return [
            Tache(_lt("Factures à ordonnancer"), "cnas.facture", [("state", "=", "validee"), ("close", "=", False)],
                  "cnas_facturation.facture_a_ordonnancer_action", (FINANCE,)),
            Tache(_lt("Factures à payer"), "cnas.facture", [("state", "=", "ordonnancee"), ("net_a_payer", ">", 0)],
                  "cnas_facturation.facture_a_payer_action", (FINANCE,)),
            *super()._taches(),
            Tache(_lt("Factures à contrôler"), "cnas.facture", [("state", "in", ("soumise", "controle"))],
                  "cnas_facturation.facture_a_controler_action", (CONTROLEUR,)),
            Tache(_lt("Contestations à instruire"), "cnas.contestation", [("state", "in", ("deposee", "instruction"))],
                  "cnas_facturation.contestation_action", (CONTROLEUR,)),
            Tache(_lt("Comptes de paiement à accepter"), "cnas.compte_paiement", [("state", "=", "demande")],
                  "cnas_facturation.compte_paiement_action", (SUPERVISEUR,)),
        ]
