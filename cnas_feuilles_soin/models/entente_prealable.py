from datetime import timedelta

from odoo import _, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.jour import aujourd_hui, jour_de
from odoo.addons.cnas_base.lecture import lire_date, lire_entier, lire_montant, lire_motif

from ..liquidation.chargement import imputer
from .feuille_soin.actions import MEDECIN
from .feuille_soin.dossier import GROUPES_MEDICAUX

# Ce que dit la demande : elle ne change plus dès qu'un médecin l'a prise.
DEMANDE = frozenset(("assure_id", "formation_id", "prestation_id", "quantite_demandee", "montant_demande", "urgence",
                     "pathologie_id", "praticien_id", "date_demande"))


@actions
class EntentePrealable(models.Model):
    """L'accord que la CNAS donne avant un acte coûteux ou sensible.

    États : demandée → en examen → accordée | refusée ; accordée → expirée. L'agent et la formation (portail)
    demandent et joignent des pièces ; le médecin-conseil décide (table `_actions`) ; le superviseur suit les délais.
    """

    _name = "cnas.entente_prealable"
    _description = "Entente préalable"
    _inherit = ["cnas.etat.mixin", "cnas.fichiers.mixin", "cnas.montant.mixin", "mail.thread", "mail.activity.mixin"]
    _champs_fichiers = ("piece_ids",)
    _fichiers_comme = "cnas.feuille_soin.piece"
    _champs_lus = ("pathologie_id", "justification")
    _order = "date_demande desc, id desc"
    _rec_name = "numero"

    _etat_initial = "demandee"
    _circuit = ("demandee", "examen", "accordee")
    _actions = {
        "examiner": Action(titre=_lt("Examiner"), de=("demandee",), vers=("examen",), roles=(MEDECIN,)),
        "ouvrir_accord": Action(titre=_lt("Accorder"), de=("examen",), roles=(MEDECIN,), seul=True),
        "accorder": Action(titre=_lt("Accorder"), de=("examen",), vers=("accordee",), roles=(MEDECIN,)),
        "refuser": Action(
            titre=_lt("Refuser"), de=("demandee", "examen"), vers=("refusee",), roles=(MEDECIN,), motif=True),
    }
    _passages = {"accordee": ("expiree",)}
    _champs_geles = (
        "numero", "quantite_accordee", "montant_accorde", "date_debut", "date_fin", "medecin_id",
        "date_decision", "motif_decision", "date_examen",
    )

    numero = fields.Char(string="Numéro", readonly=True, copy=False, index=True)
    state = fields.Selection(
        [("demandee", "Demandée"), ("examen", "En examen"), ("accordee", "Accordée"), ("refusee", "Refusée"),
         ("expiree", "Expirée")],
        string="État", default="demandee", required=True, readonly=True, copy=False, index=True, tracking=True,
        group_expand="_etats_du_circuit")
    assure_id = fields.Many2one("cnas.assure", string="Bénéficiaire", required=True, index=True, ondelete="restrict")
    formation_id = fields.Many2one("cnas.formation_sanitaire", string="Formation sanitaire", required=True,
                                   index=True, ondelete="restrict")
    prestation_id = fields.Many2one("cnas.prestation", string="Prestation", required=True, index=True,
                                    ondelete="restrict")
    praticien_id = fields.Many2one("cnas.praticien", string="Praticien demandeur", ondelete="restrict")
    pathologie_id = fields.Many2one("cnas.pathologie", string="Diagnostic (CIM-10)", ondelete="restrict",
                                    groups=GROUPES_MEDICAUX)
    quantite_demandee = fields.Integer(string="Quantité demandée", default=1, required=True)
    montant_demande = fields.Monetary(string="Montant demandé")
    date_prevue = fields.Date(string="Date prévue des soins")
    urgence = fields.Boolean(string="Urgence")
    justification = fields.Text(string="Justification médicale", groups=GROUPES_MEDICAUX)
    date_demande = fields.Datetime(string="Demandée le", default=fields.Datetime.now, required=True, readonly=True)
    date_limite = fields.Datetime(string="Réponse attendue avant", compute="_compute_date_limite", store=True)
    date_examen = fields.Datetime(string="En examen depuis", readonly=True, copy=False)
    quantite_accordee = fields.Integer(string="Quantité accordée", readonly=True, copy=False)
    montant_accorde = fields.Monetary(string="Montant accordé", readonly=True, copy=False)
    date_debut = fields.Date(string="Valable du", readonly=True, copy=False)
    date_fin = fields.Date(string="Au", readonly=True, copy=False, index=True)
    medecin_id = fields.Many2one("res.users", string="Médecin-conseil", readonly=True, copy=False)
    date_decision = fields.Datetime(string="Décidée le", readonly=True, copy=False)
    motif_decision = fields.Char(string="Motif de la décision", readonly=True, copy=False)
    feuille_ids = fields.One2many("cnas.feuille_soin", "entente_id", string="Feuilles imputées")
    piece_ids = fields.Many2many("ir.attachment", "cnas_entente_piece_rel", "entente_id", "attachment_id",
                                 string="Pièces jointes")
    quantite_imputee = fields.Integer(string="Quantité imputée", compute="_compute_quantite_imputee",
                                      help="Imputée par le contrôle, ou réservée par une feuille déposée qui cite cet accord.")
    quantite_restante = fields.Integer(string="Quantité restante", compute="_compute_quantite_imputee")
    en_retard = fields.Boolean(string="En retard", compute="_compute_en_retard", search="_search_en_retard")

    _sql_constraints = [
        ("numero_unique", "UNIQUE (numero)", "Ce numéro d'entente préalable existe déjà."),
        ("quantite_positive", "CHECK (quantite_demandee > 0)", "La quantité demandée doit être supérieure à zéro."),
        ("dates_ordonnees", "CHECK (date_fin IS NULL OR date_fin >= date_debut)",
         "La fin de validité doit suivre le début."),
    ]

    # ------------------------------------------------------------------ contraintes et calculs
    @api.constrains("montant_demande", "date_prevue")
    def _check_demande(self):
        for entente in self:
            if entente.montant_demande < 0:
                raise ValidationError(_("Le montant demandé ne peut pas être négatif."))

    @api.depends("date_demande", "urgence")
    def _compute_date_limite(self):
        for entente in self:
            code = "entente_delai_urgence_heures" if entente.urgence else "entente_delai_heures"
            jour = entente.date_demande and jour_de(entente.date_demande)
            heures = jour and self.env["cnas.parametre"]._au(code, jour)
            entente.date_limite = jour and entente.date_demande + timedelta(hours=heures)

    def _compute_quantite_imputee(self):
        """Ce que le contrôle a imputé, et ce que réservent les feuilles déposées, pas encore contrôlées, qui citent l'accord."""
        self.env.flush_all()
        imputees = imputer(self.env.cr, self.ids)
        self.env.cr.execute("""
            SELECT e.id, sum(l.quantite)
              FROM cnas_entente_prealable e
              JOIN cnas_feuille_soin f ON f.entente_id = e.id
                   AND f.state NOT IN ('brouillon', 'rejetee', 'annulee')
              JOIN cnas_feuille_soin_ligne l ON l.feuille_id = f.id AND l.prestation_id = e.prestation_id
                   AND l.decision = 'attente'
             WHERE e.id = ANY(%s) GROUP BY e.id
        """, [self.ids])
        reservees = dict(self.env.cr.fetchall())
        for entente in self:
            entente.quantite_imputee = imputees.get(entente.id, (0, 0))[0] + reservees.get(entente.id, 0)
            entente.quantite_restante = max(0, entente.quantite_accordee - entente.quantite_imputee)

    @api.depends("state", "date_limite")
    def _compute_en_retard(self):
        maintenant = fields.Datetime.now()
        for entente in self:
            entente.en_retard = bool(
                entente.state in ("demandee", "examen") and entente.date_limite and entente.date_limite < maintenant)

    def _search_en_retard(self, operator, value):
        domaine = ["&", ("state", "in", ("demandee", "examen")), ("date_limite", "<", fields.Datetime.now())]
        return domaine if (operator == "=") == bool(value) else ["!", *domaine]

    # ------------------------------------------------------------------ CRUD
    @api.model_create_multi
    def create(self, vals_list):
        """Enregistre des demandes ; l'agent donne le diagnostic sans avoir le droit de le relire."""
        if self._voit_le_medical():
            return super().create(vals_list)
        ententes = super().create([{k: v for k, v in vals.items() if k != "pathologie_id"} for vals in vals_list])
        for entente, vals in zip(ententes, vals_list):
            if vals.get("pathologie_id"):
                entente.sudo()._ecrire({"pathologie_id": vals["pathologie_id"]}, suivi=False)
        return ententes

    def _completer_creation(self, vals_list):
        for vals in vals_list:
            vals["numero"] = self.env["ir.sequence"].sudo().next_by_code("cnas.entente_prealable")
        return super()._completer_creation(vals_list)

    def write(self, vals):
        """Une demande prise en examen ne change plus."""
        if not self._ouvert(vals.keys()) and DEMANDE & vals.keys():
            for entente in self:
                if entente.state != "demandee":
                    raise UserError(_("L'entente %(numero)s est à l'état « %(etat)s » : sa demande ne change plus.",
                                      numero=entente.numero, etat=entente._libelle_etat(entente.state)))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_jamais(self):
        raise UserError(_("Une entente préalable ne se supprime pas : refusez-la avec un motif."))

    # ------------------------------------------------------------------ actions
    @transition("examiner")
    def action_examiner(self):
        """Le médecin-conseil prend les demandes en examen. Rend True."""
        self._changer_etat("examen", medecin_id=self.env.uid, date_examen=fields.Datetime.now())

    @transition("accorder")
    def action_accorder(self, quantite=None, montant=None, date_debut=None, date_fin=None, motif=None):
        """Accorde tout ou partie ; ce qui n'est pas dit vaut la demande et la durée de validité ordinaire.

        :param int quantite: quantité accordée (défaut : demandée)
        :param int montant: montant accordé en XAF (défaut : demandé ; 0 : sans limite de montant)
        :param date_debut: AAAA-MM-JJ (défaut : aujourd'hui, ou la date prévue si elle est passée)
        :param date_fin: AAAA-MM-JJ (défaut : début + durée de validité)
        :param motif: obligatoire si l'accord est partiel
        :return: True
        :raise UserError: quantité ou montant au-delà de la demande, dates illisibles ou inversées
        """
        for entente in self:
            entente._accorder(quantite, montant, date_debut, date_fin, motif)
        self._annoncer_decision()

    @transition("refuser")
    def action_refuser(self, motif=None):
        """Refuse les demandes.

        :param motif: imprimé sur la réponse ; vide : rend l'assistant
        :return: True ou l'assistant
        """
        self._changer_etat("refusee", motif_decision=motif, medecin_id=self.env.uid,
                           date_decision=fields.Datetime.now())
        self._annoncer_decision()

    @transition("ouvrir_accord")
    def action_ouvrir_accord(self):
        """Ouvre l'assistant d'accord."""
        return self.env["ir.actions.act_window"]._for_xml_id("cnas_feuilles_soin.entente_accord_wizard_action")

    # ------------------------------------------------------------------ métier
    def _accorder(self, quantite, montant, date_debut, date_fin, motif):
        self.ensure_one()
        quantite = self.quantite_demandee if quantite is None else quantite
        montant = self.montant_demande if montant is None else montant
        motif = lire_motif(motif)
        quantite = lire_entier(quantite, quoi=_("La quantité accordée"), minimum=1, maximum=self.quantite_demandee, stricte=True)
        montant = lire_montant(montant, quoi=_("Montant accordé"), stricte=True)
        if self.montant_demande and montant > self.montant_demande:
            raise UserError(_("Le montant accordé dépasse la demande."))
        if not motif and (quantite < self.quantite_demandee or montant < self.montant_demande):
            raise UserError(_("Un accord partiel demande un motif."))
        debut, fin = self._dates_accord(date_debut, date_fin)
        self._changer_etat(
            "accordee", quantite_accordee=quantite, montant_accorde=montant, date_debut=debut, date_fin=fin,
            motif_decision=motif or False, medecin_id=self.env.uid, date_decision=fields.Datetime.now())

    def _dates_accord(self, date_debut, date_fin):
        """Rend le début et la fin de validité de l'accord."""
        jour = aujourd_hui()
        debut = lire_date(date_debut, min(jour, self.date_prevue or jour), stricte=True)
        fin = lire_date(date_fin, None, stricte=True)
        validite = timedelta(days=self.env["cnas.parametre"]._au("entente_validite_jours", jour))
        fin = fin or max(debut, self.date_prevue or debut) + validite
        if fin < debut:
            raise UserError(_("La fin de validité doit suivre le début."))
        return debut, fin

    @api.model
    def _expirer(self):
        """Fait expirer les accords échus (tâche quotidienne)."""
        echues = self.sudo().search([("state", "=", "accordee"), ("date_fin", "<", aujourd_hui())])
        if echues:
            echues._changer_etat("expiree")
        return len(echues)

    @api.model
    def _voit_le_medical(self):
        return self.env.su or self.user_has_groups(GROUPES_MEDICAUX)
