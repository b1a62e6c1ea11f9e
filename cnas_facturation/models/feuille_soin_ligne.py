from odoo import api, models


class FeuilleSoinLigne(models.Model):
    """Les lignes d'une feuille dont la facture est validée ne se créent, ne changent ni ne disparaissent."""

    _inherit = "cnas.feuille_soin.ligne"

    @api.model_create_multi
    def create(self, vals_list):
        factures = self._factures_ouvertes([v["feuille_id"] for v in vals_list if v.get("feuille_id")])
        lignes = super().create(vals_list)
        factures._actualiser_montants()
        return lignes

    def write(self, vals):
        ids = self.sudo().feuille_id.ids + ([vals["feuille_id"]] if vals.get("feuille_id") else [])
        factures = self._factures_ouvertes(ids)
        resultat = super().write(vals)
        factures._actualiser_montants()
        return resultat

    def unlink(self):
        factures = self._factures_ouvertes(self.sudo().feuille_id.ids)
        resultat = super().unlink()
        factures._actualiser_montants()
        return resultat

    # ------------------------------------------------------------------ privé
    def _factures_ouvertes(self, feuille_ids):
        """Rend les factures des feuilles ; refuse si l'une est figée."""
        factures = self.env["cnas.feuille_soin"].sudo().browse(feuille_ids)._factures_portees()
        factures._refuser_si_figees()
        return factures
