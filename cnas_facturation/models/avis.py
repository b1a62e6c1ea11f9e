from collections import defaultdict

from markupsafe import Markup

from odoo import _, api, models

from odoo.addons.cnas_base.ecriture import ecrire_date
from odoo.addons.cnas_base.impression.langue import dans_la_langue_de
from odoo.addons.cnas_base.jour import aujourd_hui

from .sms import place_sms


class Avis(models.AbstractModel):
    """Prévenir quelqu'un d'un fait de son dossier : fil et portail, courriel, SMS ; le journal dit par quelles voies.

    La formation lit dans son espace et par courriel ; l'assuré et l'employeur, qui n'ont pas d'espace, par courriel et
    SMS aux coordonnées de leur fiche. Sans adresse ni SMS branché, le journal garde l'avis : l'agent le lit au fil.
    """

    _name = "cnas.avis"
    _description = "Avis"

    @api.model
    def _donner(self, dossier, qui, ecrire, lien, partenaires=()):
        """Publie l'avis au fil du dossier et l'envoie, dans la langue de qui il prévient.

        :param dossier: l'enregistrement qui porte le fil
        :param qui: assuré, formation ou employeur prévenu (ses coordonnées)
        :param ecrire: fonction qui reçoit le dossier dans cette langue et rend (objet, phrase) ou (objet, phrase, bref) ; le bref est ce
            que dit le SMS, qui se lit par-dessus l'épaule : ni motif ni soin (défaut : la phrase)
        :param lien: adresse absolue de la page qui en dit plus ; vide s'il n'y en a pas
        :param partenaires: contacts du portail, prévenus par le fil
        """
        if not partenaires:
            return self._donner_en_nombre([(dossier, qui, ecrire, lien)])
        with dans_la_langue_de(qui, dossier.sudo()) as dossier:
            objet, phrase, *bref = ecrire(dossier)
        dossier.with_context(mail_notify_force_send=False).message_post(
            subject=objet, body=self._corps(phrase, lien, dossier.env.lang), message_type="comment", subtype_xmlid="mail.mt_comment",
            partner_ids=[partenaire.id for partenaire in partenaires])
        sms = self.env["cnas.sms"].sudo()._deposer([(dossier, qui.sudo().telephone_1, self._texte_sms(*bref or [phrase], lien))])
        self._journaliser({dossier: (objet, ["fil", "portail", *(["sms"] if sms else [])])})
        return None

    @api.model
    def _donner_en_nombre(self, avis):
        """Donne des avis à des gens sans espace, en un nombre de requêtes constant : un lot en paie des milliers.

        :param avis: [(dossier, qui, ecrire, lien)], dossiers d'un même modèle
        """
        if not avis:
            return
        corps, voies, courriels, textes = {}, {}, defaultdict(list), []
        for dossier, qui, ecrire, lien in avis:
            with dans_la_langue_de(qui, dossier.sudo()) as dit:
                objet, phrase, *bref = ecrire(dit)
            corps[dossier.id], voies[dossier] = self._corps(phrase, lien, dit.env.lang), (objet, ["fil"])
            adresse = qui.sudo().email
            if adresse:
                courriels[dit.env.lang].append((adresse, objet, corps[dossier.id]))
                voies[dossier][1].append("courriel")
            textes.append((dossier, qui.sudo().telephone_1, self._texte_sms(*bref or [phrase], lien)))
        avis[0][0].browse(corps).sudo()._message_log_batch(corps)
        for langue, siens in courriels.items():
            self.with_context(lang=langue).env["mail.mail"]._ecrire_en_nombre(siens, auto_delete=False)
        partis = {(sms.modele, sms.res_id) for sms in self.env["cnas.sms"].sudo()._deposer(textes)}
        for dossier, (_objet, chemins) in voies.items():
            if (dossier._name, dossier.id) in partis:
                chemins.append("sms")
        self._journaliser(voies)

    # ------------------------------------------------------------------ privé
    @api.model
    def _corps(self, phrase, lien, langue):
        """Rend l'avis en HTML ; il dit lui-même sa langue et son sens, où qu'on le lise."""
        corps = Markup("<p>%s</p>") % phrase
        if lien:
            corps += Markup("<p><a href='%s'>%s</a></p>") % (lien, lien)
        attributs = self.env["res.lang"]._attributs(langue)
        return Markup('<div lang="%(lang)s" dir="%(dir)s" style="text-align:%(bord)s">') % {
            **attributs, "bord": "right" if attributs["dir"] == "rtl" else "left"} + corps + Markup("</div>")

    @api.model
    def _texte_sms(self, phrase, lien):
        """Un texte trop long se coupe ; un lien coupé n'ouvrirait rien."""
        place = place_sms(phrase) - len(lien) - 1
        return f"{f'CNAS. {phrase}'[:place]} {lien}".strip()

    @api.model
    def _journaliser(self, voies):
        self.env["cnas.journal"]._ajouter([
            {"modele": dossier._name, "res_id": dossier.id, "evenement": "avis", "apres": {"objet": objet, "voies": chemins}}
            for dossier, (objet, chemins) in voies.items()])


class ChangementMixin(models.AbstractModel):
    """Un changement sensible (RIB, compte de paiement, identité) se dit aussi par SMS : sans le redire, juste qu'il a eu lieu."""

    _inherit = "cnas.changement.mixin"

    def _annoncer_changement(self, ecrire, contacts):
        super()._annoncer_changement(ecrire, contacts)
        if "telephone_1" in self._fields:
            with dans_la_langue_de(self, self) as dit:
                texte = dit._texte_du_changement()
            self.env["cnas.sms"].sudo()._deposer([(self, self.sudo().telephone_1, texte)])

    def _texte_du_changement(self):
        return _("CNAS. Un changement a été fait sur votre dossier le %s. Si vous n'en êtes pas à l'origine, prévenez votre agence.",
                 ecrire_date(aujourd_hui()))
