from odoo import Command, _, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.garde import transition


class FormationSanitaire(models.Model):
    """Usagers du portail d'une formation : invités depuis sa fiche, retirés aussitôt."""

    _inherit = "cnas.formation_sanitaire"

    # ------------------------------------------------------------------ actions
    @transition("retirer_usagers")
    def action_retirer_usagers(self, user_ids=()):
        """Retire des usagers du portail : leur accès à la formation cesse à la requête suivante.

        Un usager qui ne représente plus aucune formation est archivé : ses sessions tombent.

        :param user_ids: identifiants de `res.users`
        :return: True
        :raise UserError: si l'un d'eux n'est pas un usager de la formation
        """
        demandes = {i for i in user_ids if isinstance(i, int)} if isinstance(user_ids, (list, tuple)) else set()
        usagers = self.sudo().user_ids.filtered(lambda u: u.id in demandes)
        if not usagers or len(usagers) != len(demandes):
            raise UserError(_("Cet usager ne représente pas « %s ».", self.display_name))
        self.sudo()._ecrire({"user_ids": [Command.unlink(u.id) for u in usagers]})
        usagers.invalidate_recordset(["formation_ids"])
        usagers.filtered(lambda u: not u.formation_ids).write({"active": False})
        self.message_post(body=_("Accès au portail retiré : %s.", ", ".join(usagers.mapped("name"))))

    # ------------------------------------------------------------------ métier
    def _inviter_usager(self, nom, courriel):
        """Rend l'usager du portail de ce courriel, créé, réactivé ou rattaché à la formation.

        :raise UserError: si le courriel est celui d'un usager interne
        """
        self.ensure_one()
        usager = self.env["res.users"]._inviter_au_portail(
            nom, courriel, "cnas_base.group_portail_formation", self.partner_id)
        self.sudo()._ecrire({"user_ids": [Command.link(usager.id)]})
        usager.invalidate_recordset(["formation_ids"])
        self.message_post(body=_("Invitation sur le portail : %(nom)s (%(courriel)s).", nom=nom, courriel=usager.login))
        return usager
