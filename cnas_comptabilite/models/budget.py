from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_entier

from .roles import COMPTABLE, SUPERVISEUR


@actions
class Budget(models.Model):
    """Le budget d'un exercice, par chapitre : ce que l'ordonnateur peut engager.

    États : en préparation → voté, par une autre personne que qui l'a préparé. Voté, il ne change plus : une décision modificative est un autre
    budget du même exercice, dont les crédits s'ajoutent (ou se retranchent). Sans budget voté pour l'exercice, rien n'est contrôlé.
    """

    _name = "cnas.budget"
    _description = "Budget"
    _inherit = ["cnas.etat.mixin", "cnas.montant.mixin", "mail.thread"]
    _order = "exercice desc, id desc"

    _actions = {
        "voter": Action(titre=_lt("Voter"), de=("brouillon",), vers=("vote",), roles=(SUPERVISEUR,), quatre_yeux=("create_uid",), seul=True,
                        empeche=("_empeche_sans_chapitre", "_empeche_credit_sous_engage")),
        "abandonner": Action(titre=_lt("Abandonner"), de=("brouillon",), vers=("abandonne",), roles=(COMPTABLE, SUPERVISEUR), motif=True),
    }
    _champs_geles = ("vote_par_id", "date_vote")
    _champs_journal = ("exercice", "nature", "vote_par_id")

    name = fields.Char(string="Intitulé", required=True)
    exercice = fields.Integer(string="Exercice", required=True, default=lambda self: aujourd_hui().year, group_operator=None)
    nature = fields.Selection([("initial", "Budget initial"), ("modificatif", "Décision modificative")], string="Nature", required=True,
                              default="initial")
    state = fields.Selection([("brouillon", "En préparation"), ("vote", "Voté"), ("abandonne", "Abandonné")], string="État",
                             default="brouillon", required=True, readonly=True, index=True, copy=False, tracking=True)
    ligne_ids = fields.One2many("cnas.budget.ligne", "budget_id", string="Chapitres")
    total = fields.Monetary(string="Crédits", compute="_compute_total")
    vote_par_id = fields.Many2one("res.users", string="Voté par", readonly=True, copy=False, ondelete="restrict")
    date_vote = fields.Date(string="Voté le", readonly=True, copy=False)

    _sql_constraints = [("exercice_plausible", "CHECK (exercice BETWEEN 2000 AND 2200)", "Vérifiez l'année de l'exercice.")]

    def init(self):
        super().init()
        self.env.cr.execute("""
            CREATE UNIQUE INDEX IF NOT EXISTS cnas_budget_initial_unique ON cnas_budget (exercice)
                WHERE state = 'vote' AND nature = 'initial'""")

    @api.depends("ligne_ids.montant")
    def _compute_total(self):
        for budget in self:
            budget.total = sum(budget.ligne_ids.mapped("montant"))

    def _completer_creation(self, vals_list):
        for vals in vals_list:
            if "exercice" in vals:
                vals["exercice"] = lire_entier(vals["exercice"], quoi=_("Exercice"), minimum=2000, maximum=2200)
        return super()._completer_creation(vals_list)

    def write(self, vals):
        if {"name", "exercice", "nature", "ligne_ids"} & vals.keys() and any(b.state != "brouillon" for b in self):
            raise UserError(_("Ce budget est voté ou abandonné : une décision modificative le change."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _refuser_suppression(self):
        raise UserError(_("Un budget ne se supprime pas : abandonnez-le avec un motif."))

    @transition("voter")
    def action_voter(self):
        """Vote le budget : ses crédits ouvrent, et l'ordonnancement les contrôle. Rend True."""
        self.env["cnas.engagement"]._reserver(self.exercice)
        self._changer_etat("vote", vote_par_id=self.env.uid, date_vote=aujourd_hui())

    @transition("abandonner")
    def action_abandonner(self, motif=None):
        """Abandonne un budget en préparation. Rend True, ou l'assistant de motif."""
        self._changer_etat("abandonne")

    def _empeche_sans_chapitre(self):
        """Rend {id: raison} des budgets sans chapitre, ou d'un exercice qui a déjà le sien."""
        raisons, initiaux = {}, dict(self.sudo()._read_group(
            [("exercice", "in", self.mapped("exercice")), ("state", "=", "vote"), ("nature", "=", "initial")], ["exercice"], ["id:recordset"]))
        for budget in self:
            autres = initiaux.get(budget.exercice, self.browse()) - budget._origin
            if not budget.ligne_ids:
                raisons[budget._origin.id] = _("il n'a aucun chapitre.")
            elif budget.nature == "initial" and any(ligne.montant <= 0 for ligne in budget.ligne_ids):
                raisons[budget._origin.id] = _("un crédit du budget initial est supérieur à zéro.")
            elif budget.nature == "initial" and autres:
                raisons[budget._origin.id] = _("l'exercice %s a déjà son budget initial : faites une décision modificative.", budget.exercice)
            elif budget.nature == "modificatif" and not autres:
                raisons[budget._origin.id] = _("l'exercice %s n'a pas encore de budget initial voté.", budget.exercice)
        return raisons

    def _empeche_credit_sous_engage(self):
        """Rend {id: raison} des décisions modificatives qui mettraient un chapitre sous ce qui y est déjà engagé."""
        raisons = {}
        for exercice, budgets in self.grouped("exercice").items():
            disponibles = self.env["cnas.engagement"]._disponibles(exercice)
            for ligne in budgets.ligne_ids:
                if disponibles.get(ligne.chapitre, 0) + ligne.montant < 0:
                    raisons[ligne.budget_id._origin.id] = _("le chapitre %s a déjà engagé plus que ce qu'il lui resterait.", ligne.chapitre)
        return raisons


class BudgetLigne(models.Model):
    """Un chapitre du budget : les comptes de charge qu'il porte, et son crédit (négatif dans une décision qui le réduit)."""

    _name = "cnas.budget.ligne"
    _description = "Chapitre de budget"
    _inherit = ["cnas.garde.mixin", "cnas.montant.mixin"]
    _order = "budget_id, chapitre"
    _rec_name = "chapitre"
    _champs_journal = ("chapitre", "comptes", "montant")

    budget_id = fields.Many2one("cnas.budget", string="Budget", required=True, index=True, ondelete="cascade")
    chapitre = fields.Char(string="Chapitre", required=True, size=16)
    name = fields.Char(string="Libellé", required=True)
    comptes = fields.Char(string="Comptes", required=True, help="Débuts de comptes de charge, séparés par des virgules : 65881, 65882.")
    montant = fields.Monetary(string="Crédit", required=True)
    engage = fields.Monetary(string="Engagé", compute="_compute_engage", compute_sudo=True)
    disponible = fields.Monetary(string="Disponible", compute="_compute_engage", compute_sudo=True)

    _sql_constraints = [
        ("chapitre_unique", "UNIQUE (budget_id, chapitre)", "Ce chapitre est déjà dans ce budget."),
        ("comptes_lisibles", "CHECK (comptes ~ '^ *[0-9]{2,12}( *, *[0-9]{2,12})* *$')",
         "Écrivez des débuts de comptes, séparés par des virgules : 65881, 65882."),
    ]

    @api.depends("chapitre", "montant", "budget_id.exercice", "budget_id.state")
    def _compute_engage(self):
        for exercice, lignes in self.grouped(lambda li: li.budget_id.exercice).items():
            engages = self.env["cnas.engagement"]._engages(exercice) if exercice else {}
            disponibles = self.env["cnas.engagement"]._disponibles(exercice) if exercice else {}
            for ligne in lignes:
                ligne.engage, ligne.disponible = engages.get(ligne.chapitre, 0), disponibles.get(ligne.chapitre, 0)

    @api.model_create_multi
    def create(self, vals_list):
        lignes = super().create(vals_list)
        lignes._exiger_preparation()
        return lignes

    def write(self, vals):
        self._exiger_preparation()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _refuser_suppression(self):
        self._exiger_preparation()

    def _exiger_preparation(self):
        if any(ligne.budget_id.state != "brouillon" for ligne in self.sudo()):
            raise UserError(_("Ce budget est voté ou abandonné : une décision modificative le change."))

    def _prefixes(self):
        return [prefixe.strip() for prefixe in (self.comptes or "").split(",") if prefixe.strip()]
