from odoo import fields, models


class AffectationWizard(models.TransientModel):
    """Le superviseur affecte les dossiers choisis à quelqu'un, ou au moins chargé."""

    _name = "cnas.affectation.wizard"
    _description = "Affecter des dossiers"

    feuille_ids = fields.Many2many("cnas.feuille_soin", string="Feuilles de soins", required=True,
                                   default=lambda self: self.env.context.get("active_ids"))
    controleur_id = fields.Many2one(
        "res.users", string="Contrôleur", help="Vide : au moins chargé de ceux qui traitent la nature du dossier.",
        domain=lambda self: [("groups_id", "in", self.env.ref("cnas_base.group_controleur").id)])

    def action_confirmer(self):
        """Affecte."""
        self.feuille_ids.action_affecter(self.controleur_id.id)
        return {"type": "ir.actions.act_window_close"}
