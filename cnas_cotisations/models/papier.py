import base64

from odoo import _, models
from odoo.exceptions import UserError


class PapierCotisation(models.AbstractModel):
    """Un papier des cotisations (appel, reçu, lettre) : qui le lit le prend, et son code se vérifie sans compte (`cnas.papier.mixin`).

    Le modèle dit `_sorte_papier` (dans l'adresse du fichier), le titre et les faits de son papier, et le dessine (`_pdf`).
    """

    _name = "cnas.papier_cotisation.mixin"
    _description = "Papier des cotisations"
    _inherit = ["cnas.papier.mixin"]

    _sorte_papier = ""

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

    def _destinataire(self):
        return self.cotisant_id._destinataire()

    def _pdf(self):
        """Rend les octets du papier."""
        raise NotImplementedError
