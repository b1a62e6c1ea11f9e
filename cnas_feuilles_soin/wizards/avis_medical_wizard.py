from odoo import _, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.bilan import bilan


class AvisMedicalWizard(models.TransientModel):
    """Le médecin-conseil rend son avis sur les feuilles choisies."""

    _name = "cnas.avis_medical.wizard"
    _description = "Rendre un avis médical"

    feuille_ids = fields.Many2many("cnas.feuille_soin", string="Feuilles de soins", required=True,
                                   default=lambda self: self.env.context.get("active_ids"))
    avis = fields.Selection([("accord", "Accord"), ("partiel", "Accord partiel"), ("refus", "Refus")],
                            string="Avis", required=True, default="accord")
    motif = fields.Text(string="Motif", required=True)

    ligne_ids = fields.Many2many(
        "cnas.feuille_soin.ligne", string="Lignes refusées", domain="[('feuille_id', 'in', feuille_ids)]",
        help="Un accord partiel dit ce qu'il refuse ; le contrôleur tranche ensuite.")

    def action_confirmer(self):
        """Enregistre l'avis et rend compte.

        :raise UserError: accord partiel qui ne dit pas ce qu'il refuse
        """
        if self.avis == "partiel" and not self.ligne_ids:
            raise UserError(_("Un accord partiel dit quelles lignes il refuse : choisissez-les."))
        self.feuille_ids.action_rendre_avis(self.avis, self.motif, self.ligne_ids.ids if self.avis == "partiel" else None)
        return bilan(_("Avis rendu sur %s feuille(s) : le contrôleur décide.", len(self.feuille_ids)))
