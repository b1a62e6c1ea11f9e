from datetime import timedelta

from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.arrondi import arrondi_xaf
from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_montant, ecrire_quantite
from odoo.addons.cnas_base.garde import MOTIF_MAX, Action, actions, transition
from odoo.addons.cnas_base.jour import aujourd_hui

from .. import estimation
from .indicateur import SUPERVISEUR

# Qui a proposé l'indu, ou écrit la contestation, ne la tranche pas.
PARTIES = ("proposeur_id", "contestataire_id")


@actions
class CampagneResultat(models.Model):
    """Ce qu'une campagne dit d'une formation : son taux d'erreur, le trop payé extrapolé, leurs intervalles à 95 %, l'indu proposé.

    États : calculé → indu proposé → contesté → maintenu ou révisé. Seule la borne basse de l'intervalle est réclamée, jamais moins que
    le trop payé vu. L'indu est celui de la facturation : un autre superviseur le notifie, la formation a un délai pour contester, dans son
    espace ou au guichet ; un superviseur qui ne l'a ni proposé ni contesté tranche, et elle lit pourquoi. Le taux d'erreur règle, à deux, le taux d'audit de la formation (PLF-04).
    """

    _name = "cnas.campagne.resultat"
    _description = "Résultat d'une campagne"
    _inherit = ["cnas.etat.mixin", "cnas.fichiers.mixin", "cnas.montant.mixin", "mail.thread"]
    _champs_fichiers = ("piece_ids",)
    _fichiers_comme = "cnas.feuille_soin.piece"
    _order = "id desc"

    _etat_initial = "calcule"
    _actions = {
        "proposer": Action(titre=_lt("Proposer l'indu"), de=("calcule",), vers=("propose",), roles=(SUPERVISEUR,), seul=True,
                           empeche=("_empeche_sans_erreur", "_empeche_deja_reclame")),
        "contester": Action(
            titre=_lt("Noter la contestation"), de=("propose",), vers=("conteste",), roles=("cnas_base.group_controleur",), seul=True, motif=True,
            empeche=("_empeche_annule", "_empeche_hors_delai")),
        "maintenir": Action(
            titre=_lt("Maintenir"), de=("conteste",), vers=("maintenu",), roles=(SUPERVISEUR,), seul=True, motif=True, quatre_yeux=PARTIES,
            empeche=("_empeche_annule",)),
        "reviser": Action(
            titre=_lt("Réviser"), de=("conteste",), vers=("revise",), roles=(SUPERVISEUR,), seul=True, motif=True, quatre_yeux=PARTIES,
            empeche=("_empeche_revision",)),
        "regler_audit": Action(
            titre=_lt("Régler le taux d'audit"), de=("calcule", "propose", "conteste", "maintenu", "revise"), roles=(SUPERVISEUR,), seul=True, annonce=False),
    }
    _champs_geles = (
        "campagne_id", "formation_id", "population", "tirees", "en_erreur", "taux_erreur", "taux_bas", "taux_haut", "observe", "estimation", "bas", "haut",
        "montant_propose", "indu_id", "proposeur_id", "date_contestation", "motif_contestation", "contestataire_id", "date_decision", "motif_decision", "taux_audit")
    _champs_journal = ("indu_id", "montant_propose", "montant_revise", "motif_contestation", "motif_decision")

    campagne_id = fields.Many2one("cnas.campagne", string="Campagne", required=True, index=True, ondelete="cascade", readonly=True)
    formation_id = fields.Many2one("cnas.formation_sanitaire", string="Formation", required=True, index=True, ondelete="restrict", readonly=True)
    population = fields.Integer(string="Population", readonly=True)
    tirees = fields.Integer(string="Tirées", readonly=True)
    en_erreur = fields.Integer(string="En erreur", readonly=True)
    taux_erreur = fields.Float(string="Taux d'erreur (%)", digits=(5, 1), readonly=True, group_operator="avg")
    taux_bas = fields.Float(string="… au moins (%)", digits=(5, 1), readonly=True, group_operator="avg")
    taux_haut = fields.Float(string="… au plus (%)", digits=(5, 1), readonly=True, group_operator="avg")
    observe = fields.Monetary(string="Trop payé vu", readonly=True)
    estimation = fields.Monetary(string="Trop payé estimé", readonly=True)
    bas = fields.Monetary(string="… au moins", readonly=True)
    haut = fields.Monetary(string="… au plus", readonly=True)
    montant_propose = fields.Monetary(string="Réclamé", readonly=True, help="La borne basse de l'intervalle à 95 %.")
    montant_revise = fields.Monetary(string="Révisé à", help="Ce que la contestation laisse à réclamer ; zéro : plus rien.")
    indu_id = fields.Many2one("cnas.indu", string="Indu", readonly=True, copy=False, index="btree_not_null", ondelete="restrict")
    indu_etat = fields.Selection(related="indu_id.state", string="État de l'indu")
    proposeur_id = fields.Many2one("res.users", string="Proposé par", readonly=True, copy=False, ondelete="restrict")
    limite_contestation = fields.Date(string="Contestable jusqu'au", compute="_compute_limite_contestation", compute_sudo=True)
    date_contestation = fields.Date(string="Contesté le", readonly=True, copy=False)
    motif_contestation = fields.Text(string="Ce que dit la formation", readonly=True, copy=False)
    contestataire_id = fields.Many2one("res.users", string="Contestation écrite par", readonly=True, copy=False, ondelete="restrict")
    piece_ids = fields.Many2many("ir.attachment", "cnas_campagne_resultat_piece_rel", "resultat_id", "piece_id", string="Pièces de la contestation", copy=False)
    date_decision = fields.Date(string="Tranché le", readonly=True, copy=False)
    motif_decision = fields.Text(string="Pourquoi", readonly=True, copy=False)
    taux_audit = fields.Integer(string="Taux d'audit proposé (%)", readonly=True)
    state = fields.Selection(
        [("calcule", "Calculé"), ("propose", "Indu proposé"), ("conteste", "Contesté"), ("maintenu", "Maintenu"), ("revise", "Révisé")], string="État",
        default="calcule", required=True, readonly=True, copy=False, index=True, tracking=True)

    _sql_constraints = [
        ("formation_unique", "UNIQUE (campagne_id, formation_id)", "Cette formation a déjà son résultat dans la campagne."),
        ("revision_bornee", "CHECK (montant_revise >= 0 AND montant_revise <= montant_propose)", "Une révision ne réclame pas plus que l'indu proposé."),
    ]

    @api.depends("campagne_id", "formation_id")
    def _compute_display_name(self):
        for resultat in self:
            resultat.display_name = f"{resultat.campagne_id.numero or ''} — {resultat.formation_id.name or ''}"

    @api.depends("indu_id.date_notification")
    def _compute_limite_contestation(self):
        for resultat in self:
            notifie = resultat.indu_id.date_notification
            resultat.limite_contestation = notifie and notifie + timedelta(days=self.env["cnas.parametre"]._au("campagne_delai_contestation", notifie))

    def write(self, vals):
        if "montant_revise" in vals and not self._ouvert(vals.keys()):
            self._exiger_groupe(SUPERVISEUR, _("réviser un indu extrapolé"))
            if any(resultat.state != "conteste" for resultat in self):
                raise UserError(_("Un montant se révise sur contestation : rien n'est contesté, ou tout est tranché."))
        if "piece_ids" not in vals or self._ouvert(vals.keys()):
            return super().write(vals)
        if any(resultat.state != "conteste" for resultat in self):
            raise UserError(_("Une pièce se joint à une contestation : rien n'est contesté, ou tout est tranché."))
        jointes = {resultat: resultat.piece_ids for resultat in self.sudo() if resultat.contestataire_id != self.env.user}
        ecrit = super().write(vals)
        if any(pieces - resultat.piece_ids for resultat, pieces in jointes.items()):
            raise UserError(_("Une pièce de la contestation ne se retire que par qui l'a écrite : joignez la vôtre à côté."))
        return ecrit

    @api.ondelete(at_uninstall=False)
    def _refuser_suppression(self):
        raise UserError(_("Un résultat ne se supprime pas : il se conteste et se révise."))

    @api.model_create_multi
    def create(self, vals_list):
        if not self._ouvert(("campagne_id",)):
            raise UserError(_("Un résultat naît de la conclusion d'une campagne."))
        return super().create(vals_list)

    # ------------------------------------------------------------------ actions publiques
    @transition("proposer")
    def action_proposer(self):
        """Constate l'indu extrapolé ; un autre superviseur le notifiera. Rend True."""
        indu = self.env["cnas.indu"].create({
            "formation_id": self.formation_id.id, "compte": "principal", "montant": self.montant_propose, "motif": self.campagne_id._motif_indu(self)})
        self._changer_etat("propose", indu_id=indu.id, proposeur_id=self.env.uid)

    @transition("contester")
    def action_contester(self, motif=None):
        """Note la contestation de la formation, dans le délai. Rend True ou l'assistant."""
        self._changer_etat("conteste", date_contestation=aujourd_hui(), motif_contestation=motif, contestataire_id=self.env.uid)

    @transition("maintenir")
    def action_maintenir(self, motif=None):
        """Maintient l'indu contesté. Rend True ou l'assistant."""
        self._changer_etat("maintenu", date_decision=aujourd_hui(), motif_decision=motif)
        self._dire_decision(self.indu_id, lambda self: _("Votre contestation de l'indu %s est rejetée : il reste dû.", self.numero))

    @transition("reviser")
    def action_reviser(self, motif=None):
        """Annule l'indu contesté et en constate un autre, au montant révisé. Rend True ou l'assistant."""
        ancien = self.indu_id
        if ancien.state != "annule":
            ancien.action_annuler(motif)
        neuf = self.env["cnas.indu"].create({
            "formation_id": self.formation_id.id, "compte": "principal", "montant": self.montant_revise,
            "motif": _("%(campagne)s, révisé sur contestation (remplace %(ancien)s) : %(motif)s", campagne=self.campagne_id.numero, ancien=ancien.numero, motif=motif),
        }) if self.montant_revise else ancien
        self._changer_etat("revise", indu_id=neuf.id, date_decision=aujourd_hui(), motif_decision=motif)
        montant = self.montant_revise
        self._dire_decision(ancien, lambda self: _(
            "Votre contestation est entendue : l'indu %(ancien)s est annulé, un autre de %(montant)s vous sera notifié.",
            ancien=self.numero, montant=ecrire_montant(montant)) if montant else _(
            "Votre contestation est entendue : l'indu %s est annulé, plus rien n'est réclamé.", self.numero))

    @transition("regler_audit")
    def action_regler_audit(self):
        """Demande que le taux d'audit de la formation suive son taux d'erreur ; un autre superviseur accepte. Rend l'action qui montre la demande."""
        code = f"PLF-04.taux:{self.formation_id.code}"
        magasin = self.env["cnas.parametre"].sudo()
        ligne = magasin.search([("code", "=", code), ("en_vigueur", "=", True)], limit=1)
        motif = _("%(campagne)s : taux d'erreur de %(taux)s %%", campagne=self.campagne_id.numero, taux=ecrire_quantite(self.taux_erreur))
        valeurs = {"valeur": str(self.taux_audit)} if ligne else {
            "code": code, "name": _("Part des feuilles tirées — %s", self.formation_id.name), "famille": "regles", "valeur": str(self.taux_audit),
            "type_valeur": "pourcentage", "unite": "%", "date_debut": str(aujourd_hui()), "source": self.campagne_id.numero}
        demande = ligne.demander_changement(valeurs, motif) if ligne else magasin.demander_changement(valeurs, motif)
        return {"type": "ir.actions.act_window", "res_model": "cnas.changement", "res_id": demande, "view_mode": "form"}

    def action_indu(self):
        """Ouvre l'indu. Rend une action de fenêtre."""
        self.ensure_one()
        return {"type": "ir.actions.act_window", "res_model": "cnas.indu", "res_id": self.indu_id.id, "view_mode": "form"}

    # ------------------------------------------------------------------ la formation
    def _contester_en_ligne(self, motif, fichiers):
        """La formation conteste elle-même l'indu qu'elle vient de lire, avec ses pièces : mêmes délais, même état qu'au guichet.

        :param fichiers: [(nom, octets, type)]
        :raise UserError: motif vide, délai passé, déjà contesté
        """
        if not motif.strip():
            raise UserError(_("Écrivez ce que vous opposez au contrôle."))
        resultat = self.sudo()
        resultat.action_contester(motif.strip()[:MOTIF_MAX])
        resultat._joindre_recus("piece_ids", fichiers)

    def _dire_decision(self, indu, ecrire):
        """Dit à la formation ce que sa contestation devient, et pourquoi ; le SMS ne dit pas pourquoi."""
        motif = self.motif_decision
        indu._prevenir(lambda self: (_("Contestation tranchée — %s", self.numero),
                                     _("%(phrase)s Motif : %(motif)s", phrase=ecrire(self), motif=motif), ecrire(self)))

    # ------------------------------------------------------------------ calcul
    @api.model
    def _calculer(self, campagne):
        """Pose un résultat par formation de la campagne."""
        par_formation = campagne.sudo().strate_ids.grouped("formation_id")
        unites = campagne.sudo().feuille_ids.grouped("strate_id")
        valeurs = []
        for formation, strates in par_formation.items():
            observees = [self._observer(strate, unites.get(strate, ())) for strate in strates]
            valeurs.append({"campagne_id": campagne.id, "formation_id": formation.id, **self._chiffrer(observees)})
        return self.sudo()._creer(valeurs)

    @api.model
    def _observer(self, strate, unites):
        return estimation.Strate(strate.effectif, strate.total, tuple(u.trop_paye for u in unites), tuple(u.montant_cnas for u in unites))

    @api.model
    def _chiffrer(self, observees):
        """Rend les chiffres d'une formation d'après ses strates observées."""
        taux, somme = estimation.estimer_taux(observees), estimation.extrapoler(observees)
        lire = self.env["cnas.parametre"]._au
        audit = round(100 * taux.valeur) * lire("audit_facteur")
        return {
            "population": sum(s.effectif for s in observees), "tirees": sum(len(s.erreurs) for s in observees),
            "en_erreur": sum(sum(e > 0 for e in s.erreurs) for s in observees), "observe": sum(sum(s.erreurs) for s in observees),
            "taux_erreur": 100 * taux.valeur, "taux_bas": 100 * taux.bas, "taux_haut": 100 * taux.haut,
            "estimation": arrondi_xaf(somme.valeur), "bas": arrondi_xaf(somme.bas), "haut": arrondi_xaf(somme.haut), "montant_propose": arrondi_xaf(somme.bas),
            "taux_audit": max(lire("audit_plancher"), min(lire("audit_plafond"), audit))}

    # ------------------------------------------------------------------ privé
    def _champs_des_actions(self):
        return super()._champs_des_actions() | {"montant_propose", "montant_revise", "indu_id"}

    def _empeche_sans_erreur(self):
        """Rend {id: raison} des résultats sans trop payé à réclamer."""
        return {r.id: _("aucun trop payé n'est établi.") for r in self if r.montant_propose <= 0}

    def _empeche_deja_reclame(self):
        """Rend {id: raison} des résultats dont une autre campagne réclame déjà des feuilles : un trop payé ne s'extrapole pas deux fois."""
        raisons, reclames = {}, self.sudo().search([("formation_id", "in", self.formation_id.ids), ("indu_id.state", "in", ("constate", "notifie", "solde"))])
        for resultat in self.sudo():
            sienne = resultat.campagne_id
            for autre in reclames.filtered(lambda r, f=resultat.formation_id: r.formation_id == f) - resultat:
                campagne = autre.campagne_id
                if (campagne.date_debut <= sienne.date_fin and sienne.date_debut <= campagne.date_fin
                        and ("tous" in (campagne.type_soins, sienne.type_soins) or campagne.type_soins == sienne.type_soins)):
                    raisons[resultat.id] = _("la campagne %(numero)s réclame déjà l'indu %(indu)s sur des soins de la même période.",
                                             numero=campagne.numero, indu=autre.indu_id.numero)
        return raisons

    def _empeche_hors_delai(self):
        """Rend {id: raison} des résultats dont l'indu n'est pas notifié, ou l'est depuis trop longtemps."""
        raisons, jour = {}, aujourd_hui()
        for resultat in self.sudo():
            if not resultat.limite_contestation:
                raisons[resultat.id] = _("l'indu n'est pas encore notifié : il n'y a rien à contester.")
            elif resultat.limite_contestation < jour:
                raisons[resultat.id] = _("le délai pour contester a fini le %s.", ecrire_date(resultat.limite_contestation))
        return raisons

    def _empeche_annule(self):
        """Rend {id: raison} des résultats dont l'indu est annulé : il n'y a plus rien à contester ni à maintenir."""
        return {r.id: _("l'indu %s est annulé, il ne reste rien à réclamer.", r.indu_id.numero) for r in self.sudo() if r.indu_id.state == "annule"}

    def _empeche_revision(self):
        """Rend {id: raison} des résultats dont la révision ne change rien."""
        return {r.id: _("dites un montant révisé plus bas que le réclamé.") for r in self if r.montant_revise >= r.montant_propose}
