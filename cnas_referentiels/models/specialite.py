from odoo import fields, models


class Specialite(models.Model):
    """Spécialité médicale ou paramédicale (36 livrées).

    Lecture : tous les rôles et le portail. Écriture : administrateur.
    """

    _name = "cnas.specialite"
    _description = "Spécialité"
    _inherit = ["cnas.archivage.mixin"]
    _order = "name"
    _rec_names_search = ["code", "name"]

    code = fields.Char(string="Code", required=True)
    name = fields.Char(string="Spécialité", required=True, translate=True, index="trigram")
    active = fields.Boolean(string="Actif", default=True)

    _sql_constraints = [("code_unique", "UNIQUE (code)", "Ce code de spécialité existe déjà.")]
