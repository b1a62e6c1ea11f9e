from odoo import _, api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import email_normalize


class InvitationEmployeur(models.TransientModel):
    """Assistant : invite une personne à représenter un employeur sur le portail. Réservé au superviseur."""

    _name = "cnas.invitation_employeur"
    _description = "Invitation d'un employeur"

    employeur_id = fields.Many2one("cnas.employeur", string="Employeur", required=True, readonly=True, ondelete="cascade")
    name = fields.Char(string="Nom complet", required=True)
    email = fields.Char(string="Email", required=True, help="Il servira d'identifiant.")
    lien = fields.Char(string="Lien d'invitation", readonly=True)

    @api.constrains("email")
    def _check_email(self):
        for assistant in self:
            if not email_normalize(assistant.email):
                raise ValidationError(_("L'adresse courriel « %s » n'est pas valable.", assistant.email))

    def action_inviter(self):
        """Crée (ou rattache) l'usager, lui envoie son lien et le montre. :return: l'assistant"""
        self.ensure_one()
        self.employeur_id._exiger("inviter")
        usager = self.employeur_id._inviter_usager(self.name, self.email)
        self.lien = usager._envoyer_une_invitation("cnas_employeurs.courriel_invitation")
        return {"type": "ir.actions.act_window", "name": _("Invitation"), "res_model": self._name, "res_id": self.id,
                "view_mode": "form", "target": "new"}
