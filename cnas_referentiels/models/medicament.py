from odoo import api, fields, models


class Medicament(models.Model):
    """Médicament, désigné par sa dénomination commune (DCI) ou sous un nom de marque.

    `dci` + `dosage` + `forme` font le groupe générique du prix de référence. Le prix s'entend à l'unité de
    délivrance (comprimé, ampoule, flacon). Code ATC : classification du Centre collaborateur de l'OMS.
    Lecture : tous les rôles et le portail. Écriture : administrateur.
    """

    _name = "cnas.medicament"
    _description = "Médicament"
    _inherit = ["cnas.specialisation.mixin"]
    _inherits = {"cnas.prestation": "prestation_id"}
    _order = "code"
    _champs_journal = ("dci", "generique", "forme", "dosage")
    _rec_names_search = ["code", "name", "dci"]

    _type_prestation = "medicament"

    prestation_id = fields.Many2one(
        "cnas.prestation", string="Prestation", required=True, ondelete="cascade", index=True)
    dci = fields.Char(string="DCI", index="trigram", tracking=True, help="Dénomination commune internationale.")
    generique = fields.Boolean(string="Générique", tracking=True)
    forme = fields.Char(string="Forme", tracking=True)
    dosage = fields.Char(string="Dosage", tracking=True)
    code_atc = fields.Char(string="Code ATC", index=True, tracking=True)
    categorie_id = fields.Many2one(
        "cnas.categorie_medicament", string="Catégorisation", index=True, ondelete="restrict", tracking=True)
    config_ids = fields.One2many("cnas.config_medicament", "medicament_id", string="Tarifs datés")
    equivalent_ids = fields.Many2many(
        "cnas.medicament", string="Même DCI, dosage et forme", compute="_compute_equivalent_ids")

    _sql_constraints = [("prestation_unique", "UNIQUE (prestation_id)", "Cette prestation a déjà sa fiche.")]

    @api.depends("dci", "dosage", "forme")
    def _compute_equivalent_ids(self):
        voisins = self.search([("dci", "in", self.mapped("dci")), ("dci", "!=", False)])
        for medicament in self:
            medicament.equivalent_ids = voisins.filtered(
                lambda v, m=medicament: v != m._origin and (v.dci, v.dosage, v.forme) == (m.dci, m.dosage, m.forme))
