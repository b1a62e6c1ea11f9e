from datetime import timedelta

import phonenumbers

from odoo import _, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.ecriture import ecrire_date
from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.jour import aujourd_hui, jour_de
from odoo.addons.cnas_base.lecture import lire_date
from odoo.addons.cnas_formations.rib import erreur_rib, grouper_rib, nettoyer_rib

from .facture.dossier import SUPERVISEUR

TITULAIRES = {"cnas.assure": "assure_id", "cnas.formation_sanitaire": "formation_id", "cnas.employeur": "employeur_id"}
NATURES = [("banque", "Banque"), ("airtel", "Airtel Money"), ("moov", "Moov Money"), ("guichet", "Guichet")]
MOBILES = ("airtel", "moov")
INDICATIF_TCHAD = 235
DEMANDE = ("titulaire_type", *TITULAIRES.values(), "nature", "numero", "nom_titulaire", "preuve", "preuve_nom",
           "date_debut", "demandeur_id")


@actions
class ComptePaiement(models.Model):
    """Le compte où l'on paie quelqu'un : banque, Airtel Money, Moov Money ou guichet. Le téléphone de contact ne paie jamais.

    États : demandé → actif → fermé, ou refusé (fermé aussitôt). Un agent demande ; qui décide : la table `_actions`.
    Accepté, il paie à partir du jour demandé, au plus tôt après le délai daté « delai_compte_paiement_heures » ; le
    compte d'avant finit la veille, et reprend si le nouveau est fermé avant d'avoir commencé. L'intéressé est prévenu
    aux adresses de son dossier, celles qu'on vient de changer comprises. Rien ne se modifie ni ne s'efface.

    L'ordre de paiement le lit (`cnas.ordre_paiement._valeurs_beneficiaire`, seul lieu qui dit où l'on paie) : en vigueur, il
    paie l'assuré, et la formation à la place du RIB principal de sa fiche ; sans lui, la formation est payée à ses RIB.
    """

    _name = "cnas.compte_paiement"
    _description = "Compte de paiement"
    _inherit = ["cnas.decision.mixin", "cnas.periode.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "id desc"

    _etat_initial = "demande"
    _actions = {
        "accepter": Action(titre=_lt("Accepter"), de=("demande",), vers=("actif",), roles=(SUPERVISEUR,),
                           quatre_yeux=("demandeur_id",)),
        "refuser": Action(titre=_lt("Refuser"), de=("demande",), vers=("ferme",), roles=(SUPERVISEUR,),
                          quatre_yeux=("demandeur_id",), motif=True),
        "fermer": Action(titre=_lt("Fermer"), de=("actif",), vers=("ferme",), roles=(SUPERVISEUR,), motif=True),
    }
    # Un autre compte le remplace, ou son dernier jour est passé (tâche quotidienne).
    _passages = {"actif": ("ferme",)}
    _champs_geles = ("date_fin", "decideur_id", "date_decision", "motif_fermeture")
    _champs_de_la_demande = DEMANDE
    _champs_journal = (
        "titulaire_type", *TITULAIRES.values(), "nature", "numero", "nom_titulaire", "date_debut", "date_fin")
    _periode_cle = tuple(TITULAIRES.values())
    _periode_condition = "state = 'actif'"
    _periode_message = "Cette personne a déjà un compte de paiement actif à ces dates."

    titulaire_type = fields.Selection(
        [("assure", "Assuré"), ("formation", "Formation sanitaire"), ("employeur", "Employeur")],
        string="Titulaire", required=True, default="assure")
    assure_id = fields.Many2one("cnas.assure", string="Assuré", index="btree_not_null", ondelete="restrict")
    formation_id = fields.Many2one(
        "cnas.formation_sanitaire", string="Formation sanitaire", index="btree_not_null", ondelete="restrict")
    employeur_id = fields.Many2one("cnas.employeur", string="Employeur", index="btree_not_null", ondelete="restrict")
    nature = fields.Selection(NATURES, string="Nature", required=True, default="airtel")
    numero = fields.Char(
        string="Numéro", index="btree_not_null",
        help="Banque : les 23 chiffres du RIB, ou l'IBAN tchadien. Mobile : huit chiffres. Guichet : rien.")
    nom_titulaire = fields.Char(
        string="Nom du titulaire", required=True, help="Le nom que porte le compte ; à défaut, celui de la personne.")
    preuve = fields.Binary(string="Preuve", attachment=True, help="Relevé d'identité bancaire, capture du compte mobile…")
    preuve_nom = fields.Char(string="Nom de la preuve")
    date_debut = fields.Date(string="Paie à partir du", default=lambda self: aujourd_hui(), tracking=True)
    date_fin = fields.Date(string="Paie jusqu'au", readonly=True, copy=False, tracking=True)
    state = fields.Selection(
        [("demande", "Demandé"), ("actif", "Actif"), ("ferme", "Fermé")],
        string="État", required=True, default="demande", readonly=True, copy=False, index=True, tracking=True)
    demandeur_id = fields.Many2one("res.users", string="Demandé par", required=True, readonly=True, copy=False,
                                   default=lambda self: self.env.uid, ondelete="restrict")
    decideur_id = fields.Many2one("res.users", string="Décidé par", readonly=True, copy=False, ondelete="restrict")
    date_decision = fields.Datetime(string="Décidé le", readonly=True, copy=False)
    motif_fermeture = fields.Char(string="Motif du refus ou de la fermeture", readonly=True, copy=False)
    alerte = fields.Char(string="Alerte", compute="_compute_alerte", compute_sudo=True)

    _sql_constraints = [
        ("titulaire_unique",
         "CHECK ((titulaire_type = 'assure') = (assure_id IS NOT NULL) AND (titulaire_type = 'formation') = "
         "(formation_id IS NOT NULL) AND (titulaire_type = 'employeur') = (employeur_id IS NOT NULL))",
         "Un compte de paiement a un titulaire, et un seul : l'assuré, la formation ou l'employeur."),
        ("demande_unique",
         "EXCLUDE (COALESCE(assure_id, 0) WITH =, COALESCE(formation_id, 0) WITH =, COALESCE(employeur_id, 0) WITH =) "
         "WHERE (state = 'demande')",
         "Une demande de compte de paiement de cette personne attend déjà une décision."),
        ("quatre_yeux", "CHECK (decideur_id IS NULL OR decideur_id <> demandeur_id)",
         "Qui demande un compte de paiement ne le décide pas : une autre personne doit l'accepter ou le refuser."),
        ("actif_decide", "CHECK (state <> 'actif' OR decideur_id IS NOT NULL)", "Un compte actif a été accepté."),
    ]

    # ------------------------------------------------------------------ contraintes
    @api.constrains("nature", "numero")
    def _check_numero(self):
        for compte in self:
            if compte.numero != self._lire_numero(compte.nature, compte.numero):
                raise ValidationError(_("Le numéro « %s » n'est pas écrit comme il se doit.", compte.numero))

    # ------------------------------------------------------------------ calculs
    @api.depends("nature", "numero", "titulaire_type", *TITULAIRES.values())
    def _compute_display_name(self):
        for compte in self:
            qui = compte.sudo()._titulaire()
            compte.display_name = f"{compte._nature_et_fin()} — {qui.display_name}" if qui else _("Nouveau")

    @api.depends("numero", "state", "titulaire_type", *TITULAIRES.values())
    def _compute_alerte(self):
        """Signale, sans bloquer, un numéro qui paie quelqu'un d'autre, ou qui est à un usager interne."""
        numeros = {compte.numero for compte in self if compte.numero}
        autres = self.search([("numero", "in", list(numeros)), ("state", "!=", "ferme")]).grouped("numero") if numeros else {}
        proprietaires = self._proprietaires(numeros)
        for compte in self:
            qui = compte._titulaire()
            noms = {a._titulaire().display_name for a in autres.get(compte.numero, ()) if a._titulaire() != qui}
            noms |= {nom for partenaire, nom in proprietaires.get(compte.numero, ())
                     if "partner_id" not in qui or partenaire != qui.partner_id}
            compte.alerte = _("Ce numéro est aussi celui de : %s.", ", ".join(sorted(noms))) if noms else False

    @api.model
    def _proprietaires(self, numeros):
        """Rend {numéro: {(partenaire, nom)}} des usagers internes à ce téléphone, et des comptes bancaires à ce RIB."""
        trouves = {}
        if not numeros:
            return trouves
        ribs = {nettoyer_rib(numero): numero for numero in numeros}
        for banque in self.env["res.partner.bank"].search([("sanitized_acc_number", "in", list(ribs))]):
            trouves.setdefault(ribs[banque.sanitized_acc_number], set()).add((banque.partner_id, banque.partner_id.name))
        lire = self.env["cnas.coordonnees.mixin"]._formater_telephone
        for partenaire in self.env["res.users"].search([
                ("share", "=", False), "|", ("partner_id.phone", "!=", False), ("partner_id.mobile", "!=", False)]).partner_id:
            for telephone in (partenaire.phone, partenaire.mobile):
                if lire(telephone, tolerant=True) in numeros:
                    trouves.setdefault(lire(telephone), set()).add((partenaire, _("%s (usager de la caisse)", partenaire.name)))
        return trouves

    @api.onchange("titulaire_type", "nature")
    def _onchange_sorte(self):
        """Ce que l'écran cache ne reste pas derrière."""
        for champ in TITULAIRES.values():
            if champ != f"{self.titulaire_type}_id":
                self[champ] = False
        if self.nature == "guichet":
            self.numero = False

    # ------------------------------------------------------------------ CRUD
    @api.model_create_multi
    def create(self, vals_list):
        comptes = super().create(vals_list)
        for compte in comptes:
            compte._demander_decision()
        return comptes

    def _completer_creation(self, vals_list):
        for vals in vals_list:
            # Ce que le contexte donnerait par défaut est une demande comme une autre : lue et vérifiée ici.
            vals.update(self.default_get([champ for champ in DEMANDE if champ not in vals]))
            if not self.env.su:
                vals["demandeur_id"] = self.env.uid
            vals["date_debut"] = lire_date(vals.get("date_debut"), aujourd_hui(), stricte=True)
            vals["numero"] = self._lire_numero(vals.get("nature"), vals.get("numero"))
            nom = self._nom_de(vals)
            # Au guichet, on ne paie que la personne elle-même.
            vals["nom_titulaire"] = vals["nature"] != "guichet" and str(vals.get("nom_titulaire") or "").strip() or nom
        return super()._completer_creation(vals_list)

    # ------------------------------------------------------------------ actions
    @transition("accepter")
    def action_accepter(self):
        """Accepte le compte : il paie après le délai, et l'ancien finit la veille.

        :return: True
        :raise UserError: demande de l'appelant, ou déjà décidée
        """
        self._attendre_son_tour()
        delai = timedelta(hours=self.env["cnas.parametre"]._au("delai_compte_paiement_heures", aujourd_hui()))
        premier = jour_de(fields.Datetime.now() + delai)
        for compte in self:
            debut = max(compte.date_debut, premier)
            compte._finir_les_autres(debut)
            compte._changer_etat(
                "actif", date_debut=debut, decideur_id=self.env.uid, date_decision=fields.Datetime.now())
            compte._prevenir(lambda self: _(
                "Nouveau compte de paiement : %(compte)s, à partir du %(jour)s.", compte=self._nature_et_fin(), jour=ecrire_date(self.date_debut)))
        self._clore_activites()

    @transition("refuser")
    def action_refuser(self, motif=None):
        """Refuse la demande ; le compte d'avant continue de payer.

        :param motif: obligatoire ; vide → l'assistant qui le demande
        :return: True, ou l'action de l'assistant
        """
        self._attendre_son_tour()
        self._changer_etat("ferme", decideur_id=self.env.uid, date_decision=fields.Datetime.now(), motif_fermeture=motif)
        self._clore_activites()

    @transition("fermer")
    def action_fermer(self, motif=None):
        """Ferme un compte tout de suite : aucun nouvel ordre ne le prend, un ordre émis garde le sien. Pas commencé, il rend sa place à l'ancien.

        :param motif: obligatoire ; vide → l'assistant qui le demande
        :return: True, ou l'action de l'assistant
        """
        self._attendre_son_tour()
        jour = aujourd_hui()
        for compte in self:
            if compte.date_debut <= jour:
                compte._changer_etat("ferme", motif_fermeture=motif, date_fin=min(jour, compte.date_fin or jour))
            else:
                ancien = compte._freres([("date_fin", "=", compte.date_debut - timedelta(days=1))])
                compte._changer_etat("ferme", motif_fermeture=motif)
                compte.flush_recordset()
                ancien._ecrire({"date_fin": compte.date_fin})
            compte._prevenir(lambda self: _("Compte de paiement fermé : %s.", self._nature_et_fin()))

    # ------------------------------------------------------------------ métier
    @api.model
    def _du_jour(self, titulaires, jour=None):
        """Rend {titulaire: son compte en vigueur ce jour-là} (défaut : aujourd'hui), en une requête."""
        champ = TITULAIRES[titulaires._name]
        comptes = self.sudo().search([
            (champ, "in", titulaires.ids), ("state", "=", "actif"), *self._domaine_en_vigueur(jour or aujourd_hui())])
        return {compte[champ]: compte for compte in comptes}

    def _valeurs_ordre(self):
        """Rend ce qu'un ordre en fige ; sans compte, le guichet."""
        return {
            "compte_paiement_id": self.id, "rib": self.nature == "banque" and self.numero,
            "telephone": self.nature in MOBILES and self.numero,
            "mode_paiement": "virement" if self.nature == "banque" else "mobile_money" if self.nature in MOBILES else "cheque"}

    @api.model
    def _fermer_les_finis(self):
        """Tâche quotidienne : ferme les comptes dont le dernier jour est passé."""
        self.search([("state", "=", "actif"), ("date_fin", "<", aujourd_hui())])._changer_etat(
            "ferme", motif_fermeture=_("Remplacé par un autre compte."))

    def _finir_les_autres(self, debut):
        """Les comptes actifs du même titulaire finissent la veille ; ceux qui n'auraient pas commencé se ferment."""
        autres = self._freres(["|", ("date_fin", "=", False), ("date_fin", ">=", debut)])
        commences = autres.filtered(lambda compte: compte.date_debut < debut)
        commences._ecrire({"date_fin": debut - timedelta(days=1)})
        (autres - commences)._changer_etat("ferme", motif_fermeture=_("Remplacé par un autre compte."))
        autres.flush_recordset()  # la base contrôle l'exclusion à chaque UPDATE

    def _freres(self, domaine):
        """Rend les autres comptes actifs du même titulaire."""
        qui = self._titulaire()
        return self.search([("id", "!=", self.id), ("state", "=", "actif"), (TITULAIRES[qui._name], "=", qui.id), *domaine])

    def _titulaire(self):
        return self[f"{self.titulaire_type or 'assure'}_id"]

    def _prevenir(self, ecrire):
        """Dit à l'intéressé, à l'ancien contact comme au nouveau, ce qui change ; `ecrire` reçoit le compte dans sa langue."""
        qui = self._titulaire().sudo()
        qui._annoncer_changement(lambda qui: ecrire(self.with_context(lang=qui.env.lang)), qui._contacts())

    def _nature_et_numero(self):
        """Rend « Airtel Money +235 66 12 34 56 », tel qu'un papier de son titulaire l'imprime ; un RIB se suffit."""
        nature = dict(self._fields["nature"]._description_selection(self.env)).get(self.nature)
        return self.numero if self.nature == "banque" else " ".join(filter(None, (nature, self.numero)))

    def _nature_et_fin(self):
        """Rend « Airtel Money …3456 » : de quoi reconnaître son compte sans l'écrire en entier."""
        nature = dict(self._fields["nature"]._description_selection(self.env)).get(self.nature, "")
        return f"{nature} …{self.numero.replace(' ', '')[-4:]}" if self.numero else nature

    # ------------------------------------------------------------------ privé
    @api.model
    def _nom_de(self, vals):
        """Rend le nom de la personne que disent ces valeurs."""
        champ = f"{vals.get('titulaire_type')}_id"
        if champ not in TITULAIRES.values() or not vals.get(champ):
            raise UserError(_("Dites de qui est ce compte : un assuré, une formation ou un employeur."))
        qui = self.new({champ: vals[champ]})[champ]
        return qui[qui._rec_name]

    @api.model
    def _lire_numero(self, nature, numero):
        """Rend le numéro d'un compte de cette nature, vérifié et mis en forme.

        :raise ValidationError: RIB faux, téléphone qui n'est pas un mobile du Tchad, numéro donné au guichet
        """
        numero = str(numero or "").strip()
        if nature == "banque":
            phrase = erreur_rib(numero)
            if phrase:
                raise ValidationError(phrase)
            return grouper_rib(nettoyer_rib(numero))
        if nature in MOBILES:
            if not numero:
                raise ValidationError(_("Donnez le numéro du compte mobile : huit chiffres."))
            mis_en_forme = self.env["cnas.coordonnees.mixin"]._formater_telephone(numero)
            lu = phonenumbers.parse(mis_en_forme, "TD")
            if lu.country_code != INDICATIF_TCHAD or phonenumbers.number_type(lu) != phonenumbers.PhoneNumberType.MOBILE:
                raise ValidationError(_("Le numéro « %s » n'est pas un mobile du Tchad : l'argent n'y arriverait pas.", numero))
            return mis_en_forme
        if numero:
            raise ValidationError(_("Au guichet, on paie la personne elle-même : ne donnez pas de numéro."))
        return False
