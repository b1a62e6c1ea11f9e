from odoo import _, api, fields, models
from odoo.exceptions import UserError


class InduCompensation(models.Model):
    """Part d'un indu retenue sur une facture, écrite par la seule validation de la facture."""

    _name = "cnas.indu.compensation"
    _description = "Compensation d'indu"
    _inherit = ["cnas.garde.mixin", "cnas.montant.mixin"]
    _order = "id"

    _champs_geles = ("indu_id", "facture_id", "montant")
    _champs_journal = ("indu_id", "facture_id", "montant")

    indu_id = fields.Many2one("cnas.indu", string="Indu", required=True, index=True, ondelete="restrict")
    facture_id = fields.Many2one("cnas.facture", string="Facture", required=True, index=True, ondelete="restrict")
    montant = fields.Monetary(string="Montant", required=True)

    _sql_constraints = [
        ("montant_positif", "CHECK (montant > 0)", "Une compensation porte un montant positif."),
        ("une_par_facture", "UNIQUE (indu_id, facture_id)", "Cet indu est déjà compensé sur cette facture."),
    ]

    @api.ondelete(at_uninstall=False)
    def _refuser_suppression(self):
        if not self._ouvert(("unlink",)):
            raise UserError(self._phrase_champ_gele("montant"))

    def _phrase_champ_gele(self, champ):
        return _("Les compensations viennent de la validation des factures.")
