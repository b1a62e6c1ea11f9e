from odoo import fields, models


class CategorieJuridique(models.Model):
    """Forme juridique d'un employeur (SA, SARL, établissement public, association…).

    | qui | peut |
    |---|---|
    | tous les agents | lire |
    | administrateur | modifier |
    """

    _name = "cnas.categorie_juridique"
    _description = "Catégorie juridique"
    _inherit = ["cnas.garde.mixin"]
    _order = "name"
    _rec_names_search = ["name", "code"]

    code = fields.Char(string="Code", required=True)
    name = fields.Char(string="Catégorie juridique", required=True, translate=True)
    active = fields.Boolean(string="Active", default=True)

    _sql_constraints = [("code_unique", "UNIQUE (code)", "Ce code de catégorie juridique existe déjà.")]
