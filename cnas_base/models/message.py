import re

from markupsafe import Markup, escape

from odoo import SUPERUSER_ID, _, api, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import email_normalize

from ..garde import efface_en_cours
from ..impression.langue import dire_a

# Ce que dit un message : qui, quand, quoi, de quoi. Une étoile, une réaction ou une lecture ne le changent pas.
CONTENU = frozenset((
    "author_id", "author_guest_id", "email_from", "date", "body", "subject", "message_type", "subtype_id", "model", "res_id",
    "record_name", "parent_id", "child_ids", "is_internal", "tracking_value_ids", "attachment_ids", "partner_ids",
    "notified_partner_ids", "notification_ids", "create_uid", "create_date", "message_id", "reply_to",
))
# Ce que l'envoi par courriel note sur le message parti, au nom du système.
ENVOI = frozenset(("message_id", "subject", "reply_to"))
# Ce que le système seul pose à la création.
SIGNATURE = ("author_id", "author_guest_id", "email_from", "date", "create_uid", "create_date",
             "tracking_value_ids", "notification_ids", "mail_ids", "child_ids")
JETON = re.compile(r"(/web/(?:image|content)/\d+)\?access_token=[\w-]+")


def est_scelle(modele):
    """Dit si les messages de ce modèle sont une histoire qu'on ne réécrit pas."""
    return isinstance(modele, str) and modele.startswith("cnas.")


class MailMessage(models.Model):
    """Le message d'un dossier CNAS : son auteur est l'appelant, et il ne se modifie ni ne s'efface, pour aucun usager.

    `sudo()` n'y change rien : les routes d'Odoo l'emploient pour l'appelant. Seul OdooBot (tâches planifiées, mises
    à jour) passe, et la suppression permise d'un dossier emporte ses messages.
    """

    _inherit = "mail.message"

    @api.model_create_multi
    def create(self, values_list):
        if self.env.uid != SUPERUSER_ID:
            defaut = self.env.context.get("default_model")
            values_list = [self._signer(values) if est_scelle(values.get("model", defaut)) else values for values in values_list]
            if est_scelle(defaut):
                self = self.with_context({cle: v for cle, v in self.env.context.items() if not cle.startswith("default_")})
        messages = super().create(values_list)
        for message in messages:
            if est_scelle(message.model) and message.body and JETON.search(message.body):
                # une image collée suit la règle de son dossier, pas celle d'un jeton lu dans le fil
                super(MailMessage, message).write({"body": JETON.sub(r"\1", message.body)})  # pylint: disable=super-method-mismatch
        return messages

    def write(self, vals):
        if CONTENU & vals.keys() - (ENVOI if self.env.su else frozenset()):
            self._refuser_si_scelle(_("Le message d'un dossier ne se modifie pas."))
        resultat = super().write(vals)
        if "model" in vals:
            self._refuser_si_scelle(_("Un message ne se déplace pas dans un dossier."))
        return resultat

    def unlink(self):
        self._refuser_si_scelle(_("Le message d'un dossier ne s'efface pas."), efface=True)
        return super().unlink()

    # ------------------------------------------------------------------ privé
    @api.model
    def _find_allowed_model_wise(self, doc_model, doc_dict):
        """Ce qu'un dossier garde de son fil (`_get_mail_message_access`), la recherche le garde aussi."""
        modele = self.env[doc_model]
        if est_scelle(doc_model) and hasattr(modele, "_get_mail_message_access"):
            operation = modele._get_mail_message_access(list(doc_dict), "read")
            if not modele.check_access_rights(operation, raise_exception=False):
                return set()
        return super()._find_allowed_model_wise(doc_model, doc_dict)

    def _signer(self, values):
        """Rend les valeurs d'un message au nom de l'appelant ; un suivi ne se forge pas."""
        forges = set(SIGNATURE[:6] if self.env.su else SIGNATURE)
        if not self.env.su and values.get("message_type") in ("email", "email_outgoing"):
            forges.add("message_type")
        if self.env.user.share and not self.env.su:
            forges |= {"message_type", "is_internal"}
        propre = {cle: valeur for cle, valeur in values.items() if cle not in forges}
        if self.env.user._is_public():
            return propre
        auteur = self.env.user.partner_id
        return {**propre, "author_id": auteur.id, "email_from": auteur.email_formatted or False}

    def _refuser_si_scelle(self, phrase, efface=False):
        if self.env.uid == SUPERUSER_ID:
            return
        for message in self.sudo().exists():
            if not est_scelle(message.model):
                continue
            if efface and self.env.su and (message.message_type == "email_outgoing"
                                           or efface_en_cours(message.model, message.res_id)):
                continue
            raise UserError(phrase)


