from odoo import _, fields, models
from odoo.exceptions import UserError

from .feuille_soin.dossier import GROUPES_DOSSIER


class FeuilleSoinPassage(models.Model):
    """Journal d'une feuille : chaque changement d'état, par qui, quand, pourquoi. Ne s'efface ni ne se corrige.

    | qui | peut |
    |---|---|
    | agent, contrôleur, médecin-conseil, superviseur, finance | lire, la finance sans le motif |
    | personne | écrire, supprimer (le code métier ajoute) |
    """

    _name = "cnas.feuille_soin.passage"
    _description = "Passage d'une feuille de soins"
    _inherit = ["cnas.garde.mixin"]
    _cloison_agence = ("feuille_id.agence_id", "feuille_id.bordereau_id.destination_id")
    _cloison_usager = ("feuille_id.controleur_id",)
    _order = "id desc"
    _log_access = False

    feuille_id = fields.Many2one("cnas.feuille_soin", string="Feuille de soins", required=True, index=True,
                                 readonly=True, ondelete="cascade")
    etat_avant = fields.Char(string="De", readonly=True)
    etat_apres = fields.Char(string="À", readonly=True)
    user_id = fields.Many2one("res.users", string="Par", readonly=True)
    date = fields.Datetime(string="Le", readonly=True, index=True)
    motif = fields.Char(string="Motif", readonly=True, groups=GROUPES_DOSSIER)

    def write(self, vals):
        """Toujours refusé : le journal ne se corrige pas."""
        self.check_access_rights("write")
        if self:
            raise UserError(_("Le journal d'une feuille ne se modifie pas."))
        return super().write(vals)
