import base64

from odoo import _, api, models
from odoo.exceptions import UserError

SORTE = "cnas-cotisation-1"
MORCEAUX_MAX = 8


class PapierCotisation(models.AbstractModel):
    """Un papier des cotisations (appel, reçu, lettre, attestation) : qui le lit le prend, et son code se vérifie sans compte.

    Le modèle dit `_sorte_papier` (une lettre, dans le code), dessine (`_pdf`), et dit ce que montre la page publique (`_dire_papier`).
    """

    _name = "cnas.papier_cotisation.mixin"
    _description = "Papier des cotisations"

    _sorte_papier = ""

    # ------------------------------------------------------------------ le fichier
    def telecharger(self):
        """Rend le papier.

        :return: {"nom", "contenu": base64}
        :raise UserError: papier pas encore établi ; l'accès est celui de la lecture
        """
        self.ensure_one()
        self.check_access_rights("read")
        self.check_access_rule("read")
        papier = self.sudo()
        if not papier.numero:
            raise UserError(_("Ce papier n'est pas encore établi."))
        self._journaliser_export({"quoi": "pdf"})
        return {"nom": f"{papier.numero.replace('/', '-')}.pdf", "contenu": base64.b64encode(papier._pdf()).decode()}

    def _ouvrir_papier(self):
        """Rend l'action qui ouvre le papier, à l'adresse que sert `controllers/documents.py`."""
        self.ensure_one()
        return {"type": "ir.actions.act_url", "url": f"/cnas/cotisations/{self._sorte_papier}/{self.id}/pdf", "target": "new"}

    def _pdf(self):
        """Rend les octets du papier."""
        raise NotImplementedError

    # ------------------------------------------------------------------ le code à lire
    @api.model
    def _signer_papier(self, *morceaux):
        """Rend le jeton signé de ces morceaux (ni point, ni barre)."""
        message = "|".join((SORTE, *morceaux))
        signature = base64.urlsafe_b64encode(self.env["cnas.signature"].sudo()._signer(message)).decode().rstrip("=")
        return ".".join((*morceaux, signature))

    @api.model
    def _lire_jeton_papier(self, jeton):
        """Rend les morceaux d'un jeton à la signature juste, None sinon."""
        *morceaux, signature = jeton.split(".")[:MORCEAUX_MAX]
        try:
            octets = base64.urlsafe_b64decode(signature + "==")
        except ValueError:
            return None
        juste = morceaux and self.env["cnas.signature"].sudo()._verifier("|".join((SORTE, *morceaux)), octets)
        return morceaux if juste else None

    def _jeton_papier(self):
        """Rend le jeton de ce papier : sa sorte et son identifiant."""
        self.ensure_one()
        return self._signer_papier(self._sorte_papier, str(self.id))

    @api.model
    def _adresse_papier(self, jeton):
        """Rend l'adresse que porte le code, vide si celle de la caisse n'est pas réglée."""
        adresse = self.env["ir.config_parameter"].sudo()._adresse_publique()
        return adresse and f"{adresse}/cnas/verifier/cotisations/{jeton}"

    def _dire_papier(self):
        """Rend {"titre", "etat", "lignes": [(libellé, valeur)]} que montre la page publique."""
        raise NotImplementedError
