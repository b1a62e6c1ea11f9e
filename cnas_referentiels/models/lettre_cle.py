from odoo import api, fields, models

from odoo.addons.cnas_base.jour import aujourd_hui


class LettreCle(models.Model):
    """Lettre-clé de la nomenclature : tarif d'un acte coté = coefficient × valeur datée de la lettre.

    Lecture : tous les rôles et le portail. Écriture : administrateur.
    """

    _name = "cnas.lettre_cle"
    _description = "Lettre-clé"
    _inherit = ["cnas.archivage.mixin", "cnas.montant.mixin", "mail.thread"]
    _order = "code"
    _rec_names_search = ["code", "name"]

    code = fields.Char(string="Lettre-clé", required=True, tracking=True)
    name = fields.Char(string="Signification", required=True, translate=True, tracking=True)
    active = fields.Boolean(string="Actif", default=True, tracking=True)
    config_ids = fields.One2many("cnas.config_lettre_cle", "lettre_cle_id", string="Valeurs datées")
    valeur_jour = fields.Monetary(string="Valeur du jour", compute="_compute_valeurs")
    valeur_prochaine = fields.Monetary(string="Prochaine valeur", compute="_compute_valeurs")
    acte_ids = fields.One2many("cnas.acte", "lettre_cle_id", string="Actes")
    examen_ids = fields.One2many("cnas.examen", "lettre_cle_id", string="Examens")

    _sql_constraints = [("code_unique", "UNIQUE (code)", "Cette lettre-clé existe déjà.")]

    @api.depends("code", "name")
    def _compute_display_name(self):
        for lettre in self:
            lettre.display_name = f"{lettre.code} — {lettre.name}" if lettre.code else lettre.name

    def _compute_valeurs(self):
        jour = aujourd_hui()
        valeurs = self.env["cnas.config_lettre_cle"].search(
            [("lettre_cle_id", "in", self.ids), ("niveau", "=", False),
             "|", ("date_fin", "=", False), ("date_fin", ">=", jour)], order="date_debut")
        for lettre in self:
            siennes = valeurs.filtered(lambda v, li=lettre: v.lettre_cle_id == li._origin)
            lettre.valeur_jour = siennes.filtered(lambda v: v.date_debut <= jour)[:1].montant
            lettre.valeur_prochaine = siennes.filtered(lambda v: v.date_debut > jour)[:1].montant
