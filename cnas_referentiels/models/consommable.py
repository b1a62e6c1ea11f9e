from odoo import fields, models


class Consommable(models.Model):
    """Consommable médical, tarifé à l'unité de délivrance.

    Lecture : tous les rôles et le portail. Écriture : administrateur.
    """

    _name = "cnas.consommable"
    _description = "Consommable"
    _inherit = ["cnas.specialisation.mixin"]
    _inherits = {"cnas.prestation": "prestation_id"}
    _order = "code"
    _rec_names_search = ["code", "name"]

    _type_prestation = "consommable"

    prestation_id = fields.Many2one(
        "cnas.prestation", string="Prestation", required=True, ondelete="cascade", index=True)
    unite = fields.Char(string="Unité", translate=True, tracking=True, help="Unité de délivrance : unité, paire, flacon…")
    famille = fields.Char(string="Famille", translate=True, tracking=True)
    config_ids = fields.One2many("cnas.config_consommable", "consommable_id", string="Tarifs datés")

    _sql_constraints = [("prestation_unique", "UNIQUE (prestation_id)", "Cette prestation a déjà sa fiche.")]
