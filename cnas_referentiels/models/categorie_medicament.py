from odoo import fields, models

from odoo.addons.cnas_base.impression.langue import sql_francais


class CategorieMedicament(models.Model):
    """Classe thérapeutique d'un médicament.

    Lecture : tous les rôles et le portail. Écriture : administrateur.
    """

    _name = "cnas.categorie_medicament"
    _description = "Catégorie de médicament"
    _inherit = ["cnas.archivage.mixin"]
    _order = "name"

    name = fields.Char(string="Catégorie", required=True, translate=True)
    active = fields.Boolean(string="Actif", default=True)
    medicament_ids = fields.One2many("cnas.medicament", "categorie_id", string="Médicaments")
    nombre = fields.Integer(string="Nombre de médicaments", compute="_compute_nombre")

    # le nom se traduit : c'est le français qui n'est qu'à une catégorie
    _sql_constraints = [("nom_unique", f"EXCLUDE USING btree (({sql_francais('name')}) WITH =)", "Cette catégorie existe déjà.")]

    def _compute_nombre(self):
        comptes = dict(self.env["cnas.medicament"]._read_group(
            [("categorie_id", "in", self.ids)], ["categorie_id"], ["__count"]))
        for categorie in self:
            categorie.nombre = comptes.get(categorie, 0)
