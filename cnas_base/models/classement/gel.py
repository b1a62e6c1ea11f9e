from odoo import _, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools.translate import _lt

from ...garde import Action, actions, transition
from ...jour import aujourd_hui

SUPERVISEUR = "cnas_base.group_superviseur"


@actions
class Gel(models.Model):
    """Un gel juridique : tant que l'affaire dure, rien de ces dossiers ne se détruit, ni ce qui y entre ensuite.

    États : en cours → levé. Qui peut quoi : la table `_actions` ; un superviseur ouvre un gel, personne ne l'efface.
    """

    _name = "cnas.gel"
    _description = "Gel juridique"
    _inherit = ["cnas.etat.mixin", "cnas.proprietaire.mixin", "mail.thread"]
    _order = "state, id desc"
    _proprietaire_fixe = True

    _etat_initial = "en_cours"
    _actions = {
        "lever": Action(titre=_lt("Lever le gel"), de=("en_cours",), vers=("leve",), roles=(SUPERVISEUR,), motif=True),
    }
    _champs_geles = ("date_debut", "date_levee", "levee_par_id", "motif_levee")
    _champs_journal = ("name", "motif")

    name = fields.Char(string="Affaire", required=True, tracking=True, help="Le numéro du parquet, du recours, de l'inspection…")
    motif = fields.Text(string="Pourquoi", required=True)
    date_debut = fields.Date(string="Depuis le", required=True, readonly=True, default=lambda self: aujourd_hui())
    courrier_id = fields.Many2one("cnas.courrier", string="Courrier", ondelete="restrict", index="btree_not_null")
    document_id = fields.Many2one("cnas.document", string="Document", ondelete="restrict", index="btree_not_null")
    state = fields.Selection([("en_cours", "En cours"), ("leve", "Levé")], string="État", default="en_cours", required=True,
                             readonly=True, copy=False, tracking=True)
    date_levee = fields.Date(string="Levé le", readonly=True, copy=False)
    levee_par_id = fields.Many2one("res.users", string="Levé par", readonly=True, copy=False)
    motif_levee = fields.Text(string="Motif de la levée", readonly=True, copy=False)

    @api.model
    def _champs_proprietaires(self):
        return [*super()._champs_proprietaires(), "courrier_id", "document_id"]

    @api.constrains(lambda self: ("name", *self._champs_proprietaires()))
    def _check_proprietaire(self):
        if any(not any(gel[champ] for champ in self._champs_proprietaires()) for gel in self):
            raise ValidationError(_("Dites quel dossier ce gel protège."))

    @api.model_create_multi
    def create(self, vals_list):
        gels = super().create(vals_list)
        # Une destruction qui s'exécute au même instant écrit la même fiche : Odoo rejoue le second, qui voit le premier.
        self.env.cr.execute("UPDATE cnas_destruction SET write_date = write_date WHERE state = 'propose'")
        return gels

    @api.ondelete(at_uninstall=False)
    def _unlink_jamais(self):
        raise UserError(_("Un gel ne se supprime pas : levez-le, avec un motif."))

    @transition("lever")
    def action_lever(self, motif=None):
        """Lève le gel : les durées de conservation s'appliquent de nouveau. Rend True, ou l'assistant de motif."""
        self._changer_etat("leve", date_levee=aujourd_hui(), levee_par_id=self.env.uid, motif_levee=motif)
