from datetime import timedelta

from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.impression.langue import dire_a
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_bornes, lire_date

AGENT, SUPERVISEUR = "cnas_base.group_agent", "cnas_base.group_superviseur"



@actions
class Convention(models.Model):
    """L'engagement daté entre la CNAS et une formation sanitaire : sans lui, pas de prise en charge.

    États : brouillon → active ⇄ suspendue ; active ou suspendue → dénoncée, ou expirée à l'échéance.
    Deux conventions d'une même formation ne se chevauchent jamais (contrainte d'exclusion).
    La dénonciation ramène `date_fin` à la veille de sa date d'effet et garde l'échéance d'origine.

    Qui peut quoi : la table `_actions`. L'agent crée et modifie au brouillon, joint la pièce signée à tout état ;
    le superviseur supprime un brouillon.
    """

    _name = "cnas.convention"
    _description = "Convention"
    _inherit = ["cnas.etat.mixin", "mail.thread", "mail.activity.mixin", "cnas.periode.mixin"]
    _order = "date_debut desc, id desc"
    _rec_name = "numero"
    _rec_names_search = ["numero", "formation_id.code", "formation_id.name"]
    _champs_journal = ("formation_id", "date_debut", "date_fin", "date_denonciation")

    _etat_initial = "brouillon"
    _actions = {
        "activer": Action(titre=_lt("Activer"), de=("brouillon",), vers=("active",), roles=(SUPERVISEUR,),
                          empeche=("_formations_non_activees",)),
        # La suspension peut n'être que prévue : la convention est alors encore active.
        "suspendre": Action(titre=_lt("Suspendre"), de=("active",), vers=("suspendue",), roles=(SUPERVISEUR,),
                            motif=True, date=True, fin=True),
        "reactiver": Action(titre=_lt("Lever la suspension"), de=("active", "suspendue"), vers=("active",),
                            roles=(SUPERVISEUR,)),
        "denoncer": Action(titre=_lt("Dénoncer"), de=("active", "suspendue"), vers=("denoncee",), roles=(SUPERVISEUR,),
                           motif=True, date=True),
        "renouveler": Action(titre=_lt("Renouveler"), de=("active", "suspendue", "denoncee", "expiree"), roles=(AGENT,),
                             seul=True),
    }
    _passages = {"active": ("suspendue", "expiree"), "suspendue": ("active", "expiree")}  # la tâche de nuit
    _champs_geles = ("date_denonciation", "motif_denonciation", "date_echeance_origine", "date_activation")
    _champs_signes = ("formation_id", "numero", "date_debut", "date_fin")

    _periode_cle = ("formation_id",)
    _periode_message = (
        "Une autre convention de cette formation couvre déjà ces dates : "
        "dénoncez-la, ou commencez la nouvelle après son échéance."
    )

    numero = fields.Char(
        string="Numéro", required=True, copy=False, tracking=True, default=lambda self: _("Nouveau"),
        help="Donné à la création si vous n'en saisissez pas.")
    formation_id = fields.Many2one(
        "cnas.formation_sanitaire", string="Formation sanitaire", required=True, index=True,
        ondelete="restrict", tracking=True)
    type_formation = fields.Selection(related="formation_id.type_formation", string="Type")
    province_id = fields.Many2one(related="formation_id.province_id", string="Province", store=True, index=True)
    date_debut = fields.Date(tracking=True)
    date_fin = fields.Date(tracking=True, help="Échéance, incluse ; vide : tacite reconduction.")
    date_signature = fields.Date(string="Signée le")
    responsable_id = fields.Many2one(
        "res.users", string="Suivie par", default=lambda self: self.env.uid, ondelete="restrict",
        domain="[('share', '=', False)]", help="Reçoit l'alerte d'échéance.")
    document = fields.Binary(string="Convention signée", attachment=True, copy=False)
    document_nom = fields.Char(string="Nom du fichier", copy=False)
    piece_signee = fields.Boolean(string="Pièce signée jointe", compute="_compute_piece_signee", store=True)
    note = fields.Text(string="Clauses particulières")

    state = fields.Selection(
        [("brouillon", "Brouillon"), ("active", "Active"), ("suspendue", "Suspendue"),
         ("denoncee", "Dénoncée"), ("expiree", "Expirée")],
        string="Statut", required=True, default="brouillon", copy=False, index=True, tracking=True)
    date_activation = fields.Date(string="Activée le", readonly=True, copy=False)
    suspension_ids = fields.One2many("cnas.suspension", "convention_id", string="Suspensions", readonly=True)
    date_denonciation = fields.Date(string="Dénonciation à effet du", readonly=True, copy=False, tracking=True)
    motif_denonciation = fields.Char(string="Motif de dénonciation", readonly=True, copy=False, tracking=True)
    date_echeance_origine = fields.Date(string="Échéance d'origine", readonly=True, copy=False)
    jours_restants = fields.Integer(string="Jours avant échéance", compute="_compute_jours_restants")

    _sql_constraints = [
        ("numero_unique", "UNIQUE (numero)", "Ce numéro de convention est déjà pris."),
    ]

    # ------------------------------------------------------------------ calculs
    @api.depends("document")
    def _compute_piece_signee(self):
        for convention in self.with_context(bin_size=True):
            convention.piece_signee = bool(convention.document)

    @api.depends("date_fin", "state")
    def _compute_jours_restants(self):
        aujourdhui = aujourd_hui()
        for convention in self:
            en_cours = convention.state in ("active", "suspendue") and convention.date_fin
            convention.jours_restants = (convention.date_fin - aujourdhui).days if en_cours else 0

    # ------------------------------------------------------------------ CRUD
    def _completer_creation(self, vals_list):
        nouveau = _("Nouveau")
        for vals in vals_list:
            numero = (vals.get("numero") or "").strip()
            if not numero or numero == nouveau:
                numero = self._numero_suivant(vals.get("date_debut"))
            vals["numero"] = numero
        return super()._completer_creation(vals_list)

    @api.model
    def _numero_suivant(self, date_debut):
        """Tire le numéro suivant de l'année de `date_debut` (l'année en cours si elle n'est pas plausible)."""
        debut = lire_date(date_debut, None, stricte=True)
        if not debut or not 2000 <= debut.year <= 2200:
            debut = aujourd_hui()
        return self.env["ir.sequence"].sudo().next_by_code("cnas.convention", sequence_date=debut)

    def write(self, vals):
        if not self._ouvert(set(self._champs_signes) & vals.keys()):
            self._garder_clauses_signees(vals)
        if "document" in vals:
            self.filtered("document")._garder_signee(vals["document"])
        return super().write(vals)

    def _garder_clauses_signees(self, vals):
        for champ in self._champs_signes:
            if champ not in vals:
                continue
            field = self._fields[champ]
            for convention in self.filtered(lambda c: c.state != "brouillon"):
                ancienne = field.convert_to_cache(convention[champ], convention, validate=False)
                if ancienne != field.convert_to_cache(vals[champ], convention, validate=False):
                    raise UserError(_(
                        "La convention %(numero)s est signée : « %(champ)s » ne se change plus. "
                        "Dénoncez-la ou renouvelez-la.",
                        numero=convention.numero, champ=field._description_string(self.env)))

    @api.ondelete(at_uninstall=False)
    def _unlink_seulement_brouillon(self):
        if any(convention.state != "brouillon" for convention in self):
            raise UserError(_("Une convention activée ne se supprime pas : dénoncez-la, avec un motif."))

    # ------------------------------------------------------------------ actions
    @transition("activer")
    def action_activer(self):
        """Met en vigueur des conventions au brouillon (elles comptent de `date_debut` à `date_fin`).

        :return: True
        :raise UserError: formation non activée, ou convention qui n'est plus au brouillon
        """
        self._changer_etat("active", date_activation=aujourd_hui())

    def _formations_non_activees(self):
        """Rend {id: phrase} des conventions dont la formation n'est pas activée."""
        return {
            convention.id: _("la formation « %s » n'est pas activée : activez-la avant sa convention.",
                             convention.formation_id.display_name)
            for convention in self if convention.formation_id.state in ("brouillon", "fermee")}

    @transition("suspendre")
    def action_suspendre(self, motif=None, date=None, date_fin=None):
        """Suspend des conventions actives à compter de `date` (aujourd'hui par défaut, passée ou future).

        :param motif: obligatoire ; vide → l'assistant qui le demande
        :param date_fin: dernier jour suspendu ; vide : jusqu'à la levée
        :return: True, ou l'action de l'assistant
        :raise UserError: date hors de la convention, convention non active
        """
        aujourdhui = aujourd_hui()
        debut, fin = lire_bornes(date, date_fin, _("la suspension"))
        for convention in self:
            if debut < convention.date_debut or (convention.date_fin and debut > convention.date_fin):
                raise UserError(_("La suspension doit commencer pendant la convention %s.", convention.numero))
        self.env["cnas.suspension"].sudo()._creer([
            {"formation_id": convention.formation_id.id, "convention_id": convention.id,
             "date_debut": debut, "date_fin": fin, "motif": motif} for convention in self])
        if debut <= aujourdhui <= (fin or aujourdhui):
            self._changer_etat("suspendue")
        for convention in self:
            convention.message_post(body=_("Suspendue à compter du %(jour)s : %(motif)s", jour=debut, motif=motif))

    @transition("reactiver")
    def action_reactiver(self):
        """Lève la suspension en cours ou prévue : la convention compte de nouveau dès aujourd'hui.

        :return: True
        """
        aujourdhui = aujourd_hui()
        for convention in self:
            a_lever = convention.suspension_ids.filtered(lambda s: not s.date_fin or s.date_fin >= aujourdhui)
            if not a_lever:
                raise UserError(_("La convention %s n'est pas suspendue.", convention.numero))
        self.suspension_ids._lever(aujourdhui)
        self.filtered(lambda c: c.state == "suspendue")._changer_etat("active")

    @transition("denoncer")
    def action_denoncer(self, motif=None, date=None):
        """Dénonce des conventions : elles ne comptent plus à partir de `date` (aujourd'hui par défaut).

        :param motif: obligatoire ; vide → l'assistant qui le demande
        :param date: date d'effet, après le premier jour de la convention
        :return: True, ou l'action de l'assistant
        """
        effet = lire_date(date, aujourd_hui(), stricte=True)
        for convention in self:
            if effet <= convention.date_debut or (convention.date_fin and effet > convention.date_fin):
                raise UserError(_(
                    "La dénonciation de %(numero)s doit prendre effet entre le lendemain de son premier jour "
                    "et son échéance.", numero=convention.numero))
        for convention in self:
            convention._changer_etat(
                "denoncee", date_denonciation=effet, motif_denonciation=motif,
                date_echeance_origine=convention.date_fin, date_fin=effet - timedelta(days=1))
        # La convention suivante peut commencer dans la même transaction : libérer la période en base.
        self.flush_recordset(["date_fin"])

    @transition("renouveler")
    def action_renouveler(self):
        """Prépare au brouillon la convention suivante, de même durée, dès le lendemain de l'échéance.

        :return: l'action qui ouvre le brouillon
        """
        if not self.date_fin:
            raise UserError(_("Une convention sans échéance se poursuit d'elle-même : elle ne se renouvelle pas."))
        debut = self.date_fin + timedelta(days=1)
        duree = self.date_fin - self.date_debut
        suivante = self.search([("formation_id", "=", self.formation_id.id), ("date_debut", ">=", debut)], limit=1)
        if not suivante:
            suivante = self.create({
                "formation_id": self.formation_id.id, "date_debut": debut, "date_fin": debut + duree,
                "responsable_id": self.responsable_id.id,
            })
        return {
            "type": "ir.actions.act_window", "name": _("Convention"), "res_model": self._name,
            "res_id": suivante.id, "view_mode": "form",
        }

    # ------------------------------------------------------------------ métier
    @api.model
    def _cron_suivre(self):
        """Chaque nuit : expire, suspend ou reprend selon les dates, puis alerte avant échéance.

        L'alerte est une activité par convention, posée `alerte_convention_jours` (paramètre)
        jours avant l'échéance pour la personne qui la suit. Rejouable sans doublon.
        """
        aujourdhui = aujourd_hui()
        self.search([("state", "in", ("active", "suspendue")), ("date_fin", "<", aujourdhui)])._changer_etat("expiree")
        suspendues = self.env["cnas.suspension"].search([
            ("convention_id.state", "in", ("active", "suspendue")),
            *self.env["cnas.suspension"]._domaine_en_vigueur(aujourdhui)]).convention_id
        suspendues.filtered(lambda c: c.state == "active")._changer_etat("suspendue")
        (self.search([("state", "=", "suspendue")]) - suspendues)._changer_etat("active")
        self._alerter_echeances(aujourdhui)
        return True

    def _alerter_echeances(self, aujourdhui):
        delai = self.env["cnas.parametre"]._au("alerte_convention_jours", aujourdhui)
        type_activite = self.env.ref("cnas_formations.mail_activity_echeance_convention")
        proches = self.search([
            ("state", "in", ("active", "suspendue")), ("date_fin", "<=", aujourdhui + timedelta(days=delai))])
        suivies = set(self.search([
            ("date_debut", ">", aujourdhui), ("formation_id", "in", proches.formation_id.ids)]).formation_id.ids)
        for convention in proches:
            deja = convention.activity_ids.filtered(lambda a: a.activity_type_id == type_activite)
            if deja or convention.formation_id.id in suivies:
                continue
            responsable = convention.responsable_id or self.env.user
            convention.activity_schedule(
                activity_type_id=type_activite.id, date_deadline=convention.date_fin, user_id=responsable.id,
                summary=dire_a(responsable, convention, lambda self: _("Convention %s bientôt échue : préparer le renouvellement", self.numero)))
