from odoo import api, models


class FeuilleSoinLigne(models.Model):
    """Les lignes d'une feuille dont la facture est validée ne se créent, ne changent ni ne disparaissent."""

    _inherit = "cnas.feuille_soin.ligne"

    @api.model_create_multi
    def create(self, vals_list):
        feuilles = self.env["cnas.feuille_soin"].sudo().browse(
            [v["feuille_id"] for v in vals_list if v.get("feuille_id")])
        feuilles._refuser_si_figee()
        lignes = super().create(vals_list)
        feuilles._rafraichir_factures()
        return lignes

    def write(self, vals):
        feuilles = self.sudo().feuille_id
        feuilles._refuser_si_figee()
        if vals.get("feuille_id"):
            feuilles.browse(vals["feuille_id"])._refuser_si_figee()
        resultat = super().write(vals)
        feuilles._rafraichir_factures()
        return resultat

    def unlink(self):
        feuilles = self.sudo().feuille_id
        feuilles._refuser_si_figee()
        resultat = super().unlink()
        feuilles._rafraichir_factures()
        return resultat
