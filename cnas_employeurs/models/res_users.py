from odoo import api, fields, models


class ResUsers(models.Model):
    """Les usagers du portail : les employeurs pour lesquels ils agissent."""

    _inherit = "res.users"

    employeur_ids = fields.Many2many(
        "cnas.employeur", "cnas_employeur_user_rel", "user_id", "employeur_id",
        string="Employeurs", help="Employeurs que cet usager du portail représente.")

    @api.model
    def _champs_representes(self):
        return (*super()._champs_representes(), "employeur_ids")

    @api.model
    def _domaines_identifiant(self, texte):
        """Le matricule d'un employeur désigne son usager, s'il est seul."""
        matricule = self.env["cnas.employeur"]._normaliser_matricule(texte)
        return [*super()._domaines_identifiant(texte), *([[("employeur_ids.matricule", "=", matricule)]] if matricule else [])]
