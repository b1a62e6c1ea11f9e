from odoo import _, api, models
from odoo.exceptions import UserError

from odoo.addons.cnas_assures.cle_signature import octets_base64url, signature_juste
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import Ligne, Tableau
from odoo.addons.cnas_base.lecture.tableau import LIGNES_MAX_TABLEAU

from .. import dci

LECTEURS = {"etat_civil": dci.lire_actes, "assures": dci.lire_membres}


class SynonymeColonne(models.Model):
    """Un envoi DCI (.json) se lit comme un tableau : le reste, jugement et décision humaine, est celui du CSV."""

    _inherit = "cnas.synonyme_colonne"

    @api.model
    def _lire_ou_associer(self, sujet, contenu, nom_fichier, expediteur=None, colonnes=None):
        if sujet not in LECTEURS or not str(nom_fichier or "").lower().endswith(".json"):
            return super()._lire_ou_associer(sujet, contenu, nom_fichier, expediteur, colonnes)
        envoi = dci.lire_envoi(contenu)
        self._verifier_signature_dci(envoi)
        lus = LECTEURS[sujet](envoi)
        if len(lus) > LIGNES_MAX_TABLEAU:
            raise UserError(_("Le fichier dépasse %s lignes : découpez-le.", LIGNES_MAX_TABLEAU))
        attendues = self.env["cnas.colonne"]._du_sujet(sujet)
        codes = [code for code, *_reste in attendues]
        rangs = [{code: lu.get(code) or None for code in codes} for lu in lus]
        return Tableau([Ligne(numero, rang, list(rang.values())) for numero, rang in enumerate(rangs, 1)],
                       [nom for _code, nom, *_reste in attendues], codes)

    @api.model
    def _verifier_signature_dci(self, envoi):
        """Refuse un envoi dont la signature est fausse ; celui qui n'en a pas, ou d'un émetteur inconnu, si elle est exigée."""
        parametres = self.env["cnas.parametre"].sudo()
        cles = dict(cle.split(":", 1) for cle in parametres._au("dci_cles", aujourd_hui()).split() if ":" in cle)
        emetteur = str(envoi["header"].get("sender_id") or "")
        lue = dci.lire_signature(envoi)
        if emetteur in cles:
            if not lue or not signature_juste(octets_base64url(cles[emetteur]) or b"", lue[1].encode(), lue[2]):
                raise UserError(_("La signature de cet envoi n'est pas celle de « %s », ou n'est plus valable : demandez-le à nouveau.", emetteur[:64]))
        elif parametres._au("dci_signature_exigee", aujourd_hui()):
            raise UserError(_("L'émetteur « %s » n'a pas de clé connue : la signature est exigée (« dci_cles »).", emetteur[:64]))
