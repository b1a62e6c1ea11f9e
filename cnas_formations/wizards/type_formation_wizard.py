from odoo import _, fields, models

from odoo.addons.cnas_base.jour import aujourd_hui

from ..models.formation_sanitaire.fiche import TYPES_FORMATION


class TypeFormationWizard(models.TransientModel):
    """« Demander un autre type » : demande, pour une formation, un type à compter d'un jour. Une autre personne l'accepte."""

    _name = "cnas.type_formation.wizard"
    _description = "Demander un autre type"

    formation_id = fields.Many2one(
        "cnas.formation_sanitaire", string="Formation sanitaire", required=True, readonly=True, ondelete="cascade")
    actuel = fields.Selection(related="formation_id.type_formation", string="Type actuel")
    type_formation = fields.Selection(TYPES_FORMATION, string="Type demandé", required=True)
    date = fields.Date(string="À partir du", required=True, default=lambda self: aujourd_hui(),
                       help="Les soins donnés avant gardent leurs tarifs.")
    motif = fields.Char(string="Motif", required=True)

    def action_demander(self):
        """Fait la demande. :return: la fiche de la demande"""
        self.ensure_one()
        demande = self.formation_id.action_changer_type(self.type_formation, self.motif, self.date)
        return {"type": "ir.actions.act_window", "name": _("Demande de changement"), "res_model": "cnas.changement",
                "res_id": demande, "view_mode": "form"}
