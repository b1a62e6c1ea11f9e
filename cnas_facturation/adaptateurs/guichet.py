from odoo import _
from odoo.tools.translate import _lt

from .adaptateur import Adaptateur


class Guichet(Adaptateur):
    """Paiement au guichet, par chèque du Trésor : la caisse remplit le statut de la même liste et la rend."""

    nature = "guichet"
    titre = _lt("ÉTAT DE PAIEMENT AU GUICHET")
    colonne_compte = _lt("Paiement")
    titres = ("lot", "ordre", "beneficiaire", "montant", "devise", "libelle", "statut", "date", "reference", "motif")

    def rang(self, lot, ordre):
        return (lot.numero, ordre.numero, ordre.titulaire or "", int(ordre.montant), "XAF", f"CNAS {ordre.facture_id.numero}",
                "", "", "", "")

    def compte(self, ordre):
        return _("Guichet, pièce d'identité")
