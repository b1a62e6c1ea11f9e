"""Ce que la caisse a payé : les ordres que la formation lit dans son espace, et ceux-là seuls."""
from collections import defaultdict

from ...fhir import paiement
from .ressource import FORMATION, Ressource, entier, jeton, visee


class PaymentNotice(Ressource):
    """L'avis d'un paiement, émis ou fait."""

    type = "PaymentNotice"
    modele = "cnas.ordre_paiement"
    parametres = {"_id": ("token", "Identifiant"), "identifier": ("token", "Numéro de l'ordre ou référence du paiement"),
                  "provider": ("reference", "La formation"), "request": ("reference", "La demande payée"),
                  "_lastUpdated": ("date", "Dernier changement")}

    def objets(self):
        # Le portail ne lit pas ce modèle : le domaine est le mur, comme pour sa page « Paiements ».
        return self.env[self.modele].sudo() if self._du_portail() else self.env[self.modele]

    def mur(self):
        siennes = [("formation_id", "!=", False)]
        return siennes + [("formation_id", "in", self.env.user.sudo().formation_ids.ids)] if self._du_portail() else siennes

    def critere(self, nom, valeur):
        if nom == "identifier":
            return ["|", ("numero", "=", jeton(valeur)), ("reference_paiement", "=", jeton(valeur))]
        if nom == "provider":
            return [("formation_id.code", "=", visee(valeur, "Organization"))]
        if nom == "request":
            feuille = self.env["cnas.feuille_soin"].search([("id", "=", entier(visee(valeur, "Claim")))])
            return [("facture_id", "in", feuille.sudo().facture_id.ids)]
        return super().critere(nom, valeur)

    def ecrire(self, objets):
        return [paiement.ecrire_avis(ordre) for ordre in objets.sudo()]

    def _du_portail(self):
        return self.env.user.has_group(FORMATION) and self.env.user.share


class PaymentReconciliation(PaymentNotice):
    """Le même paiement, demande par demande."""

    type = "PaymentReconciliation"

    def ecrire(self, objets):
        ordres = objets.sudo()
        details = defaultdict(list)
        for decompte, compte, feuille, montant in self.env["cnas.decompte.ligne"].sudo()._read_group(
                [("decompte_id", "in", ordres.facture_id.decompte_id.ids)], ["decompte_id", "compte", "feuille_id"], ["montant_cnas:sum"],
                order="feuille_id"):
            if montant:
                details[decompte.id, compte].append((feuille.id, int(montant)))
        return [paiement.ecrire_rapprochement(ordre, details[ordre.facture_id.decompte_id.id, ordre.compte]) for ordre in ordres]
