from odoo import _, api, fields, models
from odoo.exceptions import UserError

from ..impression.langue import FRANCAIS
from ..models.res_users import ROLES


class UsagerWizard(models.TransientModel):
    """Configuration → Usagers : l'administrateur métier crée, règle, invite ou désactive un usager de la caisse.

    Il ne touche ni à lui-même (il ne s'élève pas), ni à un compte technique (`base.group_erp_manager`,
    `base.group_system`), ni à un autre groupe que le rôle CNAS. Chaque geste est au journal.
    """

    _name = "cnas.usager.wizard"
    _description = "Usager de la caisse"

    usager_id = fields.Many2one("res.users", string="Usager", readonly=True, ondelete="cascade")
    name = fields.Char(string="Nom", required=True)
    login = fields.Char(string="Courriel", required=True, help="Sert d'identifiant et reçoit l'invitation.")
    role = fields.Selection(ROLES, string="Rôle", required=True, default="agent")
    agence_ids = fields.Many2many("cnas.agence", string="Agences")

    @api.model
    def default_get(self, fields_list):
        """Reprend l'usager choisi dans la liste."""
        valeurs = super().default_get(fields_list)
        usager = self.env["res.users"].browse(valeurs.get("usager_id") or self.env.context.get("default_usager_id"))
        if usager:
            valeurs.update(name=usager.name, login=usager.login, role=usager.role_cnas, agence_ids=[(6, 0, usager.agence_ids.ids)])
        return valeurs

    def action_enregistrer(self):
        """Crée l'usager et l'invite, ou change son nom, son rôle et ses agences.

        :return: fermeture de l'assistant
        :raise AccessError: l'appelant n'est pas administrateur
        :raise UserError: lui-même, un compte technique, un identifiant déjà pris
        """
        self.ensure_one()
        usagers = self.env["res.users"]
        usagers._exiger_administrateur_metier()
        valeurs = {"name": self.name.strip(), "agence_ids": [(6, 0, self.agence_ids.ids)]}
        if self.usager_id:
            self.usager_id._exiger_usager_de_la_caisse()
            self.usager_id._donner_role(self.role, valeurs)
        else:
            if usagers.sudo().with_context(active_test=False).search_count([("login", "=", self.login.strip())]):
                raise UserError(_("L'identifiant « %s » est déjà pris.", self.login))
            # Un contexte neuf : un défaut de l'appelant rattacherait le compte au contact d'un autre.
            usager = usagers.sudo().with_context({"no_reset_password": True}).create({
                "partner_id": False, "name": self.name.strip(), "login": self.login.strip(), "email": self.login.strip(), "lang": FRANCAIS,
                "tz": "Africa/Ndjamena", "groups_id": [(6, 0, self.env.ref("base.group_user").ids)]})
            usager.with_user(self.env.user)._donner_role(self.role, valeurs)
            return self._inviter(usager)
        return {"type": "ir.actions.act_window_close"}

    def _inviter(self, usager):
        """Un serveur de courriel muet n'empêche pas le compte : l'invitation se renvoie d'un geste.

        :return: fermeture de l'assistant, ou ce qui reste à faire
        """
        fermer = {"type": "ir.actions.act_window_close"}
        try:
            with self.env.cr.savepoint():
                usager.with_context(create_user=True).action_reset_password()
        except UserError as erreur:
            return {"type": "ir.actions.client", "tag": "display_notification", "params": {
                "type": "warning", "sticky": True, "next": fermer,
                "title": _("Compte créé, invitation non envoyée"),
                "message": _("%(cause)s Réglez l'envoi des courriels, puis choisissez « Inviter » sur le compte de %(nom)s.",
                             cause=erreur, nom=usager.name)}}
        return fermer
