from dateutil.relativedelta import relativedelta

from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.ecriture import ecrire_mois
from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_date

from .roles import COMPTABLE


@actions
class Cloture(models.Model):
    """La clôture d'un mois : ses faits sont comptabilisés, ses totaux retenus, la société verrouillée à son dernier jour.

    États : à clore → clos, par l'agent comptable, dans l'ordre des mois. Un mois clos ne se rouvre pas : ce qui le corrige se date d'un mois
    ouvert, par contre-passation. Décembre clôt l'exercice.
    """

    _name = "cnas.cloture"
    _description = "Clôture comptable"
    _inherit = ["cnas.etat.mixin", "cnas.montant.mixin", "mail.thread"]
    _order = "mois desc"

    _actions = {
        "clore": Action(titre=_lt("Clore le mois"), de=("brouillon",), vers=("clos",), roles=(COMPTABLE,), seul=True,
                        empeche=("_empeche_mois_en_cours", "_empeche_mois_precedent", "_empeche_brouillons")),
    }
    _champs_geles = ("debit", "credit", "nb_pieces", "clos_par_id", "date_cloture")
    _champs_journal = ("mois", "debit", "credit", "nb_pieces")

    mois = fields.Date(string="Mois", required=True, help="Ramené au premier jour.")
    exercice = fields.Boolean(string="Clôt l'exercice", compute="_compute_exercice")
    state = fields.Selection([("brouillon", "À clore"), ("clos", "Clos")], string="État", default="brouillon", required=True, readonly=True,
                             index=True, tracking=True)
    debit = fields.Monetary(string="Total débit", readonly=True)
    credit = fields.Monetary(string="Total crédit", readonly=True)
    nb_pieces = fields.Integer(string="Pièces du mois", readonly=True)
    clos_par_id = fields.Many2one("res.users", string="Clos par", readonly=True, ondelete="restrict")
    date_cloture = fields.Date(string="Clos le", readonly=True)

    _sql_constraints = [("mois_unique", "UNIQUE (mois)", "Ce mois a déjà sa clôture.")]

    @api.depends("mois")
    def _compute_exercice(self):
        for cloture in self:
            cloture.exercice = bool(cloture.mois) and cloture.mois.month == 12

    @api.depends("mois")
    def _compute_display_name(self):
        for cloture in self:
            cloture.display_name = _("Clôture : %s", ecrire_mois(cloture.mois)) if cloture.mois else _("Clôture")

    def _completer_creation(self, vals_list):
        for vals in vals_list:
            if vals.get("mois"):
                vals["mois"] = lire_date(vals["mois"], quoi=_("Mois")).replace(day=1)
        return super()._completer_creation(vals_list)

    def write(self, vals):
        if "mois" in vals:
            if any(c.state == "clos" for c in self):
                raise UserError(_("Ce mois est clos : sa clôture ne change plus."))
            if vals["mois"]:
                vals = {**vals, "mois": lire_date(vals["mois"], quoi=_("Mois")).replace(day=1)}
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _refuser_suppression(self):
        if any(c.state == "clos" for c in self):
            raise UserError(_("Un mois clos garde sa clôture."))

    @transition("clore")
    def action_clore(self):
        """Comptabilise les faits du mois, retient ses totaux et verrouille la société. Rend True.

        :raise UserError: mois en cours, mois précédent encore ouvert, pièce en brouillon, totaux inégaux
        """
        fin = self._dernier_jour()
        self.env["cnas.comptabilite"].comptabiliser(fin)
        # Un fait comptabilisé à l'instant peut dater d'un mois d'avant, encore ouvert.
        self._exiger("clore")
        debit, credit, pieces = self._totaux(fin)
        if debit != credit:
            raise UserError(_("Le mois n'est pas équilibré : débit et crédit diffèrent. Cherchez la pièce fausse avant de clore."))
        self._changer_etat("clos", debit=debit, credit=credit, nb_pieces=pieces, clos_par_id=self.env.uid, date_cloture=aujourd_hui())
        self.env["cnas.plan_comptes"].societe().write({"fiscalyear_lock_date": fin, "period_lock_date": fin})

    # ------------------------------------------------------------------ privé
    def _dernier_jour(self):
        return self.mois + relativedelta(months=1, days=-1)

    def _totaux(self, fin):
        self.env.flush_all()
        self.env.cr.execute("""
            SELECT COALESCE(SUM(debit), 0)::bigint, COALESCE(SUM(credit), 0)::bigint, COUNT(DISTINCT move_id) FROM account_move_line
             WHERE company_id = %s AND parent_state = 'posted' AND date BETWEEN %s AND %s""",
            (self.env["cnas.plan_comptes"].societe().id, self.mois, fin))
        return self.env.cr.fetchone()

    def _empeche_mois_en_cours(self):
        """Rend {id: raison} des mois qui ne sont pas finis."""
        return {c._origin.id: _("le mois n'est pas fini.") for c in self if c.mois and c._dernier_jour() >= aujourd_hui()}

    def _empeche_mois_precedent(self):
        """Rend {id: raison} des mois qu'un mois plus ancien, où il s'est passé quelque chose, précède encore ouvert.

        La première clôture, elle, verrouille aussi tout ce qui la précède.
        """
        verrou = self.env["cnas.comptabilite"]._verrou()
        raisons, ouverte = {}, self._premiere_piece([("date", ">", verrou)] if verrou.year > 1 else [(0, "=", 1)])
        for cloture in self.filtered("mois"):
            if ouverte and ouverte.date < cloture.mois:
                raisons[cloture._origin.id] = _("un mois plus ancien est encore ouvert (%s) : les mois se closent dans l'ordre.", ecrire_mois(ouverte.date))
            elif cloture._dernier_jour() <= verrou:
                raisons[cloture._origin.id] = _("la société est déjà verrouillée au-delà de ce mois.")
        return raisons

    def _empeche_brouillons(self):
        """Rend {id: raison} des mois qui gardent une pièce saisie, pas encore comptabilisée."""
        brouillon = self._premiere_piece([("state", "=", "draft")])
        return {cloture._origin.id: _("une pièce saisie du mois est encore en brouillon (%s) : comptabilisez-la ou supprimez-la.",
                                      brouillon.ref or brouillon.display_name)
                for cloture in self if brouillon and cloture.mois and brouillon.date <= cloture._dernier_jour()}

    @api.model
    def _premiere_piece(self, domaine):
        return self.env["account.move"].sudo().search(
            [("company_id", "=", self.env["cnas.plan_comptes"].societe().id), *domaine], order="date", limit=1)
