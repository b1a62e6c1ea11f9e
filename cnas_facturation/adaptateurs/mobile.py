from odoo.tools.translate import _lt

from .adaptateur import Adaptateur


class Mobile(Adaptateur):
    """Paiement de masse d'un opérateur : le numéro s'écrit sans « + » ni espace, tel que l'opérateur le lit."""

    colonne_compte = _lt("Téléphone")
    titres = ("lot", "ordre", "compte_debite", "msisdn", "beneficiaire", "montant", "devise", "libelle")

    def rang(self, lot, ordre):
        return (lot.numero, ordre.numero, lot.compte_debite or "", self._chiffres(ordre.telephone), ordre.titulaire or "",
                int(ordre.montant), "XAF", f"CNAS {ordre.facture_id.numero}")

    def compte(self, ordre):
        return ordre.telephone or ""


class Airtel(Mobile):
    """Airtel Money."""

    nature = "airtel"
    titre = _lt("ORDRE DE PAIEMENTS AIRTEL MONEY")


class Moov(Mobile):
    """Moov Africa (Moov Money)."""

    nature = "moov"
    titre = _lt("ORDRE DE PAIEMENTS MOOV AFRICA")
