from odoo import _, fields, models
from odoo.exceptions import UserError

from ..jour import aujourd_hui


class ParametreWizard(models.TransientModel):
    """« Changer à partir du… » : un administrateur demande la valeur suivante d'un paramètre, un superviseur l'accepte."""

    _name = "cnas.parametre.wizard"
    _description = "Changer un paramètre à partir d'un jour"

    parametre_id = fields.Many2one("cnas.parametre", string="Paramètre", required=True, ondelete="cascade")
    actuelle = fields.Char(related="parametre_id.valeur", string="Valeur actuelle")
    unite = fields.Char(related="parametre_id.unite")
    valeur = fields.Char(string="Nouvelle valeur", required=True)
    date = fields.Date(string="À partir du", required=True, default=lambda self: aujourd_hui())
    source = fields.Char(string="Source", required=True, help="Le texte ou la décision qui fixe la nouvelle valeur.")

    def action_appliquer(self):
        """Demande la nouvelle valeur : acceptée, elle clôt la valeur en cours le jour dit et ouvre la suivante.

        :return: la fiche de la demande
        :raise UserError: jour passé, valeur qui ne convient pas
        """
        self.ensure_one()
        if self.date < aujourd_hui():
            raise UserError(_("Un paramètre change à partir d'aujourd'hui ou d'un jour à venir, jamais dans le passé."))
        demande = self.parametre_id.demander_changement(
            {"valeur": self.valeur, "source": self.source}, self.source, self.date)
        return {"type": "ir.actions.act_window", "res_model": "cnas.changement", "res_id": demande, "view_mode": "form"}
