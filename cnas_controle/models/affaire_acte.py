from odoo import _, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.jour import aujourd_hui


class AffaireActe(models.Model):
    """Un acte d'une affaire : mesure conservatoire, audition, constatation, pièce versée ; daté, signé de qui l'écrit.

    Il s'ajoute tant que l'affaire n'est pas close, et ne se change ni ne s'efface plus. Qui lit l'affaire le lit.
    """

    _name = "cnas.affaire.acte"
    _description = "Acte d'une affaire"
    _inherit = ["cnas.garde.mixin"]
    _order = "date desc, id desc"
    _rec_name = "objet"
    _champs_journal = ("affaire_id", "nature", "date")

    affaire_id = fields.Many2one("cnas.affaire", string="Affaire", required=True, index=True, ondelete="cascade")
    nature = fields.Selection(
        [("constatation", "Constatation"), ("mesure", "Mesure conservatoire"), ("audition", "Audition"), ("piece", "Pièce versée"), ("courrier", "Courrier")],
        string="Nature", required=True, default="constatation")
    date = fields.Date(string="Date", required=True, default=lambda self: aujourd_hui())
    objet = fields.Char(string="Objet", required=True)
    personne = fields.Char(string="Personne entendue")
    compte_rendu = fields.Text(string="Compte rendu")
    piece = fields.Binary(string="Pièce", attachment=True)
    piece_nom = fields.Char(string="Nom de la pièce")

    @api.constrains("date")
    def _check_date(self):
        if any(acte.date > aujourd_hui() for acte in self):
            raise UserError(_("Un acte se note une fois fait : sa date ne peut pas être future."))

    @api.constrains("nature", "personne")
    def _check_personne(self):
        if any(acte.nature == "audition" and not acte.personne for acte in self):
            raise UserError(_("Dites qui a été entendu, ou qui a refusé de l'être."))

    @api.model_create_multi
    def create(self, vals_list):
        actes = super().create(vals_list)
        if "close" in actes.affaire_id.mapped("state"):
            raise UserError(_("L'affaire est close : rouvrez-la avec un motif avant d'y ajouter un acte."))
        return actes

    def write(self, vals):
        if vals and not self._ouvert(vals.keys()):
            raise UserError(_("Un acte ne se récrit pas : ajoutez-en un autre qui le corrige."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _refuser_suppression(self):
        raise UserError(_("Un acte ne s'efface pas : ajoutez-en un autre qui le corrige."))
