from odoo import fields, models


class CampagneStrate(models.Model):
    """Une strate d'une campagne, figée au tirage : une tranche de montants d'une formation, son effectif, ce qu'on y a tiré."""

    _name = "cnas.campagne.strate"
    _description = "Strate d'une campagne"
    _inherit = ["cnas.garde.mixin", "cnas.montant.mixin"]
    _order = "campagne_id, formation_id, rang"
    _rec_name = "rang"
    _champs_geles = ("campagne_id", "formation_id", "rang", "borne_min", "borne_max", "effectif", "total", "tires")

    campagne_id = fields.Many2one("cnas.campagne", string="Campagne", required=True, index=True, ondelete="cascade", readonly=True)
    formation_id = fields.Many2one("cnas.formation_sanitaire", string="Formation", required=True, ondelete="restrict", readonly=True)
    rang = fields.Integer(string="Strate", required=True, readonly=True)
    borne_min = fields.Monetary(string="De", readonly=True)
    borne_max = fields.Monetary(string="À", readonly=True)
    effectif = fields.Integer(string="Feuilles", required=True, readonly=True)
    total = fields.Monetary(string="Part CNAS", readonly=True)
    tires = fields.Integer(string="Tirées", required=True, readonly=True)
