from odoo import _, api, fields, models
from odoo.exceptions import AccessError, UserError

ADMINISTRATEUR = "cnas_base.group_administrateur"
ROLES = [
    ("agent", "Agent"), ("controleur", "Contrôleur"), ("superviseur", "Superviseur"), ("administrateur", "Administrateur"),
    ("medecin_conseil", "Médecin-conseil"), ("finance", "Ordonnateur"),
]


class ResUsers(models.Model):
    """Le rôle CNAS d'un usager, et ce que l'administrateur métier peut en faire."""

    _inherit = "res.users"

    agence_ids = fields.Many2many(
        "cnas.agence", "cnas_agence_user_rel", "user_id", "agence_id", string="Agences CNAS")
    role_cnas = fields.Selection(ROLES, string="Rôle", compute="_compute_role_cnas", compute_sudo=True)

    @api.depends("groups_id")
    def _compute_role_cnas(self):
        # Du plus haut au plus bas : un rôle en implique d'autres.
        rangs = [(role, self.env.ref(f"cnas_base.group_{role}"))
                 for role in ("administrateur", "superviseur", "controleur", "agent", "medecin_conseil", "finance")]
        for usager in self:
            usager.role_cnas = next((role for role, groupe in rangs if groupe in usager.groups_id), False)

    def action_regler_usager(self):
        """Ouvre le réglage d'un usager. :return: action de fenêtre"""
        self.ensure_one()
        return {"type": "ir.actions.act_window", "name": _("Usager"), "res_model": "cnas.usager.wizard", "view_mode": "form",
                "target": "new", "context": {"default_usager_id": self.id}}

    def action_inviter_usager(self):
        """Renvoie aux usagers le lien où chacun choisit son mot de passe. :return: True"""
        self._exiger_usager_de_la_caisse()
        self.sudo().with_context(create_user=True).action_reset_password()
        return True

    def action_basculer_usager(self):
        """Désactive des usagers, ou les réactive. :return: True"""
        self._exiger_usager_de_la_caisse()
        for usager in self:
            usager.sudo().active = not usager.active
            usager._journaliser_usager({"active": not usager.active}, {"active": usager.active})
        return True

    # ------------------------------------------------------------------ privé
    @api.model
    def _exiger_administrateur_metier(self):
        if not self.env.user.has_group(ADMINISTRATEUR):
            raise AccessError(_("Seul le rôle %s gère les usagers.", self.env.ref(ADMINISTRATEUR).sudo().name))

    def _exiger_usager_de_la_caisse(self):
        """Refuse soi-même, un compte technique ou un usager du portail."""
        self._exiger_administrateur_metier()
        for usager in self.sudo():
            if usager == self.env.user:
                raise UserError(_("On ne règle pas son propre compte : un autre administrateur le fait."))
            if usager.share or usager._is_superuser() or usager.has_group("base.group_erp_manager"):
                raise UserError(_("« %s » n'est pas un usager de la caisse : ce compte ne se règle pas ici.", usager.name))

    def _donner_role(self, role, valeurs):
        """Donne un seul rôle CNAS, et les agences ; les autres groupes ne bougent pas."""
        avant = {"role": self.role_cnas, "agences": self.sudo().agence_ids.mapped("code")}
        roles = self.env["res.groups"].sudo().union(*(self.env.ref(f"cnas_base.group_{code}") for code, _nom in ROLES))
        self.sudo().write({**valeurs, "groups_id": [
            *((3, groupe.id) for groupe in roles), (4, self.env.ref(f"cnas_base.group_{role}").id)]})
        self._journaliser_usager(avant, {"role": role, "agences": self.sudo().agence_ids.mapped("code")})

    def _journaliser_usager(self, avant, apres):
        self.env["cnas.journal"]._ajouter([
            {"modele": "res.users", "res_id": usager.id, "evenement": "usager", "avant": avant, "apres": apres} for usager in self])
