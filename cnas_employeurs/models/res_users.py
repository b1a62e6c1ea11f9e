from odoo import _, api, fields, models
from odoo.exceptions import ValidationError


class ResUsers(models.Model):
    """Les usagers du portail : les employeurs pour lesquels ils agissent."""

    _inherit = "res.users"

    employeur_ids = fields.Many2many(
        "cnas.employeur", "cnas_employeur_user_rel", "user_id", "employeur_id",
        string="Employeurs", help="Employeurs que cet usager du portail représente.")

    @property
    def SELF_READABLE_FIELDS(self):
        return [*super().SELF_READABLE_FIELDS, "employeur_ids"]

    def _get_invalidation_fields(self):
        # Les règles d'enregistrement du portail dépendent de ce champ : le retrait doit être immédiat.
        return super()._get_invalidation_fields() | {"employeur_ids"}

    @api.model
    def _domaines_identifiant(self, texte):
        """Le matricule d'un employeur désigne son usager, s'il est seul."""
        matricule = self.env["cnas.employeur"]._normaliser_matricule(texte)
        return [*super()._domaines_identifiant(texte), *([[("employeur_ids.matricule", "=", matricule)]] if matricule else [])]

    def _represente(self):
        return bool(self.employeur_ids) or super()._represente()

    @api.constrains("employeur_ids", "groups_id")
    def _check_employeur_ids(self):
        for user in self:
            if user.employeur_ids and not user.share:
                raise ValidationError(_(
                    "« %s » est un usager interne : seul un usager du portail représente un employeur.", user.name))
