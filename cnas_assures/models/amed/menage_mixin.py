from odoo import api, fields, models

from odoo.addons.cnas_base.lecture import sans_accent

DECISIONS = [("eligible", "Éligible"), ("non_eligible", "Non éligible")]


class MenageMixin(models.AbstractModel):
    """Un ménage du registre social unifié (RSU), reconnu par son district, son village et son numéro : jamais par le numéro seul."""

    _name = "cnas.menage_rsu.mixin"
    _description = "Ménage du registre social"

    numero_menage = fields.Char(string="Ménage RSU", required=True, index=True)
    district_id = fields.Many2one(
        comodel_name="cnas.district", string="District", required=True, index=True, ondelete="restrict")
    village = fields.Char(string="Village ou quartier", required=True)
    chef = fields.Char(string="Chef de ménage")
    nni = fields.Char(string="NNI du chef")
    score = fields.Float(string="Score RSU", group_operator="avg")
    personnes = fields.Integer(string="Personnes", help="Personnes du ménage, selon le registre social.")
    assure_id = fields.Many2one(
        comodel_name="cnas.assure", string="Assuré principal", index="btree_not_null", ondelete="restrict",
        help="Le dossier du chef de ménage à la caisse, une fois reconnu.")
    cle_menage = fields.Char(string="Clé du ménage", compute="_compute_cle_menage", store=True, precompute=True, index=True)

    @api.depends("numero_menage", "district_id", "village")
    def _compute_cle_menage(self):
        for menage in self:
            menage.cle_menage = self._cle(menage.district_id.id, menage.village, menage.numero_menage)

    @api.model
    def _cle(self, district_id, village, numero):
        """Rend ce qui reconnaît un ménage d'une liste à l'autre."""
        return f"{district_id or 0}|{sans_accent(village)}|{sans_accent(numero)}"
