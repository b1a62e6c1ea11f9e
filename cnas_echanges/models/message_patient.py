from odoo import _, api, fields, models
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.ecriture import ecrire_date
from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.jour import aujourd_hui, debut_du_jour
from odoo.addons.cnas_base.lecture import sans_accent

LOT = 500
CONTROLEURS = ("cnas_base.group_controleur",)
NEGATIONS = ("non", "no", "la", "faux", "لا", "كلا")


@actions
class MessagePatient(models.Model):
    """Le message qui dit à une personne qu'une formation déclare des soins à son nom, et ce qu'elle en répond.

    États : envoyé → contesté (elle répond NON : alerte sur la feuille) → traité par un contrôleur, avec ce qu'il a constaté.
    Il ne dit ni soin ni diagnostic. Le paramètre daté « message_patient » l'allume. Agents et contrôleurs lisent.
    """

    _name = "cnas.message_patient"
    _description = "Message au patient"
    _inherit = ["cnas.etat.mixin", "mail.thread"]
    _order = "id desc"
    _rec_name = "feuille_id"
    _etat_initial = "envoye"
    _cloison_agence = ("feuille_id.agence_id",)
    _actions = {
        "traiter": Action(titre=_lt("Clore l'alerte"), de=("conteste",), vers=("traite",), roles=CONTROLEURS, motif=True),
    }
    _passages = {"envoye": ("conteste",)}
    _champs_geles = ("feuille_id", "numero", "reponse", "repondu_le", "constat")
    _champs_journal = ("feuille_id", "state")

    feuille_id = fields.Many2one("cnas.feuille_soin", string="Feuille de soins", required=True, readonly=True, ondelete="restrict", index=True)
    assure_id = fields.Many2one(related="feuille_id.assure_id", string="Patient")
    formation_id = fields.Many2one(related="feuille_id.formation_id", string="Formation sanitaire", store=True)
    numero = fields.Char(string="Téléphone", readonly=True, index=True)
    state = fields.Selection([("envoye", "Envoyé"), ("conteste", "Contesté"), ("traite", "Traité")], string="État", default="envoye",
                             required=True, readonly=True, tracking=True, index=True)
    reponse = fields.Char(string="Réponse", readonly=True)
    repondu_le = fields.Datetime(string="Répondu le", readonly=True)
    constat = fields.Char(string="Constat", readonly=True)

    _sql_constraints = [("feuille_unique", "UNIQUE (feuille_id)", "Ce patient a déjà été prévenu de cette feuille.")]

    # ------------------------------------------------------------------ actions
    @transition("traiter")
    def action_traiter(self, motif=None):
        """Clôt l'alerte avec ce qui a été constaté. Rend True, ou l'assistant sans motif."""
        self._changer_etat("traite", constat=motif)

    # ------------------------------------------------------------------ métier
    @api.model
    def _annoncer(self):
        """Tâche planifiée : prévient les patients des feuilles déposées depuis que le message est allumé, une fois chacun."""
        parametres, jour = self.env["cnas.parametre"].sudo(), aujourd_hui()
        if not parametres._au("message_patient", jour) or not self.env["cnas.sms"].sudo()._adaptateur():
            return self.browse()
        depuis = parametres.search([("code", "=", "message_patient"), *parametres._domaine_en_vigueur(jour)], limit=1).date_debut
        self.env.flush_all()
        self.env.cr.execute("""
            SELECT f.id, replace(a.telephone_1, ' ', '') FROM cnas_feuille_soin f JOIN cnas_assure a ON a.id = f.assure_id
             WHERE f.state NOT IN ('brouillon', 'annulee') AND a.telephone_1 IS NOT NULL AND f.create_date >= %s
               AND f.mode = 'tiers_payant' AND NOT EXISTS (SELECT FROM cnas_message_patient m WHERE m.feuille_id = f.id)
             ORDER BY f.id LIMIT %s""", [debut_du_jour(depuis), LOT])
        messages = self.sudo()._creer([{"feuille_id": feuille, "numero": numero} for feuille, numero in self.env.cr.fetchall()], suivi=False)
        self.env["cnas.sms"].sudo()._deposer([(
            message, message.numero, message.with_context(lang=message.assure_id._langue_des_courriers())._texte()) for message in messages])
        return messages

    def _texte(self):
        return _("CNAS. %(formation)s déclare des soins du %(jour)s à votre nom. Si vous n'y étiez pas, répondez NON.",
                 formation=self.formation_id.name[:80], jour=ecrire_date(self.feuille_id.date_soins))

    @api.model
    def _recevoir(self, numero, texte):
        """Reçoit la réponse d'un téléphone : « NON » conteste la dernière feuille annoncée à ce numéro. Rend le message ou vide.

        :param str numero: tel que la passerelle l'écrit
        :param str texte: ce que la personne a répondu
        """
        compare = self.env["res.users"].sudo()._numero_compare(str(numero or "")[:32])
        mots = sans_accent(str(texte or "")[:160]).split()
        if not compare or not mots or mots[0] not in NEGATIONS:
            return self.browse()
        # la dernière annoncée, et elle seule : répéter NON n'atteint pas la feuille d'avant
        message = self.sudo().search([("numero", "=", compare)], limit=1).filtered(lambda m: m.state == "envoye")
        if message:
            message._changer_etat("conteste", reponse=str(texte)[:160], repondu_le=fields.Datetime.now())
            message._alerter()
        return message

    def _alerter(self):
        """Pose une activité sur la feuille à son contrôleur, sinon aux contrôleurs de l'agence."""
        self.ensure_one()
        feuille = self.feuille_id.sudo()
        controleurs = self.env.ref("cnas_base.group_controleur").sudo().users.filtered(lambda u: feuille.agence_id in u.agence_ids)
        feuille._alerter(feuille.controleur_id or controleurs[:3], _("Le patient conteste"), _(
            "Le patient répond qu'il n'était pas à %s ce jour-là : vérifiez avant de payer.", feuille.formation_id.name))
