from odoo import _, api, fields, models
from odoo.exceptions import ValidationError


class ResUsers(models.Model):
    """Usagers du portail : les formations sanitaires pour lesquelles ils agissent."""

    _inherit = "res.users"

    formation_ids = fields.Many2many(
        "cnas.formation_sanitaire", "cnas_formation_user_rel", "user_id", "formation_id",
        string="Formations sanitaires", help="Formations que cet usager du portail représente.")

    @property
    def SELF_READABLE_FIELDS(self):
        return [*super().SELF_READABLE_FIELDS, "formation_ids"]

    def _get_invalidation_fields(self):
        # Les règles d'enregistrement du portail dépendent de ce champ : le retrait doit être immédiat.
        return super()._get_invalidation_fields() | {"formation_ids"}

    @api.model
    def _domaines_identifiant(self, texte):
        """Le code d'une formation désigne son usager, s'il est seul."""
        return [*super()._domaines_identifiant(texte), [("formation_ids.code", "in", [texte, texte.upper()])]]

    def _represente(self):
        return bool(self.formation_ids) or super()._represente()

    @api.constrains("formation_ids", "groups_id")
    def _check_formation_ids(self):
        for user in self:
            if user.formation_ids and not user.share:
                raise ValidationError(_(
                    "« %s » est un usager interne : seul un usager du portail représente une formation.", user.name))

    def action_retirer_portail(self):
        """Retire ces usagers de la formation ouverte à l'écran (contexte `formation_id`).

        :return: True
        """
        formation = self.env["cnas.formation_sanitaire"].browse(self.env.context.get("formation_id")).exists()
        return formation.action_retirer_usagers(self.ids)
