"""Ce que toutes les voies partagent : la forme du fichier aller et la lecture du fichier retour."""
import re
from dataclasses import dataclass
from datetime import date

from odoo import _
from odoo.exceptions import UserError

from odoo.addons.cnas_base.ecriture import ecrire_csv, ecrire_date
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import absent, lire_date, lire_montant, lire_tableau, lire_texte, montrer, sans_accent

# Ce que disent les banques et les opérateurs, sans accents ni ponctuation.
VERDICTS = {
    **dict.fromkeys((
        "paye", "payee", "execute", "executee", "regle", "reglee", "credite", "creditee", "vire", "traite", "effectue",
        "succes", "success", "successful", "succeeded", "reussi", "reussie", "ok", "paid", "completed", "complete"), "paye"),
    **dict.fromkeys((
        "rejete", "rejetee", "rejet", "refuse", "refusee", "retourne", "retournee", "retour", "impaye", "impayee", "annule",
        "annulee", "echec", "echoue", "echouee", "ko", "failed", "failure", "rejected", "returned", "unpaid"), "rejete"),
}
MONTANT_D_UN_ORDRE = 10**12
# Le plus court des comptes : un mobile du Tchad, sans indicatif.
CHIFFRES_D_UN_COMPTE = 8


def cle_d_ordre(texte):
    """Rend ce qui identifie un numéro d'ordre : une banque n'écrit pas toujours ses barres obliques."""
    return re.sub(r"[^0-9A-Z]", "", str(texte or "").upper())


@dataclass
class LigneRetour:
    """Une ligne d'un retour ; `faute` dit pourquoi elle ne se lit pas, et tout le reste peut alors manquer.

    `datee` : le retour disait le jour, ce n'est pas celui de l'import.
    """

    numero: int
    ordre: str = ""
    lot: str = ""
    verdict: str | bool = False
    montant: int = 0
    jour: date | bool = False
    datee: bool = False
    reference: str = ""
    motif: str = ""
    compte: str = ""
    faute: str | bool = False


class Adaptateur:
    """Une voie de paiement : `ecrire` rend le fichier aller, `lire` les lignes du fichier retour.

    Le retour redit au moins l'ordre, son montant et le verdict. Sans colonne de date, le jour du paiement est celui
    de l'import ; sans référence, celle du lot remis. Une ligne illisible garde son numéro et sa faute.
    """

    nature = None
    titre = None          # du bordereau (`_lt`)
    colonne_compte = None  # du bordereau : où l'on paie (`_lt`)
    titres = ()           # colonnes du fichier aller
    # Colonnes du retour, et les autres en-têtes qu'on leur connaît.
    colonnes = {
        "ordre": ("numero", "numero_ordre", "n_ordre", "no_ordre", "ordre_de_paiement", "reference_ordre", "reference_cnas", "reference_client",
                  "external_id", "externalid", "order", "order_id", "end_to_end_id"),
        "lot": ("numero_lot", "n_lot", "no_lot", "lot_cnas", "batch", "batch_id"),
        "montant": ("montant_fcfa", "montant_xaf", "montant_paye", "somme", "amount"),
        "statut": ("etat", "resultat", "verdict", "status", "state", "transaction_status", "decision"),
        "date": ("date_paiement", "date_execution", "date_d_execution", "date_operation", "date_de_paiement", "date_valeur",
                 "transaction_date", "paye_le", "execute_le"),
        "reference": ("reference_paiement", "reference_banque", "reference_operation", "ref", "id_transaction", "transaction_id",
                      "txn_id", "transaction", "numero_transaction"),
        "motif": ("motif_rejet", "raison", "cause", "commentaire", "observation", "message", "reason", "motif_du_rejet"),
        "compte": ("rib", "telephone", "msisdn", "compte_beneficiaire", "iban"),
    }
    obligatoires = ("ordre", "montant", "statut")

    # ------------------------------------------------------------------ aller
    def ecrire(self, lot):
        """Rend le fichier aller, en octets : une ligne par ordre, groupés comme le bordereau."""
        return ecrire_csv(self.titres, [self.rang(lot, ordre) for ordre in self.ranger(lot.ordre_ids)])

    def rang(self, lot, ordre):
        """Rend les valeurs d'un ordre, dans l'ordre des `titres`."""
        raise NotImplementedError

    def ranger(self, ordres):
        """Rend les ordres dans l'ordre du fichier : un même bénéficiaire à la suite."""
        return ordres.sorted(lambda o: (self.groupe(o), o.titulaire or "", o.numero))

    def groupe(self, ordre):
        """Rend ce qui regroupe les ordres d'un bordereau ; vide : un seul groupe."""
        return ""

    def compte(self, ordre):
        """Rend où l'on paie, tel qu'on l'imprime."""
        raise NotImplementedError

    # ------------------------------------------------------------------ retour
    def lire(self, contenu, nom):
        """Rend les `LigneRetour` d'un fichier retour.

        :param bytes contenu: le fichier (CSV ou classeur)
        :param str nom: son nom
        :raise UserError: illisible, vide, ou sans les colonnes obligatoires
        """
        lignes = lire_tableau(contenu, nom, self.colonnes, self.obligatoires)
        if not lignes:
            raise UserError(_("Le retour n'a aucune ligne sous ses titres : vérifiez qu'il n'est pas tronqué."))
        return [self._lire_ligne(ligne) for ligne in lignes]

    def _lire_ligne(self, ligne):
        lue = LigneRetour(ligne.numero, datee="date" in ligne)
        try:
            lue.ordre = lire_texte(ligne["ordre"], 64)
            lue.lot, lue.compte = lire_texte(ligne.get("lot"), 64), lire_texte(ligne.get("compte"), 64)
            lue.reference, lue.motif = lire_texte(ligne.get("reference"), 64), lire_texte(ligne.get("motif"), 250)
            lue.montant = lire_montant(ligne["montant"], quoi=_("Montant"), maximum=MONTANT_D_UN_ORDRE)
            lue.verdict = self._lire_verdict(ligne["statut"])
            defaut = {"defaut": False} if lue.verdict == "rejete" else {}
            lue.jour = lire_date(ligne["date"], quoi=_("Date"), **defaut) if lue.datee else aujourd_hui()
            if lue.jour and lue.jour > aujourd_hui():
                raise UserError(_("La date du %s est à venir.", ecrire_date(lue.jour)))
        except UserError as refus:
            lue.faute = str(refus)
        return lue

    def _lire_verdict(self, valeur):
        if absent(valeur):
            raise UserError(_("Le statut est vide : cet ordre attend encore."))
        verdict = VERDICTS.get(sans_accent(lire_texte(valeur)))
        if not verdict:
            raise UserError(_("Le statut « %s » ne dit ni payé ni rejeté.", montrer(valeur)))
        return verdict

    def meme_compte(self, ordre, lu):
        """Dit si le compte lu dans le retour est celui de l'ordre, avec ou sans indicatif ; masqué ou abrégé, il ne se compare pas."""
        attendu, chiffres = self._chiffres(self.compte(ordre)), self._chiffres(lu)
        comparable = len(chiffres) >= CHIFFRES_D_UN_COMPTE and not set(lu.upper().removeprefix("TD")) - set("0123456789 +.-/")
        return not comparable or attendu.endswith(chiffres) or (attendu and chiffres.endswith(attendu))

    @staticmethod
    def _chiffres(texte):
        return re.sub(r"\D", "", texte or "")
