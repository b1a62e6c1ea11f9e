from collections import Counter
from datetime import timedelta

from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import consteq, hmac

from odoo.addons.cnas_base.ecriture import ecrire_date
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_date

ESSAIS_MAX = 5
CHIFFRES = 6
CANAUX = [("portail", "Portail de l'assuré"), ("sms", "SMS"), ("carte", "Carte, hors ligne")]


class Passage(models.Model):
    """Le passage d'une personne à une formation, un jour : émis quand la formation le demande, confirmé par son code.

    Le code se calcule (personne, formation, jour) et ne s'écrit nulle part : la personne le lit dans son espace ou par SMS ;
    hors ligne, le QR signé de sa carte en tient lieu. Cinq essais. Une feuille sans passage confirmé se signale, si la règle
    PAS-01 est allumée. La formation demande et confirme par son espace ou son logiciel, et ne lit que les siens ; les agents
    lisent ; personne n'écrit ni ne supprime à la main.
    """

    _name = "cnas.passage"
    _description = "Passage à une formation"
    _inherit = ["cnas.garde.mixin"]
    _order = "jour desc, id desc"
    _rec_name = "assure_id"
    _champs_geles = ("assure_id", "formation_id", "jour", "canal", "state", "essais", "confirme_le", "confirme_par_id")
    _champs_journal = ("assure_id", "formation_id", "jour", "state")

    assure_id = fields.Many2one("cnas.assure", string="Assuré", required=True, readonly=True, ondelete="restrict", index=True)
    formation_id = fields.Many2one("cnas.formation_sanitaire", string="Formation sanitaire", required=True, readonly=True, ondelete="restrict", index=True)
    jour = fields.Date(string="Jour", required=True, readonly=True)
    canal = fields.Selection(CANAUX, string="Code donné par", readonly=True)
    state = fields.Selection([("emis", "Code donné"), ("confirme", "Confirmé"), ("bloque", "Trop d'essais")], string="État", default="emis",
                             required=True, readonly=True, index=True)
    essais = fields.Integer(string="Essais", readonly=True)
    confirme_le = fields.Datetime(string="Confirmé le", readonly=True)
    confirme_par_id = fields.Many2one("res.users", string="Confirmé par", readonly=True, ondelete="restrict")

    _sql_constraints = [("passage_unique", "UNIQUE (assure_id, formation_id, jour)", "Cette personne a déjà un passage ce jour-là.")]

    # ------------------------------------------------------------------ la formation (portail, logiciel)
    @api.model
    def demander(self, formation, matricule, canal="sms"):
        """Demande le code du jour d'une personne : il part par SMS à son téléphone, ou se lit dans son espace.

        :param str formation: code de la formation
        :param str matricule: matricule ou numéro de carte
        :param str canal: `sms` ou `portail`
        :return: la phrase à dire au guichet ; elle ne dit pas le code
        :raise UserError: formation d'autrui, matricule inconnu, trop de demandes
        """
        if canal not in ("sms", "portail"):
            raise UserError(_("Le code se donne par « sms » ou par « portail »."))
        passage = self._ouvrir(self._formation_de(formation), self._assure_de(matricule), aujourd_hui(), canal)
        if passage.state == "confirme":
            return _("Le passage de cette personne est déjà confirmé aujourd'hui.")
        if canal == "portail":
            return _("La personne lit son code dans « Mon dossier ».")
        texte = passage.with_context(lang=passage.assure_id.sudo()._langue_des_courriers())._texte_du_code()
        sms = self.env["cnas.sms"].sudo()._deposer([(passage, passage.assure_id.telephone_1, texte)])
        return _("Le code part au téléphone du dossier.") if sms else _("Aucun SMS ne part : lisez la carte, ou l'espace de la personne.")

    @api.model
    def confirmer(self, formation, matricule, code, date=None):
        """Confirme le passage par le code que donne la personne, ou par le QR signé de sa carte.

        :param str formation: code de la formation
        :param str matricule: matricule ou numéro de carte
        :param str code: six chiffres, ou le contenu du QR de la carte
        :param date: AAAA-MM-JJ, le jour du passage (saisie hors ligne) ; vide : aujourd'hui
        :return: True
        :raise UserError: code faux, trop d'essais, jour trop ancien ou à venir
        """
        return self._confirmer(self._formation_de(formation), self._assure_de(matricule), str(code or "")[:1000], date)

    @api.model
    def _confirmer_du_logiciel(self, feuille, code):
        """Confirme, pour une feuille lue d'un logiciel, le passage du jour des soins."""
        return self.confirmer(feuille.get("formation"), feuille.get("matricule"), code, feuille.get("date_soins"))

    # ------------------------------------------------------------------ métier
    @api.model
    def _confirmer(self, formation, assure, code, date):
        jour = lire_date(date, aujourd_hui(), stricte=True)
        if self._du_jour(formation, assure, jour).state == "confirme":
            return True  # redit plus tard avec sa feuille, il reste confirmé
        recul = self.env["cnas.parametre"].sudo()._au("passage_recul_jours", aujourd_hui())
        if not aujourd_hui() - timedelta(days=recul) <= jour <= aujourd_hui():
            raise UserError(_("Un passage se confirme le jour même, ou dans les %s jours.", recul))
        chiffres = code.replace(" ", "")
        par_carte = not chiffres.isdecimal()
        # un clavier arabe écrit d'autres chiffres, que la comparaison à temps constant ne lit pas
        code = code if par_carte else "".join(str(int(chiffre)) for chiffre in chiffres)
        passage = self._ouvrir(formation, assure, jour, "carte" if par_carte else "sms")
        if passage.state == "bloque" or passage.essais + self._essais_en_cours()[passage._cle()] >= ESSAIS_MAX:
            raise UserError(_("Trop d'essais : le passage de cette personne ne se confirme plus ce jour-là."))
        if self._code_juste(passage, code, par_carte):
            passage._ecrire({"state": "confirme", "confirme_le": fields.Datetime.now(), "confirme_par_id": self.env.uid,
                             **({"canal": "carte"} if par_carte else {})})
            return True
        self._compter_un_essai(passage)
        raise UserError(_("Ce code n'est pas celui de cette personne, ici, ce jour-là."))

    @api.model
    def _compter_un_essai(self, passage):
        """Compte l'essai dans sa propre transaction : le refus, lui, annule la sienne."""
        cle = passage._cle()
        self._essais_en_cours()[cle] += 1

        def noter(registre=self.env.registry):
            with registre.cursor() as cr:
                cr.execute("""
                    INSERT INTO cnas_passage AS p (assure_id, formation_id, jour, state, essais, create_date, write_date)
                    VALUES (%s, %s, %s, 'emis', 1, now(), now())
                    ON CONFLICT (assure_id, formation_id, jour) DO UPDATE SET essais = COALESCE(p.essais, 0) + 1,
                       state = CASE WHEN COALESCE(p.essais, 0) + 1 >= %s THEN 'bloque' ELSE p.state END
                    WHERE p.state = 'emis'""", [*cle, ESSAIS_MAX])
        self.env.cr.postrollback.add(noter)
        self.env.cr.postcommit.add(noter)

    def _essais_en_cours(self):
        """Rend {passage: essais} de cette transaction, pas encore comptés en base : un paquet essaie mille codes en une fois."""
        return self.env.cr.postcommit.data.setdefault("cnas_passage_essais", Counter())

    def _cle(self):
        self.ensure_one()
        return (self.assure_id.id, self.formation_id.id, self.jour)

    def _code_juste(self, passage, code, par_carte):
        if not par_carte:
            return consteq(passage._code(), code)
        numero, refus = self.env["cnas.assure"].sudo()._numero_du_qr(code)
        if not numero or refus:
            raise UserError(refus or _("Ce code QR n'a pas été signé par la CNAS : vérifiez la carte."))
        return self.env["cnas.carte"].sudo().search([("numero", "=", numero)], limit=1).assure_id == passage.assure_id

    def _texte_du_code(self):
        return _("CNAS. Votre code de passage à %(formation)s, le %(jour)s : %(code)s. Ne le donnez qu'au guichet.",
                 formation=self.formation_id.name[:60], jour=ecrire_date(self.jour), code=self._code())

    def _code(self):
        """Rend le code, six chiffres, qui ne vaut que pour cette personne, ici, ce jour-là."""
        self.ensure_one()
        sceau = hmac(self.env(su=True), "cnas_passage", (self.assure_id.id, self.formation_id.id, str(self.jour)))
        return str(int(sceau[:15], 16) % 10**CHIFFRES).zfill(CHIFFRES)

    @api.model
    def _ouvrir(self, formation, assure, jour, canal):
        """Rend le passage de cette personne, ici, ce jour-là ; créé s'il n'existe pas."""
        return self._du_jour(formation, assure, jour) or self.sudo()._creer([
            {"assure_id": assure.id, "formation_id": formation.id, "jour": jour, "canal": canal}])

    @api.model
    def _du_jour(self, formation, assure, jour):
        return self.sudo().search([("assure_id", "=", assure.id), ("formation_id", "=", formation.id), ("jour", "=", jour)])

    @api.model
    def _formation_de(self, code):
        self.env["cnas.feuille_soin"]._exiger_groupe(
            ("cnas_base.group_portail_formation", "cnas_base.group_agent"), _("demander ou confirmer un passage"))
        feuilles, code = self.env["cnas.feuille_soin"], str(code or "").strip().upper()[:64]
        trouvee = feuilles._formations_permises({code}).get(code) if code else None
        if not trouvee:
            raise UserError(feuilles._phrase_formation(code))
        return self.env["cnas.formation_sanitaire"].sudo().browse(trouvee)

    @api.model
    def _assure_de(self, matricule):
        matricule = str(matricule or "")[:400]
        self.env["cnas.journal"]._exiger_debit("verification_droits")
        assures = self.env["cnas.assure"]
        trouve, refus = assures.sudo()._chercher_matricule(matricule)
        assures._tracer_verification(matricule, aujourd_hui(), trouve)
        if not trouve:
            raise UserError(refus)
        return assures.sudo().browse(trouve)

    @api.model
    def _confirmes(self, couples):
        """Rend {(assuré, formation, jour)} des passages confirmés de ces couples, en une requête."""
        if not couples:
            return set()
        self.flush_model(["state"])
        self.env.cr.execute("""
            SELECT p.assure_id, p.formation_id, p.jour FROM cnas_passage p
              JOIN unnest(%s::int[], %s::int[]) AS v (assure_id, formation_id) USING (assure_id, formation_id)
             WHERE p.state = 'confirme'""", [[c[0] for c in couples], [c[1] for c in couples]])
        return set(self.env.cr.fetchall())

    @api.model
    def _codes_du_jour(self, assure):
        """Rend [(formation, code)] des passages demandés aujourd'hui pour cette personne, à lui montrer."""
        passages = self.sudo().search([("assure_id", "=", assure.id), ("jour", "=", aujourd_hui()), ("state", "=", "emis")])
        return [(passage.formation_id.name, passage._code()) for passage in passages]
