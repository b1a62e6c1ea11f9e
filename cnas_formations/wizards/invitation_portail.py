from odoo import _, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import email_normalize


class InvitationPortail(models.TransientModel):
    """Assistant : invite une ou plusieurs personnes à représenter une formation sur le portail.

    Chaque personne reçoit un courriel pour choisir son mot de passe ; le lien reste affiché pour
    qui n'a pas de courriel fiable. Réservé au superviseur.
    """

    _name = "cnas.invitation_portail"
    _description = "Invitation sur le portail"

    formation_id = fields.Many2one(
        "cnas.formation_sanitaire", string="Formation sanitaire", required=True, readonly=True, ondelete="cascade")
    ligne_ids = fields.One2many("cnas.invitation_portail.ligne", "invitation_id", string="Personnes")
    envoyee = fields.Boolean(string="Envoyée", readonly=True)

    def action_inviter(self):
        """Crée (ou rattache) les usagers, prépare leurs liens et envoie les courriels.

        :return: l'action qui montre les liens
        :raise UserError: personne à inviter, ou courriel d'un usager interne
        """
        self.ensure_one()
        self.formation_id._exiger("inviter")
        if not self.ligne_ids:
            raise UserError(_("Ajoutez au moins une personne à inviter."))
        for ligne in self.ligne_ids:
            usager = self.formation_id._inviter_usager(ligne.name, ligne.email)
            ligne.lien = usager._envoyer_une_invitation("cnas_formations.courriel_invitation")
        self.envoyee = True
        return {
            "type": "ir.actions.act_window", "name": _("Invitations"), "res_model": self._name,
            "res_id": self.id, "view_mode": "form", "target": "new",
        }


class InvitationPortailLigne(models.TransientModel):
    """Une personne à inviter."""

    _name = "cnas.invitation_portail.ligne"
    _description = "Personne à inviter sur le portail"

    invitation_id = fields.Many2one("cnas.invitation_portail", required=True, ondelete="cascade")
    name = fields.Char(string="Nom complet", required=True)
    email = fields.Char(string="Email", required=True, help="Il servira d'identifiant.")
    lien = fields.Char(string="Lien d'invitation", readonly=True)

    @api.constrains("email")
    def _check_email(self):
        for ligne in self:
            if not email_normalize(ligne.email):
                raise ValidationError(_("L'adresse courriel « %s » n'est pas valable.", ligne.email))
