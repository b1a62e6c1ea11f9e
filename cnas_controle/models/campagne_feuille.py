from odoo import api, fields, models


class CampagneFeuille(models.Model):
    """Une feuille tirée : sa strate et ce que la caisse y a pris en charge le jour du tirage. Elle ne change ni ne s'ajoute plus."""

    _name = "cnas.campagne.feuille"
    _description = "Feuille d'un échantillon"
    _inherit = ["cnas.garde.mixin", "cnas.montant.mixin"]
    _order = "campagne_id, id"
    _rec_name = "feuille_id"
    _champs_geles = ("campagne_id", "strate_id", "feuille_id", "montant_cnas")

    campagne_id = fields.Many2one("cnas.campagne", string="Campagne", required=True, index=True, ondelete="cascade", readonly=True)
    strate_id = fields.Many2one("cnas.campagne.strate", string="Strate", required=True, index=True, ondelete="cascade", readonly=True)
    feuille_id = fields.Many2one("cnas.feuille_soin", string="Feuille", required=True, index=True, ondelete="restrict", readonly=True)
    montant_cnas = fields.Monetary(string="Part CNAS", readonly=True)
    ligne_ids = fields.One2many("cnas.campagne.ligne", "unite_id", string="Lignes", readonly=True)
    trop_paye = fields.Monetary(string="Trop payé", compute="_compute_trop_paye")

    _sql_constraints = [("feuille_unique", "UNIQUE (campagne_id, feuille_id)", "Cette feuille est déjà dans l'échantillon.")]

    @api.depends("ligne_ids.trop_paye")
    def _compute_trop_paye(self):
        for unite in self:
            unite.trop_paye = sum(unite.ligne_ids.mapped("trop_paye"))