class MailNotification(models.Model):
    """Les avis d'un message de dossier : la messagerie les tient, l'usager marque les siens comme lus."""

    _inherit = "mail.notification"

    @api.model_create_multi
    def create(self, vals_list):
        notifications = super().create(vals_list)
        notifications._refuser_si_scelle()
        return notifications

    def write(self, vals):
        if vals.keys() - {"is_read", "read_date"}:
            self._refuser_si_scelle()
        elif not self.env.su and self.res_partner_id - self.env.user.partner_id:
            raise AccessError(_("Ces avis ne sont pas les vôtres."))
        return super().write(vals)

    def unlink(self):
        self._refuser_si_scelle()
        return super().unlink()

    def _refuser_si_scelle(self):
        if not self.env.su and any(est_scelle(modele) for modele in self.sudo().mail_message_id.mapped("model")):
            raise UserError(_("Les avis d'un message de dossier ne se modifient pas."))


class MailTrackingValue(models.Model):
    """Une valeur suivie d'un dossier : posée avec son message, jamais touchée ensuite."""

    _inherit = "mail.tracking.value"

    @api.model_create_multi
    def create(self, vals_list):
        suivis = super().create(vals_list)
        if not self.env.su:
            suivis._refuser_si_scelle()
        return suivis

    def write(self, vals):
        self._refuser_si_scelle()
        return super().write(vals)

    def unlink(self):
        self._refuser_si_scelle()
        return super().unlink()

    def _refuser_si_scelle(self):
        if self.env.uid != SUPERUSER_ID:
            self.sudo().mail_message_id.with_user(self.env.user)._refuser_si_scelle(_("Une valeur suivie ne se modifie pas."))


