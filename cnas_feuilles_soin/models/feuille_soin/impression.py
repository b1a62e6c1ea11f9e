import base64

from odoo import _, models
from odoo.exceptions import UserError


class FeuilleSoin(models.Model):
    """Documents remis : accusé de dépôt, demande de pièces, notification de rejet. Jamais de diagnostic."""

    _inherit = "cnas.feuille_soin"

    def action_imprimer_accuse(self):
        """Imprime l'accusé de dépôt.

        :return: l'action du rapport
        :raise UserError: feuille pas encore déposée
        """
        if any(not feuille.numero for feuille in self):
            raise UserError(_("L'accusé s'imprime après le dépôt."))
        return self.env.ref("cnas_feuilles_soin.accuse_depot_report").report_action(self)

    def _code_barres(self):
        """Rend le code-barres du numéro (Code 128) en image intégrée, lisible sans réseau."""
        self.ensure_one()
        return image_code_barres(self.env, self.numero or self.reference or "")


def image_code_barres(env, texte):
    """Rend un code-barres Code 128 sous forme d'adresse `data:` prête pour une balise image."""
    image = env["ir.actions.report"].barcode("Code128", texte, width=600, height=90, humanreadable=0)
    return "data:image/png;base64," + base64.b64encode(image).decode()
