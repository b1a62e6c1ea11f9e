from odoo import api, fields, models


class ResUsers(models.Model):
    """Usagers du portail : les formations sanitaires pour lesquelles ils agissent."""

    _inherit = "res.users"

    formation_ids = fields.Many2many(
        "cnas.formation_sanitaire", "cnas_formation_user_rel", "user_id", "formation_id",
        string="Formations sanitaires", help="Formations que cet usager du portail représente.")

    @api.model
    def _champs_representes(self):
        return (*super()._champs_representes(), "formation_ids")

    @api.model
    def _domaines_identifiant(self, texte):
        """Le code d'une formation désigne son usager, s'il est seul."""
        return [*super()._domaines_identifiant(texte), [("formation_ids.code", "in", [texte, texte.upper()])]]

    def action_retirer_portail(self):
        """Retire ces usagers de la formation ouverte à l'écran (contexte `formation_id`).

        :return: True
        """
        formation = self.env["cnas.formation_sanitaire"].browse(self.env.context.get("formation_id")).exists()
        return formation.action_retirer_usagers(self.ids)
