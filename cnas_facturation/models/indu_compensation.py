from odoo import _, api, fields, models
from odoo.exceptions import UserError


class InduCompensation(models.Model):
    """Part d'un indu retenue sur une facture, écrite par la seule validation de la facture."""

    _name = "cnas.indu.compensation"
    _description = "Compensation d'indu"
    _inherit = ["cnas.etat.mixin", "cnas.montant.mixin"]
    _order = "id"

    indu_id = fields.Many2one("cnas.indu", string="Indu", required=True, index=True, ondelete="restrict")
    facture_id = fields.Many2one("cnas.facture", string="Facture", required=True, index=True, ondelete="restrict")
    montant = fields.Monetary(string="Montant", required=True)

    _sql_constraints = [
        ("montant_positif", "CHECK (montant > 0)", "Une compensation porte un montant positif."),
        ("une_par_facture", "UNIQUE (indu_id, facture_id)", "Cet indu est déjà compensé sur cette facture."),
    ]

    @api.model_create_multi
    def create(self, vals_list):
        self._refuser_main()
        return super().create(vals_list)

    def write(self, vals):
        self._refuser_main()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _refuser_suppression(self):
        self._refuser_main()

    def _refuser_main(self):
        if not self._verrou_ouvert():
            raise UserError(_("Les compensations viennent de la validation des factures."))
