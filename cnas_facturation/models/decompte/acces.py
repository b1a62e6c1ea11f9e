from odoo import _, api, models
from odoo.exceptions import UserError
from odoo.tools import hmac

from odoo.addons.cnas_base.ecriture import masquer_matricule
from odoo.addons.cnas_base.jeton import fiche_du_jeton
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_date_naissance

from ..facture.dossier import beneficiaire

TAILLE_SCEAU = 32


class DecompteAcces(models.Model):
    """Les liens d'un décompte, pour qui n'a pas de compte : le QR qui le vérifie, et le lien de l'assuré remboursé.

    Un jeton porte l'identifiant et un sceau (HMAC de la base, de l'usage et de l'empreinte) : il ne se devine pas, ne
    sert qu'à son usage, et ne s'écrit nulle part.
    """

    _inherit = "cnas.decompte"

    # ------------------------------------------------------------------ métier
    def _url_verification(self):
        """Rend l'adresse absolue que lit le QR du papier."""
        return f"{self.get_base_url()}/cnas/verifier/decompte/{self._jeton('verification')}"

    def _url_assure(self):
        """Rend l'adresse absolue où l'assuré lit son décompte et dépose son recours ; rien sans décompte."""
        return f"{self.get_base_url()}/cnas/recours/{self._jeton('recours')}" if self else ""

    def _jeton(self, usage):
        self.ensure_one()
        return f"{self.id}-{self._sceau(usage)}"

    def _sceau(self, usage):
        return hmac(self.env(su=True), f"cnas_decompte_{usage}", (self.id, self.sudo().empreinte))[:TAILLE_SCEAU]

    @api.model
    def _trouver_par_jeton(self, usage, jeton):
        """Rend le décompte de ce jeton, ou un ensemble vide."""
        return fiche_du_jeton(self.sudo(), jeton, lambda decompte: decompte._sceau(usage))

    def _en_recours(self):
        """Dit si les lignes de ce décompte se contestent encore."""
        return self.state == "emis" and self.nature == "initial" and aujourd_hui() <= self.date_limite_recours

    def _exiger_assure(self, matricule, naissance):
        """Refuse qui ne dit pas le matricule (ou le numéro de carte) et la naissance de l'assuré remboursé.

        :raise UserError: la même phrase, quelle que soit l'indication fausse
        """
        assure = beneficiaire(self)
        trouve = self.env["cnas.assure"].sudo()._resoudre_matricules([matricule.strip()]).get(matricule.strip())
        try:
            jour, _estimee = lire_date_naissance(naissance)
        except UserError:
            jour = None
        ne = assure.date_naissance
        # Qui ne connaît que son année la dit ; le dossier d'une date connue, lui, la demande en entier.
        juste = jour and ne and (jour == ne or assure.date_naissance_estimee and jour.year == ne.year)
        if not (juste and trouve == assure.id):
            raise UserError(_("Ces indications ne sont pas celles de l'assuré de ce décompte : vérifiez votre carte, ou allez "
                              "à votre agence."))

    def _etat_public(self):
        """Rend ce que lit qui vérifie le papier : qui, combien, payé ou non ; ni soin, ni nom d'assuré."""
        facture, qui = self.facture_id, self._identite()
        en_vigueur = self == facture.decompte_id
        etat = "valide" if self.empreinte == self._calculer_empreinte() else "revoquee"
        if etat == "valide" and not en_vigueur:
            etat = "expiree"
        reglement = ""
        if en_vigueur and facture.state == "payee":
            reglement = _("Payé")
        elif en_vigueur:
            reglement = _("Rien à payer") if facture.close else _("Pas encore payé")
        return {
            "etat": etat, "numero": self.numero, "date": self.date_decompte, "net": self.net_a_payer,
            "beneficiaire": masquer_matricule(qui["matricule"]) if self.mode == "remboursement" else qui["nom"],
            "contre_passation": self.nature == "contre_passation", "reglement": reglement,
            "paye_le": facture.date_paiement if reglement and facture.state == "payee" else False,
        }
