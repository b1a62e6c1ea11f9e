from odoo import fields, models

from odoo.addons.cnas_base.impression.langue import sql_francais


class CategoriePathologie(models.Model):
    """Famille de pathologies (chapitre de la CIM-10 ou regroupement de la caisse).

    Lecture : tous les rôles et le portail. Écriture : administrateur.
    """

    _name = "cnas.categorie_pathologie"
    _description = "Catégorie de pathologie"
    _inherit = ["cnas.archivage.mixin"]
    _order = "name"
    _rec_names_search = ["name", "plage"]

    name = fields.Char(string="Catégorie", required=True, translate=True)
    plage = fields.Char(string="Plage CIM-10", help="Codes couverts, par exemple A00-B99.")
    active = fields.Boolean(string="Actif", default=True)
    pathologie_ids = fields.One2many("cnas.pathologie", "categorie_id", string="Pathologies")
    nombre = fields.Integer(string="Nombre de pathologies", compute="_compute_nombre")

    # le nom se traduit : c'est le français qui n'est qu'à une catégorie
    _sql_constraints = [("nom_unique", f"EXCLUDE USING btree (({sql_francais('name')}) WITH =)", "Cette catégorie existe déjà.")]

    def _compute_nombre(self):
        comptes = dict(self.env["cnas.pathologie"]._read_group(
            [("categorie_id", "in", self.ids)], ["categorie_id"], ["__count"]))
        for categorie in self:
            categorie.nombre = comptes.get(categorie, 0)
