from datetime import timedelta

from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.impression.langue import dire_a
from odoo.addons.cnas_base.jour import aujourd_hui

from .indicateur import SUPERVISEUR

CONTROLEUR = "cnas_base.group_controleur"
PROPOSITION = frozenset(("suite", "conclusion", "montant"))
SUITES = [("sans_suite", "Sans suite"), ("avertissement", "Avertissement"), ("indu", "Indu"), ("suspension", "Suspension"), ("plainte", "Plainte")]


@actions
class Affaire(models.Model):
    """Une affaire de fraude présumée : d'où elle vient, qui la mène, jusqu'à quand, ce qu'on y a fait, la suite donnée.

    États : ouverte → instruction → contradictoire (la personne est entendue) → close ; rouverte sur motif. Elle est **secrète** : le
    superviseur, son responsable et son équipe la lisent, pièces et messages compris ; l'agent qu'elle vise, jamais, ni ce qu'on en tire
    (alertes, signalements, campagnes, missions). Le responsable instruit et propose la suite ; un superviseur autre que lui et que qui a
    écrit la suite conclut (table `_actions`). La suite confirme ou infirme ses alertes.
    """

    _name = "cnas.affaire"
    _description = "Affaire de contrôle"
    _inherit = ["cnas.etat.mixin", "cnas.montant.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "echeance, id desc"
    # Son nom affiché est son seul numéro : un lien, une activité, un courriel le montrent à qui ne la lit pas.
    _rec_name = "numero"
    _rec_names_search = ["numero", "name"]

    _etat_initial = "ouverte"
    _actions = {
        "instruire": Action(titre=_lt("Instruire"), de=("ouverte",), vers=("instruction",), roles=(SUPERVISEUR,), empeche=("_empeche_sans_responsable",)),
        "entendre": Action(
            titre=_lt("Passer au contradictoire"), de=("instruction",), vers=("contradictoire",), roles=(CONTROLEUR,), seul=True, empeche=("_empeche_sans_audition",)),
        "conclure": Action(
            titre=_lt("Conclure"), de=("instruction", "contradictoire"), vers=("close",), roles=(SUPERVISEUR,), quatre_yeux=("responsable_id", "proposeur_id"),
            empeche=("_empeche_sans_suite",)),
        "rouvrir": Action(titre=_lt("Rouvrir"), de=("close",), vers=("instruction",), roles=(SUPERVISEUR,), motif=True, empeche=("_empeche_indu_vivant",)),
        "proposer_indu": Action(titre=_lt("Constater l'indu"), de=("close",), roles=(SUPERVISEUR,), seul=True, empeche=("_empeche_indu",), annonce=False),
        "signer_mission": Action(titre=_lt("Préparer une mission"), de=("instruction", "contradictoire"), roles=(CONTROLEUR,), seul=True, annonce=False),
    }
    _champs_geles = ("numero", "proposeur_id", "indu_id", "date_cloture", "cloturee_par_id")
    _champs_fixes = ("origine",)
    _champs_journal = ("responsable_id", "equipe_ids", "echeance", "suite", "montant", "indu_id")

    numero = fields.Char(string="Numéro", readonly=True, copy=False, index=True)
    name = fields.Char(string="Objet", required=True)
    origine = fields.Selection(
        [("main", "À la main"), ("indicateur", "Indicateur"), ("signalement", "Signalement"), ("campagne", "Campagne")], string="Origine", required=True,
        default="main")
    formation_id = fields.Many2one("cnas.formation_sanitaire", string="Formation en cause", index="btree_not_null", ondelete="restrict")
    praticien_id = fields.Many2one("cnas.praticien", string="Praticien en cause", index="btree_not_null", ondelete="restrict")
    assure_id = fields.Many2one("cnas.assure", string="Assuré en cause", index="btree_not_null", ondelete="restrict")
    usager_en_cause_id = fields.Many2one(
        "res.users", string="Agent en cause", index="btree_not_null", ondelete="restrict", help="Il ne voit ni l'affaire, ni ses pièces.")
    responsable_id = fields.Many2one(
        "res.users", string="Responsable", index=True, ondelete="restrict", tracking=True,
        domain=lambda self: [("groups_id", "in", self.env.ref(CONTROLEUR).ids)])
    equipe_ids = fields.Many2many(
        "res.users", "cnas_affaire_equipe_rel", "affaire_id", "usager_id", string="Équipe", domain=lambda self: [("groups_id", "in", self.env.ref(CONTROLEUR).ids)])
    echeance = fields.Date(string="Échéance", tracking=True, default=lambda self: self._echeance_ordinaire())
    en_retard = fields.Boolean(string="En retard", compute="_compute_en_retard", search="_search_en_retard")
    faits = fields.Text(string="Faits")
    acte_ids = fields.One2many("cnas.affaire.acte", "affaire_id", string="Actes")
    alerte_ids = fields.One2many("cnas.alerte", "affaire_id", string="Alertes", readonly=True)
    signalement_ids = fields.One2many("cnas.signalement", "affaire_id", string="Signalements", readonly=True)
    campagne_ids = fields.One2many("cnas.campagne", "affaire_id", string="Campagnes", readonly=True)
    mission_ids = fields.One2many("cnas.mission", "affaire_id", string="Missions", readonly=True)
    suite = fields.Selection(SUITES, string="Suite proposée", tracking=True)
    conclusion = fields.Text(string="Conclusion")
    proposeur_id = fields.Many2one("res.users", string="Suite proposée par", readonly=True, copy=False, ondelete="restrict")
    montant = fields.Monetary(string="Préjudice", help="Ce que la caisse a payé à tort.")
    indu_id = fields.Many2one("cnas.indu", string="Indu constaté", readonly=True, copy=False, ondelete="restrict")
    date_cloture = fields.Date(string="Close le", readonly=True, copy=False)
    cloturee_par_id = fields.Many2one("res.users", string="Conclue par", readonly=True, copy=False, ondelete="restrict")
    state = fields.Selection(
        [("ouverte", "Ouverte"), ("instruction", "Instruction"), ("contradictoire", "Contradictoire"), ("close", "Close")], string="État", default="ouverte",
        required=True, readonly=True, copy=False, index=True, tracking=True)

    _sql_constraints = [
        ("numero_unique", "UNIQUE (numero)", "Ce numéro d'affaire est déjà pris."),
        ("montant_positif", "CHECK (montant >= 0)", "Un préjudice ne peut pas être négatif."),
    ]

    @api.depends("echeance", "state")
    def _compute_en_retard(self):
        jour = aujourd_hui()
        for affaire in self:
            affaire.en_retard = bool(affaire.echeance and affaire.echeance < jour and affaire.state != "close")

    @api.model
    def _search_en_retard(self, operateur, valeur):
        return self._domaine_oui_non(operateur, valeur, [("state", "!=", "close"), ("echeance", "<", aujourd_hui())])

    @api.model
    def _echeance_ordinaire(self):
        return aujourd_hui() + timedelta(days=self.env["cnas.parametre"]._au("affaire_delai_jours"))

    @api.constrains("usager_en_cause_id", "responsable_id", "equipe_ids")
    def _check_en_cause(self):
        for affaire in self:
            if affaire.usager_en_cause_id & (affaire.responsable_id | affaire.equipe_ids):
                raise UserError(_("L'agent en cause ne mène pas l'affaire et n'est pas de son équipe."))

    # ------------------------------------------------------------------ CRUD
    @api.model_create_multi
    def create(self, vals_list):
        self._exiger_groupe(SUPERVISEUR, _("ouvrir une affaire"))
        return super().create(vals_list)

    def _completer_creation(self, vals_list):
        for vals in vals_list:
            vals["numero"] = self.env["ir.sequence"].sudo().next_by_code("cnas.affaire", sequence_date=aujourd_hui())
            if PROPOSITION & {champ for champ, valeur in vals.items() if valeur}:
                vals["proposeur_id"] = self.env.uid
        return super()._completer_creation(vals_list)

    def write(self, vals):
        if any(affaire.state == "close" for affaire in self) and not self._ouvert(vals.keys()) and vals.keys() - {"message_follower_ids", "activity_ids", "message_ids"}:
            raise UserError(_("L'affaire est close : rouvrez-la avec un motif avant d'y changer quoi que ce soit."))
        reserves = {"responsable_id", "equipe_ids", "echeance", "usager_en_cause_id", "formation_id", "praticien_id", "assure_id"} & vals.keys()
        if reserves and not self._ouvert(reserves):
            self._exiger_groupe(SUPERVISEUR, _("désigner qui mène une affaire, son échéance et qui elle vise"))
        resultat = super().write(vals)
        if PROPOSITION & vals.keys():
            self._ecrire({"proposeur_id": self.env.uid}, suivi=False)
        if reserves:
            self._suivre_qui_la_mene()
        return resultat

    @api.ondelete(at_uninstall=False)
    def _refuser_suppression(self):
        raise UserError(_("Une affaire ne se supprime pas : concluez-la sans suite."))

    # ------------------------------------------------------------------ actions publiques
    @transition("instruire")
    def action_instruire(self):
        """Met l'affaire entre les mains de son responsable. Rend True."""
        self._changer_etat("instruction")
        for affaire in self:
            affaire.activity_schedule("mail.mail_activity_data_todo", affaire.echeance, user_id=affaire.responsable_id.id,
                                      summary=dire_a(affaire.responsable_id, affaire, lambda self: _("Instruire %s", self.numero)))

    @transition("entendre")
    def action_entendre(self):
        """Ouvre le contradictoire : une audition est au dossier. Rend True."""
        self._changer_etat("contradictoire")

    @transition("conclure")
    def action_conclure(self):
        """Clôt l'affaire sur sa suite : ses alertes se confirment, ou s'infirment si elle est sans suite. Rend True."""
        for affaire in self:
            affaire._changer_etat("close", date_cloture=aujourd_hui(), cloturee_par_id=self.env.uid)
            affaire.alerte_ids._changer_etat("infirmee" if affaire.suite == "sans_suite" else "confirmee")
            affaire.activity_ids.action_done()

    @transition("rouvrir")
    def action_rouvrir(self, motif=None):
        """Rouvre une affaire close : ses alertes reviennent en affaire. Rend True ou l'assistant."""
        self._changer_etat("instruction", date_cloture=False, cloturee_par_id=False)
        self.alerte_ids._changer_etat("en_affaire")

    @transition("proposer_indu")
    def action_proposer_indu(self):
        """Constate l'indu de l'affaire ; un autre superviseur le notifie. Rend l'action qui le montre."""
        indu = self.env["cnas.indu"].create({
            "formation_id": self.formation_id.id, "assure_id": False if self.formation_id else self.assure_id.id, "montant": self.montant,
            # tous les agents et le débiteur lisent ce motif : ni l'objet, ni d'où vient l'affaire
            "motif": _("Contrôle après coup %s : prestations payées à tort, la personne entendue", self.numero)})
        self._ecrire({"indu_id": indu.id})
        return {"type": "ir.actions.act_window", "res_model": "cnas.indu", "res_id": indu.id, "view_mode": "form"}

    @transition("signer_mission")
    def action_signer_mission(self):
        """Ouvre un ordre de mission pour cette affaire, déjà rempli. Rend une action de fenêtre."""
        return {"type": "ir.actions.act_window", "name": _("Mission"), "res_model": "cnas.mission", "view_mode": "form", "context": {
            "default_affaire_id": self.id, "default_formation_id": self.formation_id.id, "default_chef_id": self.responsable_id.id}}

    def action_campagne(self):
        """Ouvre une campagne de contrôle pour la formation en cause, déjà remplie. Rend une action de fenêtre."""
        self.ensure_one()
        return {"type": "ir.actions.act_window", "name": _("Campagne"), "res_model": "cnas.campagne", "view_mode": "form", "context": {
            "default_affaire_id": self.id, "default_formation_ids": self.formation_id.ids, "default_name": self.formation_id.name}}

    # ------------------------------------------------------------------ privé
    def _suivre_qui_la_mene(self):
        """L'activité suit le responsable et l'échéance ; qui ne lit plus l'affaire n'en reçoit plus les messages."""
        for affaire in self.sudo():
            affaire.activity_reschedule(["mail.mail_activity_data_todo"], date_deadline=affaire.echeance, new_user_id=affaire.responsable_id.id)
            abonnes = affaire.message_partner_ids
            lecteurs = abonnes.user_ids.filtered(lambda usager, a=affaire: a.with_user(usager)._filter_access_rules_python("read"))
            affaire.message_unsubscribe((abonnes - lecteurs.partner_id).ids)

    def _ouvrir(self):
        """Rend l'action qui montre ces affaires."""
        action = self.env["ir.actions.act_window"]._for_xml_id("cnas_controle.affaire_action")
        if len(self) == 1:
            return {**action, "views": [(False, "form")], "res_id": self.id, "context": {}}
        return {**action, "domain": [("id", "in", self.ids)], "context": {}}

    def _champs_des_actions(self):
        return super()._champs_des_actions() | {"suite", "conclusion", "echeance", "montant", "indu_id", "acte_ids", "formation_id", "assure_id"}

    def _empeche_sans_responsable(self):
        """Rend {id: raison} des affaires sans responsable ni échéance à venir."""
        jour = aujourd_hui()
        return {a.id: _("désignez un responsable et une échéance à venir.") for a in self if not a.responsable_id or not a.echeance or a.echeance < jour}

    def _empeche_sans_audition(self):
        """Rend {id: raison} des affaires où nul n'a été entendu."""
        return {a.id: _("notez d'abord l'audition (onglet Actes), ou le refus d'être entendu.") for a in self if "audition" not in a.acte_ids.mapped("nature")}

    def _empeche_sans_suite(self):
        """Rend {id: raison} des affaires sans suite ni conclusion, ou qui puniraient sans avoir entendu."""
        raisons = {}
        for affaire in self:
            if not affaire.suite or not (affaire.conclusion or "").strip():
                raisons[affaire.id] = _("proposez une suite et écrivez la conclusion.")
            elif affaire.suite not in ("sans_suite", "avertissement") and affaire.state != "contradictoire":
                raisons[affaire.id] = _("cette suite demande d'entendre la personne : passez au contradictoire.")
            elif affaire.suite == "indu" and affaire.montant <= 0:
                raisons[affaire.id] = _("dites le préjudice à reprendre.")
        return raisons

    def _empeche_indu(self):
        """Rend {id: raison} des affaires qui ne donnent pas d'indu, ou l'ont déjà donné."""
        raisons = {}
        for affaire in self.sudo():
            if affaire.suite != "indu":
                raisons[affaire.id] = _("sa suite n'est pas un indu.")
            elif affaire.indu_id and affaire.indu_id.state != "annule":
                raisons[affaire.id] = _("l'indu %s est déjà constaté.", affaire.indu_id.numero)
            elif not affaire.formation_id and not affaire.assure_id:
                raisons[affaire.id] = _("elle ne vise ni formation ni assuré à qui réclamer.")
        return raisons

    def _empeche_indu_vivant(self):
        """Rend {id: raison} des affaires dont l'indu vit : l'annuler d'abord."""
        return {a.id: _("l'indu %s court : annulez-le d'abord.", a.indu_id.numero) for a in self.sudo() if a.indu_id and a.indu_id.state != "annule"}
