from odoo import fields, models

from odoo.addons.cnas_base.jour import aujourd_hui


class OrdrePaiement(models.Model):
    """L'ordre retient le jour où il fut rendu, et ne se constate pas payé dans un mois clos."""

    _inherit = "cnas.ordre_paiement"
    _champs_geles = ("date_rejet",)

    date_rejet = fields.Date(string="Rendu le", readonly=True, copy=False)

    def _constater_paiement(self, faits):
        self.env["cnas.comptabilite"]._exiger_mois_ouvert({faits[i][0] for i in self.ids})
        return super()._constater_paiement(faits)

    def _noter_rejet(self, motifs):
        self._ecrire({"date_rejet": aujourd_hui()}, suivi=False)
        return super()._noter_rejet(motifs)
