from odoo import _
from odoo.tools.translate import _lt

from odoo.addons.cnas_formations.rib import nettoyer_rib

from .adaptateur import Adaptateur


class Banque(Adaptateur):
    """Virements : le compte débité, puis les bénéficiaires groupés par banque."""

    nature = "banque"
    titre = _lt("ORDRE DE VIREMENTS")
    colonne_compte = _lt("RIB")
    titres = ("lot", "ordre", "compte_debite", "banque", "beneficiaire", "rib", "montant", "devise", "libelle")

    def rang(self, lot, ordre):
        return (lot.numero, ordre.numero, lot.compte_debite or "", self.groupe(ordre), ordre.titulaire or "", ordre.rib,
                int(ordre.montant), "XAF", f"CNAS {ordre.facture_id.numero}")

    def groupe(self, ordre):
        """Rend la banque du bénéficiaire ; sans nom connu, le code que porte son RIB."""
        return ordre.banque or _("Banque %s", nettoyer_rib(ordre.rib)[:5])

    def compte(self, ordre):
        return ordre.rib or ""
