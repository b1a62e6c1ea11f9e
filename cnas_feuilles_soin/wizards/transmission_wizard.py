from odoo import _, fields, models

from odoo.addons.cnas_base.bilan import bilan


class TransmissionWizard(models.TransientModel):
    """Transmettre au médecin-conseil : la question posée, et les lignes qu'elle vise."""

    _name = "cnas.transmission.wizard"
    _description = "Transmettre au médecin-conseil"

    feuille_ids = fields.Many2many("cnas.feuille_soin", string="Feuilles de soins", required=True)
    question = fields.Text(string="Question posée", required=True)
    ligne_ids = fields.Many2many(
        "cnas.feuille_soin.ligne", string="Lignes visées", domain="[('feuille_id', 'in', feuille_ids)]",
        help="Vide : toute la feuille.")

    def action_confirmer(self):
        """Transmet et rend compte."""
        self.feuille_ids.action_transmettre_medecin(self.question, self.ligne_ids.ids)
        return bilan(_("%s feuille(s) transmise(s) au médecin-conseil.", len(self.feuille_ids)))
