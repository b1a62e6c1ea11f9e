from odoo import api, fields, models


class Agence(models.Model):
    """Une agence de la CNAS : elle reçoit, numérote et transmet les dossiers.

    | qui | peut |
    |---|---|
    | tous les agents | lire |
    | administrateur | créer, affecter les agents |
    """

    _name = "cnas.agence"
    _description = "Agence"
    _inherit = ["cnas.garde.mixin"]
    _order = "code"
    _rec_names_search = ["code", "name"]
    _champs_journal = ("code", "user_ids", "siege", "active")

    code = fields.Char(string="Code", required=True, help="Court et stable : il entre dans le numéro des dossiers.")
    name = fields.Char(string="Agence", required=True, translate=True)
    province_id = fields.Many2one("cnas.province", string="Province", ondelete="restrict")
    user_ids = fields.Many2many("res.users", "cnas_agence_user_rel", "agence_id", "user_id", string="Agents")
    siege = fields.Boolean(string="Siège", help="Le siège reçoit les dossiers des agences.")
    active = fields.Boolean(string="Active", default=True)

    _sql_constraints = [
        ("code_unique", "UNIQUE (code)", "Ce code d'agence existe déjà."),
        ("code_forme", "CHECK (code ~ '^[A-Z0-9-]{2,12}$')",
         "Le code d'une agence : 2 à 12 majuscules, chiffres ou tirets."),
    ]

    @api.depends("code", "name")
    def _compute_display_name(self):
        for agence in self:
            agence.display_name = f"{agence.name} ({agence.code})" if agence.code else agence.name

    @api.model
    def _de_l_usager(self):
        """Rend l'agence de l'usager courant, le siège à défaut."""
        return (self.env.user.agence_ids.filtered("active")[:1]
                or self.sudo().search([("siege", "=", True)], limit=1)
                or self.sudo().search([], limit=1))
