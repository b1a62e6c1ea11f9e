from odoo import api, models


class Anomalie(models.Model):
    """Les anomalies d'une feuille facturée et validée restent celles du décompte."""

    _inherit = "cnas.anomalie"

    @api.model_create_multi
    def create(self, vals_list):
        self.env["cnas.feuille_soin"].sudo().browse(
            [v["feuille_id"] for v in vals_list if v.get("feuille_id")])._refuser_si_figee()
        return super().create(vals_list)

    def write(self, vals):
        self.sudo().feuille_id._refuser_si_figee()
        return super().write(vals)

    def unlink(self):
        self.sudo().feuille_id._refuser_si_figee()
        return super().unlink()
