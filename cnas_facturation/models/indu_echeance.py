from odoo import _, api, fields, models
from odoo.exceptions import UserError


class InduEcheance(models.Model):
    """Une échéance de l'échéancier accordé pour un indu : écrite par « Échelonner », remplacée par le suivant."""

    _name = "cnas.indu.echeance"
    _description = "Échéance d'indu"
    _inherit = ["cnas.garde.mixin", "cnas.montant.mixin"]
    _order = "date, id"

    _champs_geles = ("indu_id", "date", "montant")
    _champs_journal = ("indu_id", "date", "montant")

    indu_id = fields.Many2one("cnas.indu", string="Indu", required=True, index=True, ondelete="restrict", readonly=True)
    date = fields.Date(string="Échéance", required=True, readonly=True)
    montant = fields.Monetary(string="Montant", required=True, readonly=True)

    _sql_constraints = [
        ("montant_positif", "CHECK (montant > 0)", "Une échéance porte un montant positif."),
        ("une_par_jour", "UNIQUE (indu_id, date)", "Cet indu a déjà une échéance ce jour-là."),
    ]

    @api.ondelete(at_uninstall=False)
    def _refuser_suppression(self):
        if not self._ouvert(("unlink",)):
            raise UserError(self._phrase_champ_gele("montant"))

    def _phrase_champ_gele(self, champ):
        return _("Un échéancier s'accorde depuis l'indu : « Échelonner » remplace celui-ci.")