class MailThread(models.AbstractModel):
    """Le fil d'un dossier CNAS : on y écrit en son nom, et un courriel n'y entre que par la passerelle."""

    _inherit = "mail.thread"

    # sans quoi XML-RPC reçoit un message, qu'il ne transporte pas : une faute à l'appelant, quand tout est écrit
    @api.returns("mail.message", lambda message: message.id)
    def message_post(self, **kwargs):
        self.ensure_one()
        if est_scelle(self._name) and self.env.uid != SUPERUSER_ID:
            for cle in ("author_id", "author_guest_id", "email_from", "date", "create_date", "create_uid"):
                kwargs.pop(cle, None)
            if not self.env.su:
                kwargs.pop("tracking_value_ids", None)
                if self.env.user.share or kwargs.get("message_type", "notification") not in ("comment", "notification"):
                    kwargs["message_type"] = "comment"
                if self.env.user.share:
                    kwargs.update(subtype_xmlid="mail.mt_comment", subtype_id=False)
        return super().message_post(**kwargs)

    def _message_compute_author(self, author_id=None, email_from=None, raise_on_email=True):
        """Un agent sans adresse de courriel agit quand même : le fil le nomme, l'adresse est celle de la caisse."""
        author_id, email_from = super()._message_compute_author(author_id, email_from, raise_on_email=False)
        if not email_from and raise_on_email:
            email_from = self.env.company.sudo().email_formatted or self.env.user.name
        return author_id, email_from

    @api.returns("mail.message", lambda message: message.id)
    def message_notify(self, **kwargs):
        if est_scelle(kwargs.get("model") or self._name) and self.env.uid != SUPERUSER_ID:
            kwargs = {cle: valeur for cle, valeur in kwargs.items() if cle not in ("author_id", "email_from")}
        return super().message_notify(**kwargs)

    def _process_attachments_for_post(self, attachments, attachment_ids, message_values):
        """Courriel reçu : chaque pièce jointe illisible est écartée, les autres entrent, et l'expéditeur l'apprend."""
        modele = message_values.get("model") if "res_id" in message_values else self._name
        refus = []
        if est_scelle(modele) and message_values.get("message_type") == "email":
            attachments, refus = self._trier_pieces_jointes(attachments)
        valeurs = super()._process_attachments_for_post(attachments, attachment_ids, message_values)
        if refus:
            suite = self._dire_refus(refus)
            corps = valeurs.get("body") or message_values.get("body") or ""
            valeurs["body"] = (corps if isinstance(corps, Markup) else escape(corps)) + suite
            self._repondre_refus(message_values, refus)
        return valeurs

    def _trier_pieces_jointes(self, attachments):
        """Rend (les pièces jointes lisibles, les phrases de refus des autres)."""
        gardees, refus = [], []
        for piece in attachments or ():
            try:
                if isinstance(piece[1], bytes):
                    self.env["ir.attachment"]._exiger_lisible(piece[1], piece[0])
                gardees.append(piece)
            except UserError as erreur:
                refus.append(str(erreur))
        return gardees, refus

    def _dire_refus(self, refus):
        return Markup("<p>%s</p><ul>%s</ul>") % (
            _("Pièces jointes refusées :"), Markup("").join(Markup("<li>%s</li>") % phrase for phrase in refus))

    def _repondre_refus(self, message_values, refus):
        """Répond à l'expéditeur, dans sa langue : ce qui est refusé, et que le reste est arrivé."""
        expediteur = email_normalize(message_values.get("email_from") or "")
        if expediteur:
            dire_a(self.env["res.partner"].browse(message_values.get("author_id")), self, lambda self: self.env["mail.mail"]._ecrire(
                [expediteur], _("Pièces jointes refusées : %s", message_values.get("subject") or _("votre envoi")),
                self._dire_refus(refus) + Markup("<p>%s</p>") % _("Les autres pièces sont bien arrivées."), auto_delete=True,
                headers="{'Auto-Submitted': 'auto-replied'}"))

    def _message_update_content(self, message, body, **kwargs):
        message.with_user(self.env.user)._refuser_si_scelle(_("Le message d'un dossier ne se modifie pas."))
        return super()._message_update_content(message, body, **kwargs)

    def message_change_thread(self, new_thread, new_parent_message=False):
        if (est_scelle(self._name) or est_scelle(new_thread._name)) and self.env.uid != SUPERUSER_ID:
            raise UserError(_("Les messages d'un dossier ne se déplacent pas."))
        return super().message_change_thread(new_thread, new_parent_message=new_parent_message)

    @api.model
    def message_process(self, *args, **kwargs):
        self._exiger_passerelle()
        return super().message_process(*args, **kwargs)

    @api.model
    def message_route(self, *args, **kwargs):
        self._exiger_passerelle()
        return super().message_route(*args, **kwargs)

    @api.model
    def message_new(self, *args, **kwargs):
        self._exiger_passerelle()
        return super().message_new(*args, **kwargs)

    def message_update(self, *args, **kwargs):
        self._exiger_passerelle()
        return super().message_update(*args, **kwargs)

    def _exiger_passerelle(self):
        """Un courriel donné à la main signerait de l'adresse qu'il porte."""
        if not self.env.su:
            raise AccessError(_("Seule la passerelle de courriel reçoit un courriel."))
