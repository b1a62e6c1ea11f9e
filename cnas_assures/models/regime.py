from odoo import _, api, models


class Regime(models.Model):
    """Un régime a sa durée de droits : un paramètre daté, sans fin tant que nul ne la fixe."""

    _inherit = "cnas.regime"

    @api.model_create_multi
    def create(self, vals_list):
        regimes = super().create(vals_list)
        regimes._donner_une_duree()
        return regimes

    def write(self, vals):
        resultat = super().write(vals)
        if "code" in vals:
            self._donner_une_duree()
        return resultat

    def _donner_une_duree(self):
        """Crée le paramètre de durée des droits qui manque à ces régimes : zéro, les droits sont sans fin."""
        Parametre = self.env["cnas.parametre"].sudo()
        codes = {regime._code_duree(): regime.code for regime in self}
        connus = Parametre.search([("code", "in", list(codes))]).mapped("code")
        Parametre.create([{
            "code": code, "name": _("Durée de la première période de droits, %s (0 : sans fin)", regime),
            "famille": "assures", "valeur": "0", "unite": _("mois"), "maximum": 600, "date_debut": "1900-01-01"}
            for code, regime in codes.items() if code not in connus])

    def _code_duree(self):
        self.ensure_one()
        return f"duree_droits_{self.code.lower()}_mois"
