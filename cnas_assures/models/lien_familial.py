from odoo import _, api, fields, models
from odoo.exceptions import UserError

from .assure.dossier import LIENS


class LienFamilial(models.Model):
    """Le lien daté entre un membre et l'assuré principal de sa famille : l'histoire de la famille.

    Une personne n'a qu'un lien à la fois (contrainte d'exclusion en base). Le lien courant est
    repris sur l'assuré (`assure_principal_id`, `lien`) ; cette table dit ce qu'il en était à
    n'importe quelle date, pour liquider des soins passés.

    | qui | peut |
    |---|---|
    | tous les rôles internes | lire |
    | personne | écrire directement : les liens naissent et finissent par les actions de l'assuré |
    """

    _name = "cnas.lien_familial"
    _description = "Lien familial"
    _inherit = ["cnas.garde.mixin", "cnas.periode.mixin"]
    _order = "date_debut desc, id desc"
    _champs_journal = ("membre_id", "principal_id", "lien", "date_debut", "date_fin")

    _champs_geles = ("membre_id", "principal_id", "lien", "date_debut", "date_fin", "motif_fin")
    _periode_cle = ("membre_id",)
    _periode_message = "Cette personne est déjà rattachée à une famille à ces dates."

    membre_id = fields.Many2one(
        comodel_name="cnas.assure", string="Membre", required=True, index=True, ondelete="cascade")
    principal_id = fields.Many2one(
        comodel_name="cnas.assure", string="Assuré principal", required=True, index=True, ondelete="restrict")
    lien = fields.Selection(selection=LIENS, string="Lien", required=True)
    motif_fin = fields.Char(string="Motif de fin")

    _sql_constraints = [
        ("deux_personnes", "CHECK (membre_id <> principal_id)", "Une personne n'est pas son propre ayant droit."),
    ]

    @api.depends("membre_id.name", "principal_id.name", "lien")
    @api.depends_context("lang")
    def _compute_display_name(self):
        libelles = dict(self._fields["lien"]._description_selection(self.env))
        for lien in self:
            lien.display_name = _(
                "%(membre)s, %(lien)s de %(principal)s", membre=lien.membre_id.name,
                lien=libelles.get(lien.lien, "").lower(), principal=lien.principal_id.name)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_metier(self):
        if not self._ouvert(("unlink",)):
            raise UserError(self._phrase_champ_gele("lien"))

    def _phrase_champ_gele(self, champ):
        return _("Un lien familial ne s'écrit pas directement : passez par « Rattacher », "
                 "« Sortie de famille » ou « Changer de principal » sur l'assuré.")
