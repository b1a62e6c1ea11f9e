from markupsafe import Markup

from odoo import _, api, models

from odoo.addons.cnas_base.ecriture import ecrire_date
from odoo.addons.cnas_base.jour import aujourd_hui


class Avis(models.AbstractModel):
    """Prévenir quelqu'un d'un fait de son dossier : fil et portail, courriel, SMS ; le journal dit par quelles voies.

    La formation lit dans son espace et par courriel ; l'assuré et l'employeur, qui n'ont pas d'espace, par courriel et
    SMS aux coordonnées de leur fiche. Sans adresse ni SMS branché, le journal garde l'avis : l'agent le lit au fil.
    """

    _name = "cnas.avis"
    _description = "Avis"

    @api.model
    def _donner(self, dossier, qui, objet, phrase, lien, partenaires=()):
        """Publie l'avis au fil du dossier et l'envoie.

        :param dossier: l'enregistrement qui porte le fil
        :param qui: assuré, formation ou employeur prévenu (ses coordonnées)
        :param lien: adresse absolue de la page qui en dit plus ; vide s'il n'y en a pas
        :param partenaires: contacts du portail, prévenus par le fil
        """
        dossier, qui = dossier.sudo(), qui.sudo()
        corps = Markup("<p>%s</p>") % phrase
        if lien:
            corps += Markup("<p><a href='%s'>%s</a></p>") % (lien, lien)
        dossier.with_context(mail_notify_force_send=False).message_post(
            subject=objet, body=corps, message_type="comment", subtype_xmlid="mail.mt_comment",
            partner_ids=[partenaire.id for partenaire in partenaires])
        voies = ["fil"]
        if partenaires:
            voies.append("portail")
        elif qui.email:
            self.env["mail.mail"].sudo().create([{
                "subject": objet, "email_to": qui.email, "auto_delete": False, "body_html": corps}])
            voies.append("courriel")
        if self.env["cnas.sms"].sudo()._deposer(dossier, qui.telephone_1, f"CNAS. {phrase} {lien}".strip()):
            voies.append("sms")
        self.env["cnas.journal"]._ajouter([{
            "modele": dossier._name, "res_id": dossier.id, "evenement": "avis", "apres": {"objet": objet, "voies": voies}}])


class ChangementMixin(models.AbstractModel):
    """Un changement sensible (RIB, compte de paiement, identité) se dit aussi par SMS : sans le redire, juste qu'il a eu lieu."""

    _inherit = "cnas.changement.mixin"

    def _annoncer_changement(self, phrase, contacts):
        super()._annoncer_changement(phrase, contacts)
        if "telephone_1" in self._fields:
            self.env["cnas.sms"].sudo()._deposer(self, self.sudo().telephone_1, _(
                "CNAS. Un changement a été fait sur votre dossier le %s. Si vous n'en êtes pas à l'origine, prévenez votre agence.",
                ecrire_date(aujourd_hui())))
