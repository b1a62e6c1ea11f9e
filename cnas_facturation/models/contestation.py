from odoo import _, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_montant
from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_montant, lire_motif
from odoo.addons.cnas_feuilles_soin.models.feuille_soin.dossier import GROUPES_DOSSIER

from .facture.dossier import AGENT, CONTROLEUR, PORTAIL, SUPERVISEUR, beneficiaire

OUVERTES = ("deposee", "instruction")
ACCEPTEES = ("acceptee", "acceptee_partielle")
# Ce que dit le recours : il ne change plus dès l'instruction.
RECOURS = frozenset(("decompte_ligne_id", "degre", "montant_demande", "motif"))
# Qui dépose ne décide pas, et qui a décidé au premier degré ne décide pas au second.
JUGES = {"roles": (CONTROLEUR,), "quatre_yeux": ("deposant_id", "juge_premier_id")}
# On ne fait pas droit à un recours dont le décompte ne tient plus ; le rejeter, ou le retirer, le clôt.
FAIRE_DROIT = {**JUGES, "empeche": ("_empeche_de_juger", "_empeche_contre_passe")}


@actions
class Contestation(models.Model):
    """Recours d'une formation, ou d'un assuré remboursé, contre une ligne de décompte, à deux degrés.

    États : déposée → en instruction → acceptée, acceptée en partie ou rejetée ; retirée par qui l'a
    déposée (table `_actions`). La formation et l'agent déposent ; l'assuré, au guichet ou par le lien de son décompte,
    dans les mêmes délais (`voie`). Degré 1 : contrôle ; degré 2 : commission de
    recours (superviseur), ouverte par un rejet, même partiel, du degré 1. Une ligne ne se conteste qu'une fois
    par degré. Seul le déposant retouche son recours, avant l'instruction. Le montant accordé s'ajoute au net de la
    facture suivante de la formation.
    """

    _name = "cnas.contestation"
    _description = "Contestation"
    _inherit = ["cnas.etat.mixin", "cnas.fichiers.mixin", "cnas.montant.mixin", "mail.thread", "mail.activity.mixin"]
    _champs_fichiers = ("piece_ids",)
    _fichiers_comme = "cnas.feuille_soin.piece"
    _order = "id desc"
    _rec_name = "numero"

    _etat_initial = "deposee"
    _circuit = ("deposee", "instruction", "acceptee", "rejetee")
    _actions = {
        "instruire": Action(titre=_lt("Instruire"), de=("deposee",), vers=("instruction",), **FAIRE_DROIT),
        "accepter": Action(
            titre=_lt("Accepter"), de=OUVERTES, vers=("acceptee", "acceptee_partielle"), seul=True, **FAIRE_DROIT),
        "rejeter": Action(
            titre=_lt("Rejeter"), de=OUVERTES, vers=("rejetee",), motif=True, empeche=("_empeche_de_juger",), **JUGES),
        "retirer": Action(titre=_lt("Retirer"), de=OUVERTES, vers=("retiree",), roles=(AGENT, PORTAIL)),
        "second_degre": Action(
            titre=_lt("Second degré"), de=("rejetee", "acceptee_partielle"), roles=(AGENT, PORTAIL), motif=True,
            seul=True, empeche=("_empeche_contre_passe", "_empeche_de_porter")),
        "preparer_complement": Action(
            titre=_lt("Régler seul"), de=ACCEPTEES, roles=(AGENT, PORTAIL), seul=True, annonce=False,
            empeche=("_empeche_contre_passe", "_empeche_regle")),
    }
    _champs_geles = (
        "numero", "montant_accorde", "date_depot", "date_limite_reponse", "date_decision", "decideur_id",
        "motif_decision", "facture_complement_id", "premier_degre_id", "deposant_id", "voie",
    )
    _champs_journal = ("decompte_ligne_id", "degre", "montant_demande", "montant_accorde", "facture_complement_id")

    numero = fields.Char(string="Numéro", readonly=True, copy=False, index=True)
    decompte_ligne_id = fields.Many2one(
        "cnas.decompte.ligne", string="Ligne contestée", required=True, index=True, ondelete="restrict")
    decompte_id = fields.Many2one(
        related="decompte_ligne_id.decompte_id", string="Décompte", store=True, index=True)
    facture_id = fields.Many2one(
        related="decompte_ligne_id.decompte_id.facture_id", string="Facture", store=True, index=True)
    formation_id = fields.Many2one(
        related="decompte_ligne_id.decompte_id.formation_id", string="Formation sanitaire", store=True, index=True)
    feuille_id = fields.Many2one(related="decompte_ligne_id.feuille_id", string="Feuille de soins")
    feuille_numero = fields.Char(related="decompte_ligne_id.feuille_numero", string="N° de feuille")
    compte = fields.Selection(related="decompte_ligne_id.compte", string="Compte", store=True)
    degre = fields.Selection(
        [("1", "Premier degré"), ("2", "Second degré")], string="Degré", required=True, default="1")
    premier_degre_id = fields.Many2one(
        "cnas.contestation", string="Premier degré contesté", readonly=True, copy=False, ondelete="restrict")
    second_degre_ids = fields.One2many("cnas.contestation", "premier_degre_id", string="Second degré")
    motif = fields.Text(string="Motif", required=True, help="Ce que la formation oppose au rejet ou à l'abattement.")
    piece_ids = fields.Many2many("ir.attachment", string="Pièces", copy=False)
    montant_facture = fields.Monetary(related="decompte_ligne_id.montant_facture", string="Facturé")
    montant_cnas = fields.Monetary(related="decompte_ligne_id.montant_cnas", string="Part CNAS réglée")
    motifs_ligne = fields.Text(related="decompte_ligne_id.motifs", string="Motifs du décompte", groups=GROUPES_DOSSIER)
    montant_demande = fields.Monetary(string="Montant demandé", required=True)
    montant_accorde = fields.Monetary(string="Montant accordé", readonly=True, copy=False)
    state = fields.Selection(
        [("deposee", "Déposée"), ("instruction", "En instruction"), ("acceptee", "Acceptée"),
         ("acceptee_partielle", "Acceptée en partie"), ("rejetee", "Rejetée"), ("retiree", "Retirée")],
        string="État", default="deposee", required=True, readonly=True, copy=False, index=True, tracking=True,
        group_expand="_etats_du_circuit")
    date_depot = fields.Date(string="Déposée le", readonly=True, copy=False)
    date_limite_reponse = fields.Date(string="Réponse attendue le", readonly=True, copy=False)
    en_retard = fields.Boolean(string="En retard", compute="_compute_en_retard", search="_search_en_retard")
    date_decision = fields.Date(string="Décidée le", readonly=True, copy=False)
    deposant_id = fields.Many2one("res.users", string="Déposée par", readonly=True, copy=False)
    decideur_id = fields.Many2one("res.users", string="Décidée par", readonly=True, copy=False)
    voie = fields.Selection(
        [("portail", "Portail de la formation"), ("guichet", "Guichet"), ("lien", "Lien de l'assuré")], string="Voie de dépôt",
        readonly=True, copy=False)
    juge_premier_id = fields.Many2one(
        related="premier_degre_id.decideur_id", string="Premier degré décidé par", store=True)
    motif_decision = fields.Text(string="Motif de la décision", readonly=True, copy=False)
    facture_complement_id = fields.Many2one(
        "cnas.facture", string="Réglée sur la facture", readonly=True, copy=False, index="btree_not_null",
        ondelete="restrict")

    _sql_constraints = [
        ("demande_positive", "CHECK (montant_demande > 0)", "Le montant demandé doit être supérieur à zéro."),
        ("accorde_borne", "CHECK (COALESCE(montant_accorde, 0) BETWEEN 0 AND montant_demande)",
         "Le montant accordé va de zéro au montant demandé."),
        ("une_par_degre", "", "Cette ligne a déjà été contestée à ce degré."),
        ("numero_unique", "UNIQUE (numero)", "Ce numéro de contestation est déjà pris."),
        ("quatre_yeux", "CHECK (decideur_id <> deposant_id)",
         "Quatre yeux : qui dépose une contestation ne la décide pas."),
    ]

    def init(self):
        super().init()
        self.env.cr.execute("""
            CREATE UNIQUE INDEX IF NOT EXISTS cnas_contestation_une_par_degre
                ON cnas_contestation (decompte_ligne_id, degre) WHERE state <> 'retiree'
        """)

    # ------------------------------------------------------------------ calculs
    @api.depends("state", "date_limite_reponse")
    def _compute_en_retard(self):
        jour = aujourd_hui()
        for contestation in self:
            contestation.en_retard = (
                contestation.state in OUVERTES
                and bool(contestation.date_limite_reponse) and contestation.date_limite_reponse < jour)

    def _search_en_retard(self, operateur, valeur):
        if operateur not in ("=", "!="):
            raise UserError(_("« En retard » se cherche par oui ou non."))
        jour = aujourd_hui()
        domaine = [("state", "in", OUVERTES), ("date_limite_reponse", "<", jour)]
        return domaine if (operateur == "=") == bool(valeur) else ["!", "&", *domaine]

    @api.onchange("decompte_ligne_id")
    def _onchange_decompte_ligne_id(self):
        if self.decompte_ligne_id:
            self.montant_demande = self.decompte_ligne_id._montant_contestable()

    # ------------------------------------------------------------------ CRUD
    @api.model_create_multi
    def create(self, vals_list):
        self._exiger_groupe((AGENT, PORTAIL), _("déposer une contestation"))
        self._refuser_redites(vals_list)
        lignes = self.env["cnas.decompte.ligne"].browse([v.get("decompte_ligne_id") for v in vals_list])
        lignes.check_access_rights("read")
        lignes.check_access_rule("read")
        self.flush_model(["state"])
        contestations = super().create(vals_list)
        for contestation in contestations.sudo():
            contestation._exiger_recevable()
        return contestations

    def _completer_creation(self, vals_list):
        jour = aujourd_hui()
        delai = self.env["cnas.parametre"]._au("delai_reponse_recours", jour)
        usager = self.env.user
        voie = "lien" if usager._is_public() else "portail" if usager.share else "guichet"
        for vals in vals_list:
            vals.update({
                "date_depot": jour, "date_limite_reponse": fields.Date.add(jour, days=delai),
                "deposant_id": self.env.uid, "voie": voie,
                "numero": self.env["ir.sequence"].sudo().next_by_code("cnas.contestation", sequence_date=jour)})
        return super()._completer_creation(vals_list)

    def write(self, vals):
        if RECOURS & vals.keys() and any(c.state != "deposee" for c in self):
            raise UserError(_("La contestation est en instruction : elle ne se modifie plus."))
        if RECOURS & vals.keys() and any(c.deposant_id != self.env.user for c in self):
            raise UserError(_("Seul son déposant retouche une contestation : il peut aussi la retirer et en déposer une autre."))
        if {"decompte_ligne_id", "degre"} & vals.keys():
            raise UserError(_("La ligne et le degré d'une contestation ne changent pas : retirez-la."))
        resultat = super().write(vals)
        if "montant_demande" in vals:
            for contestation in self.sudo():
                contestation._exiger_montant_plausible()
        return resultat

    @api.ondelete(at_uninstall=False)
    def _refuser_suppression(self):
        raise UserError(_("Une contestation ne se supprime pas : retirez-la."))

    # ------------------------------------------------------------------ actions publiques
    @transition("instruire")
    def action_instruire(self):
        """Ouvre l'instruction. Rend True."""
        self._changer_etat("instruction")

    @transition("accepter")
    def action_accepter(self, montant=None, motif=None):
        """Fait droit au recours, en tout ou partie.

        :param int montant: montant accordé (défaut : tout le montant demandé)
        :param str motif: motif de la décision, obligatoire si le montant accordé est partiel
        :return: True
        :raise UserError: montant hors bornes, motif manquant
        """
        if montant is None or montant is False:
            montant = self.montant_demande
        montant = lire_montant(montant, quoi=_("Montant accordé"), stricte=True)
        if not 0 < montant <= self.montant_demande:
            raise UserError(_(
                "Le montant accordé est un entier de 1 à %s.", ecrire_montant(self.montant_demande)))
        partiel = montant < self.montant_demande
        motif = lire_motif(motif)
        if partiel and not motif:
            raise UserError(_("Écrivez le motif d'une acceptation partielle."))
        self._decider("acceptee_partielle" if partiel else "acceptee", int(montant), motif or _("Recours fondé."))

    def action_ouvrir_decision(self):
        """Ouvre l'assistant de décision (montant accordé, motif). Rend une action de fenêtre."""
        self.ensure_one()
        self._exiger("accepter")
        return {
            "type": "ir.actions.act_window", "name": _("Décision"), "res_model": "cnas.decision.wizard",
            "view_mode": "form", "target": "new",
            "context": {"default_contestation_id": self.id, "default_montant_accorde": self.montant_demande},
        }

    @transition("rejeter")
    def action_rejeter(self, motif=None):
        """Rejette le recours, avec un motif. Rend True, ou l'assistant de motif."""
        for contestation in self:
            contestation._decider("rejetee", 0, motif)

    @transition("retirer")
    def action_retirer(self):
        """Retire une contestation non décidée. Rend True."""
        self.sudo()._changer_etat("retiree")

    @transition("second_degre")
    def action_second_degre(self, motif=None):
        """Porte la contestation rejetée (même en partie) devant la commission de recours.

        :param str motif: ce que la formation ajoute
        :return: True, ou l'assistant de motif
        """
        self.create({
            "decompte_ligne_id": self.decompte_ligne_id.id, "degre": "2", "motif": motif,
            "montant_demande": int(self.montant_demande - self.montant_accorde),
        })

    @transition("preparer_complement")
    def action_preparer_complement(self):
        """Prépare, sans attendre de feuille, la facture du mois qui règle les recours acceptés du même bénéficiaire.

        :return: l'action de fenêtre qui ouvre la facture (brouillon)
        """
        decompte = self.sudo().decompte_id
        qui = beneficiaire(decompte)
        identite = {"mode": decompte.mode, "assure_id" if qui._name == "cnas.assure" else "formation_id": qui.id}
        factures = self.env["cnas.facture"]
        facture = factures._preparer_complement(identite, aujourd_hui().replace(day=1))
        return {"type": "ir.actions.act_window", "name": _("Facture de complément"), "res_model": "cnas.facture",
                "res_id": facture.id, "view_mode": "form"}

    # ------------------------------------------------------------------ métier
    @api.model
    def _imputer(self, factures):
        """Impute sur les factures les compléments accordés et pas encore réglés à leur bénéficiaire."""
        a_regler = self._a_regler(factures)
        for facture in factures if a_regler else ():
            dues = a_regler.filtered(
                lambda c, f=facture: not c.facture_complement_id and c.facture_id != f
                and beneficiaire(c.decompte_id) == beneficiaire(f))
            dues._ecrire({"facture_complement_id": facture.id})

    @api.model
    def _a_regler(self, factures):
        """Rend les recours acceptés que nulle facture ne règle encore, dus à qui ces factures paient."""
        qui = {beneficiaire(facture)._origin for facture in factures}
        dus = self.search([
            ("facture_complement_id", "=", False), ("state", "in", ACCEPTEES),
            ("decompte_id.state", "=", "emis"), "|", ("formation_id", "in", factures.formation_id._origin.ids),
            "|", ("decompte_id.assure_id", "in", factures.assure_id._origin.ids),
            ("decompte_id.assure_id.fusionne_dans_id", "in", factures.assure_id._origin.ids)])
        return dus.filtered(lambda c: beneficiaire(c.decompte_id) in qui)

    def _decider(self, etat, montant, motif):
        self._changer_etat(
            etat, montant_accorde=montant, motif_decision=motif, decideur_id=self.env.uid,
            date_decision=aujourd_hui())
        decompte = self.sudo().decompte_id
        lien = f"{self.get_base_url()}/my/formation/contestations"
        self.env["cnas.avis"]._donner(
            self, beneficiaire(decompte), type(self)._avis_de_decision,
            decompte._url_assure() if decompte.mode == "remboursement" else lien,
            self.sudo().facture_id._partenaires_formation())

    def _avis_de_decision(self):
        faits = {"numero": self.numero, "etat": self._libelle_etat(self.state).lower(), "montant": ecrire_montant(self.montant_accorde)}
        return (_("Contestation %s", self.numero),
                _("Votre contestation %(numero)s est %(etat)s. Montant accordé : %(montant)s. Motif : %(motif)s", motif=self.motif_decision, **faits),
                _("Votre contestation %(numero)s est %(etat)s. Montant accordé : %(montant)s.", **faits))

    @api.model
    def _refuser_redites(self, vals_list):
        """Refuse, avant d'écrire, un montant nul ou une ligne déjà contestée au même degré.

        L'index unique et le CHECK de la base restent les derniers remparts, en concurrence.
        """
        ids = [v.get("decompte_ligne_id") for v in vals_list]
        deja = {(c.decompte_ligne_id.id, c.degre): c.numero for c in self.sudo().search(
            [("decompte_ligne_id", "in", ids), ("state", "!=", "retiree")])}
        for vals in vals_list:
            numero = deja.get((vals.get("decompte_ligne_id"), vals.get("degre", "1")))
            if numero:
                raise ValidationError(_("Cette ligne a déjà été contestée à ce degré (%s).", numero))
            if not isinstance(vals.get("montant_demande"), (int, float)) or vals["montant_demande"] <= 0:
                raise ValidationError(_("Le montant demandé doit être supérieur à zéro."))

    def _champs_des_actions(self):
        return super()._champs_des_actions() | {"decompte_id.state", "second_degre_ids.state", "facture_complement_id"}

    def _empeche_contre_passe(self):
        """Rend {id: raison} des recours dont le décompte ne tient plus."""
        return {contestation.id: contestation._phrase_contre_passe() for contestation in self.sudo()
                if not contestation.decompte_ligne_id._en_vigueur()}

    def _empeche_regle(self):
        """Rend {id: raison} des recours qu'une facture règle déjà."""
        return {contestation.id: _("il est réglé sur %s.", contestation.facture_complement_id.numero)
                for contestation in self.sudo() if contestation.facture_complement_id}

    def _empeche_de_porter(self):
        """Rend {id: raison} des recours que la commission ne prend pas : déjà tranchés par elle, déjà portés, hors délai."""
        jour = aujourd_hui()
        portes = {c.decompte_ligne_id: c.numero for c in self.sudo().search([
            ("decompte_ligne_id", "in", self.sudo().decompte_ligne_id.ids), ("degre", "=", "2"), ("state", "!=", "retiree")])}
        raisons = {}
        for contestation in self.sudo():
            limite = contestation._limite_second_degre()
            if contestation.degre == "2":
                raisons[contestation.id] = _("la commission de recours a tranché : il n'y a pas de troisième degré.")
            elif contestation.decompte_ligne_id in portes:
                raisons[contestation.id] = _("la commission de recours est déjà saisie de cette ligne (%s).",
                                             portes[contestation.decompte_ligne_id])
            elif jour > limite:
                raisons[contestation.id] = contestation._phrase_expire(limite)
        return raisons

    def _limite_second_degre(self):
        """Rend le dernier jour pour porter ce recours décidé devant la commission."""
        delai = self.env["cnas.parametre"]._au("delai_recours", self.date_decision)
        return fields.Date.add(self.date_decision, days=delai)

    def _phrase_expire(self, limite):
        return _("Le délai de recours a expiré le %s : la contestation n'est plus recevable.", ecrire_date(limite))

    def _phrase_contre_passe(self):
        return _("Le décompte %s a été contre-passé : il ne se conteste plus.", self.decompte_id.numero)

    def _empeche_de_juger(self):
        """Rend {id: raison} des recours de second degré, que seul le superviseur décide."""
        if self._a_le_role((SUPERVISEUR,)):
            return {}
        return {contestation.id: _("seul le rôle %s décide un recours de second degré.", self._noms_roles((SUPERVISEUR,)))
                for contestation in self if contestation.degre == "2"}

    def _exiger_recevable(self):
        """Vérifie délai, unicité par degré, degré précédent et montant.

        :raise ValidationError: avec ce qu'il faut corriger
        """
        decompte = self.decompte_id
        if not self.decompte_ligne_id._en_vigueur():
            raise ValidationError(self._phrase_contre_passe())
        self._exiger_montant_plausible()
        freres = self.search([
            ("decompte_ligne_id", "=", self.decompte_ligne_id.id), ("id", "!=", self.id), ("state", "!=", "retiree")])
        if self.degre == "1":
            limite = decompte.date_limite_recours
            if freres:
                raise ValidationError(_("Cette ligne a déjà été contestée (%s).", freres[0].numero))
        else:
            premier = freres.filtered(lambda c: c.degre == "1")
            if premier.state not in ("rejetee", "acceptee_partielle"):
                raise ValidationError(_("Le second degré suppose un premier degré rejeté, au moins en partie."))
            limite = premier._limite_second_degre()
            self._ecrire({"premier_degre_id": premier.id})
        if self.date_depot > limite:
            raise ValidationError(self._phrase_expire(limite))

    def _exiger_montant_plausible(self):
        maximum = self.decompte_ligne_id._montant_contestable()
        if not 0 < self.montant_demande <= maximum:
            raise ValidationError(_(
                "Le montant demandé va de 1 à %s (facturé moins ce qui est déjà réglé).",
                ecrire_montant(maximum)))
