from odoo import Command, _, models
from odoo.exceptions import UserError
from odoo.tools import email_normalize

from odoo.addons.cnas_base.garde import transition

USAGERS_MAX = 30


class FormationSanitaire(models.Model):
    """Usagers du portail d'une formation : invités depuis sa fiche, retirés aussitôt."""

    _inherit = "cnas.formation_sanitaire"

    # ------------------------------------------------------------------ actions
    @transition("retirer_usagers")
    def action_retirer_usagers(self, user_ids=()):
        """Retire des usagers du portail : leur accès à la formation cesse à la requête suivante.

        Un usager qui ne représente plus personne est archivé : ses sessions tombent.

        :param user_ids: identifiants de `res.users`
        :return: True
        :raise UserError: si l'un d'eux n'est pas un usager de la formation
        """
        demandes = {i for i in user_ids if isinstance(i, int)} if isinstance(user_ids, (list, tuple)) else set()
        usagers = self.sudo().user_ids.filtered(lambda u: u.id in demandes)
        if not usagers or len(usagers) != len(demandes):
            raise UserError(_("Cet usager ne représente pas « %s ».", self.display_name))
        self._retirer_usagers(usagers)

    # ------------------------------------------------------------------ métier
    def _retirer_usagers(self, usagers):
        self.sudo()._ecrire({"user_ids": [Command.unlink(u.id) for u in usagers]})
        usagers.invalidate_recordset(["formation_ids"])
        usagers._fermer_sans_espace()
        self.message_post(body=_("Accès au portail retiré : %s.", ", ".join(usagers.mapped("name"))))

    def _inviter_collegue(self, nom, courriel):
        """Un usager de la formation en invite un autre, avec ses droits et pas un de plus. Rend la phrase qui le dit.

        Un compte qui existe déjà, fermé compris, n'est ni rattaché ni rouvert : ce serait entrer par une porte que la
        caisse a fermée.

        :raise UserError: nom ou courriel illisible, compte qui existe déjà, trop d'usagers
        """
        self._exiger_formation_active()
        nom, identifiant = (nom or "").strip()[:128], email_normalize(courriel or "")
        if not nom or not identifiant:
            raise UserError(_("Écrivez le nom de votre collègue et une adresse courriel valable."))
        if len(self.user_ids) >= USAGERS_MAX:
            raise UserError(_("%s personnes représentent déjà la formation : retirez d'abord qui n'y travaille plus.", USAGERS_MAX))
        self.env["cnas.journal"]._exiger_debit("invitation_portail")
        self.env["cnas.journal"]._ajouter([{
            "modele": self._name, "res_id": self.id, "evenement": "invitation_portail", "apres": {"courriel": identifiant}}])
        if self.env["res.users"].sudo().with_context(active_test=False).search_count([("login", "=", identifiant)], limit=1):
            raise UserError(_("« %s » ne peut pas être invité d'ici : écrivez à la CNAS, qui le rattachera.", identifiant))
        usager = self.sudo()._inviter_usager(nom, identifiant)
        usager._envoyer_une_invitation("cnas_formations.courriel_invitation")
        return _("%(nom)s est invité : un courriel lui est parti à %(courriel)s.", nom=nom, courriel=identifiant)

    def _retirer_collegue(self, usager):
        """Un usager de la formation en retire un autre. Rend la phrase qui le dit.

        :param usager: identifiant, tel que reçu
        :raise UserError: soi-même, ou quelqu'un qui ne représente pas la formation
        """
        collegue = self.sudo().user_ids.filtered(lambda u: str(u.id) == usager)
        if not collegue:
            raise UserError(_("Cet usager ne représente pas « %s ».", self.sudo().display_name))
        if collegue == self.env.user:
            raise UserError(_("On ne se retire pas soi-même : un collègue le fait, ou la CNAS."))
        self.sudo()._retirer_usagers(collegue)
        return _("%s n'a plus accès à l'espace de la formation.", collegue.name)

    def _exiger_formation_active(self):
        if self.sudo().state not in ("active", "suspendue"):
            raise UserError(_("Votre formation n'est pas active : écrivez à la CNAS."))

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
