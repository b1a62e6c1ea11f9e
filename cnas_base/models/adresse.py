import ipaddress
from urllib.parse import urlsplit

from odoo import _, api, models
from odoo.exceptions import ValidationError

ADRESSE = "web.base.url"


def est_publique(adresse):
    """Dit si une adresse s'ouvre d'un téléphone quelconque : chiffrée, et d'un nom de domaine."""
    morceaux = urlsplit(adresse or "")
    hote = morceaux.hostname or ""
    try:
        ipaddress.ip_address(hote)
    except ValueError:
        return morceaux.scheme == "https" and "." in hote and not hote.endswith((".local", ".localhost", ".internal"))
    return False


class IrConfigParameter(models.Model):
    """L'adresse publique de la caisse : imprimée sur les cartes et les attestations, mise dans les courriels.

    Une fois publique, elle est figée : se connecter d'un autre poste ne la change plus, l'administrateur seul la corrige.
    """

    _inherit = "ir.config_parameter"

    @api.model_create_multi
    def create(self, vals_list):
        parametres = super().create(vals_list)
        parametres._figer_adresse()
        return parametres

    def write(self, vals):
        resultat = super().write(vals)
        self._figer_adresse()
        return resultat

    @api.model
    def _adresse_publique(self):
        """Rend l'adresse à imprimer, sans barre finale, ou False tant qu'elle n'est pas réglée."""
        adresse = self.sudo().get_param(ADRESSE)
        return adresse.rstrip("/") if est_publique(adresse) else False

    def _figer_adresse(self):
        for parametre in self.filtered(lambda p: p.key == ADRESSE):
            morceaux = urlsplit(parametre.value or "")
            if morceaux.scheme not in ("http", "https") or not morceaux.hostname or morceaux.query or morceaux.fragment:
                raise ValidationError(_("L'adresse publique « %s » n'en est pas une : écrivez https://nom-de-domaine.", parametre.value))
            if est_publique(parametre.value):
                self.sudo().set_param(f"{ADRESSE}.freeze", "True")
