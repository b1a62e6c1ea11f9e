from odoo import _, api, fields, models

from odoo.addons.cnas_base.jour import aujourd_hui


class Affectation(models.Model):
    """L'exercice daté d'un praticien dans une formation sanitaire.

    | qui | peut |
    |---|---|
    | agent | créer, modifier |
    | superviseur | supprimer une saisie fausse |
    | la formation (portail) | lire les siennes |
    """

    _name = "cnas.affectation"
    _description = "Affectation d'un praticien"
    _inherit = ["cnas.garde.mixin", "cnas.periode.mixin"]
    _order = "date_debut desc, id desc"

    _champs_journal = ("praticien_id", "formation_id", "fonction", "date_debut", "date_fin")
    _periode_cle = ("praticien_id", "formation_id")
    _periode_message = "Ce praticien est déjà affecté à cette formation sur ces dates."

    praticien_id = fields.Many2one(
        "cnas.praticien", string="Praticien", required=True, index=True, ondelete="cascade")
    formation_id = fields.Many2one(
        "cnas.formation_sanitaire", string="Formation sanitaire", required=True, index=True, ondelete="cascade")
    date_debut = fields.Date(default=lambda self: aujourd_hui())
    fonction = fields.Char(string="Fonction", help="Chef de service, responsable du centre…")
    specialite_id = fields.Many2one(related="praticien_id.specialite_id", string="Spécialité")
    qualification = fields.Selection(related="praticien_id.qualification", string="Qualification")
    numero_ordre = fields.Char(related="praticien_id.numero_ordre", string="N° d'ordre")

    @api.depends("praticien_id", "formation_id")
    def _compute_display_name(self):
        for affectation in self:
            affectation.display_name = _(
                "%(praticien)s — %(formation)s", praticien=affectation.praticien_id.name or "",
                formation=affectation.formation_id.code or "")
