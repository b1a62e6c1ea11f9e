from odoo import fields, models


class Examen(models.Model):
    """Examen de la nomenclature, tarifé au forfait ou en cotation.

    Lecture : tous les rôles et le portail. Écriture : administrateur.
    """

    _name = "cnas.examen"
    _description = "Examen"
    _inherit = ["cnas.specialisation.mixin", "cnas.cotation.mixin"]
    _inherits = {"cnas.prestation": "prestation_id"}
    _order = "code"
    _rec_names_search = ["code", "name"]

    _type_prestation = "examen"

    prestation_id = fields.Many2one(
        "cnas.prestation", string="Prestation", required=True, ondelete="cascade", index=True)
    mode_tarif = fields.Selection(tracking=True)
    lettre_cle_id = fields.Many2one(tracking=True)
    coefficient = fields.Float(tracking=True)
    famille = fields.Char(string="Famille", translate=True, tracking=True)
    prelevement = fields.Char(string="Prélèvement", translate=True)
    config_ids = fields.One2many("cnas.config_examen", "examen_id", string="Tarifs datés")

    _sql_constraints = [("prestation_unique", "UNIQUE (prestation_id)", "Cette prestation a déjà sa fiche.")]
