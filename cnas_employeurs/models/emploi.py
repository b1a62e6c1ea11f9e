from datetime import timedelta

from odoo import _, api, fields, models
from odoo.exceptions import UserError


class Emploi(models.Model):
    """Le passage d'un assuré chez un employeur : embauche, sortie. Un employeur à la fois ; l'histoire reste.

    | qui | peut |
    |---|---|
    | agent | embaucher, faire sortir |
    | déclaration validée | embaucher, faire sortir, en lot |
    """

    _name = "cnas.emploi"
    _description = "Emploi"
    _inherit = ["cnas.garde.mixin", "cnas.periode.mixin"]
    _order = "date_debut desc, id desc"

    _champs_journal = ("assure_id", "employeur_id", "date_debut", "date_fin", "motif_sortie")
    _periode_cle = ("assure_id",)
    _periode_message = "Cet assuré a déjà un employeur à ces dates : enregistrez d'abord sa sortie."

    assure_id = fields.Many2one("cnas.assure", string="Salarié", required=True, index=True, ondelete="restrict")
    employeur_id = fields.Many2one("cnas.employeur", string="Employeur", required=True, index=True, ondelete="restrict")
    date_debut = fields.Date(string="Date d'embauche")
    date_fin = fields.Date(string="Date de sortie")
    motif_sortie = fields.Char(string="Motif de sortie")

    @api.depends("assure_id", "employeur_id")
    def _compute_display_name(self):
        for emploi in self:
            lu = emploi.sudo()  # l'employeur lit ses emplois, et l'assuré par eux seuls
            emploi.display_name = f"{lu.assure_id.name} — {lu.employeur_id.raison_sociale}"

    @api.model_create_multi
    def create(self, vals_list):
        emplois = super().create(vals_list)
        radies = emplois.employeur_id.filtered(lambda e: e.state == "radie")
        if radies:
            raise UserError(_("« %s » est radié : il ne peut plus embaucher.", radies[0].raison_sociale))
        return emplois

    def _clore(self, jour, motif):
        """Ferme les emplois au `jour` inclus ; un emploi commencé après est supprimé (il n'a pas eu lieu)."""
        futurs = self.filtered(lambda e: e.date_debut > jour)
        (self - futurs).write({"date_fin": jour, "motif_sortie": motif})
        futurs.unlink()

    @api.model
    def _embaucher(self, employeur, dates):
        """Rattache des assurés à l'employeur, en fermant la veille leur emploi précédent.

        :param dates: {assure_id: date d'embauche}
        """
        en_cours = self.search([("assure_id", "in", list(dates)), ("date_fin", "=", False)])
        deja = en_cours.filtered(lambda e: e.employeur_id == employeur).assure_id
        partants = en_cours.filtered(lambda e: e.assure_id not in deja)
        for jour, emplois in partants.grouped(lambda e: dates[e.assure_id.id]).items():
            emplois._clore(jour - timedelta(days=1), _("Changement d'employeur"))
        return self.create([
            {"assure_id": assure_id, "employeur_id": employeur.id, "date_debut": jour}
            for assure_id, jour in dates.items() if assure_id not in deja._ids
        ])
