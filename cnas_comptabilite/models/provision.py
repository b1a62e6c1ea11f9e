from dateutil.relativedelta import relativedelta

from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import html_escape
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.arrondi import arrondi_xaf
from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_mois, ecrire_nombre
from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_date

from ..provision import developper
from .roles import COMPTABLE, SUPERVISEUR


@actions
class Provision(models.Model):
    """La provision pour prestations à liquider : ce que coûteront encore les soins reçus, à un arrêté.

    Méthode : triangle mois de soins × mois de paiement, développé par chain-ladder ; un mois encore sans paiement prend le coût moyen des mois
    développés. On en retire ce qui est payé, et ce qui est liquidé sans être payé (déjà une dette au bilan). États : calculée → comptabilisée
    → reprise, quand la suivante la remplace (sa pièce se contre-passe). L'agent comptable la calcule et la passe, le superviseur lit.
    """

    _name = "cnas.provision"
    _description = "Provision pour prestations à liquider"
    _inherit = ["cnas.etat.mixin", "cnas.montant.mixin", "mail.thread"]
    _order = "date_arrete desc, id desc"
    _rec_name = "numero"

    _actions = {
        "calculer": Action(titre=_lt("Calculer"), de=("brouillon",), roles=(COMPTABLE,), seul=True),
        "comptabiliser": Action(titre=_lt("Comptabiliser"), de=("brouillon",), vers=("comptabilisee",), roles=(COMPTABLE,), seul=True,
                                empeche=("_empeche_sans_calcul", "_empeche_mois_clos", "_empeche_plus_recente")),
        "abandonner": Action(titre=_lt("Abandonner"), de=("brouillon",), vers=("abandonnee",), roles=(COMPTABLE, SUPERVISEUR), motif=True),
    }
    _passages = {"comptabilisee": ("reprise",)}
    _champs_geles = ("numero", "montant", "date_calcul", "date_reprise", "triangle", "remplacee_par_id")
    _champs_journal = ("date_arrete", "montant")

    numero = fields.Char(string="Numéro", readonly=True, copy=False, index=True)
    date_arrete = fields.Date(string="Arrêtée au", required=True, default=lambda self: aujourd_hui().replace(day=1) - relativedelta(days=1))
    montant = fields.Monetary(string="Provision", readonly=True, copy=False)
    state = fields.Selection(
        [("brouillon", "À comptabiliser"), ("comptabilisee", "Comptabilisée"), ("reprise", "Reprise"), ("abandonnee", "Abandonnée")],
        string="État", default="brouillon", required=True, readonly=True, index=True, copy=False, tracking=True)
    date_calcul = fields.Date(string="Calculée le", readonly=True, copy=False)
    date_reprise = fields.Date(string="Reprise le", readonly=True, copy=False)
    remplacee_par_id = fields.Many2one("cnas.provision", string="Remplacée par", readonly=True, copy=False, ondelete="restrict")
    triangle = fields.Json(string="Triangle", readonly=True, copy=False)
    triangle_html = fields.Html(string="Triangle des paiements cumulés", compute="_compute_triangle_html", sanitize=False)
    methode = fields.Text(string="Méthode", compute="_compute_methode")
    ligne_ids = fields.One2many("cnas.provision.ligne", "provision_id", string="Mois de soins", readonly=True, copy=False)
    recues = fields.Monetary(string="Feuilles reçues, non liquidées (facturé)", compute="_compute_recues",
                             help="Pour comparer : ce que demandent les feuilles reçues que nul décompte ne liquide encore.")

    _sql_constraints = [("numero_unique", "UNIQUE (numero)", "Ce numéro de provision est déjà pris.")]

    @api.depends("triangle")
    def _compute_triangle_html(self):
        for provision in self:
            provision.triangle_html = provision._dessiner_triangle()

    def _compute_methode(self):
        self.methode = _(
            "Triangle des montants payés, mois de soins × mois de paiement, cumulés puis développés par chain-ladder : le facteur de chaque délai "
            "est le rapport des cumuls observés. Un mois de soins encore sans paiement prend le coût moyen des six derniers mois payés, pour la part qu'à ce délai les autres n'avaient pas encore payée. Provision = coût "
            "attendu − payé − liquidé non payé (déjà en dettes).")

    @api.depends("date_arrete")
    def _compute_recues(self):
        deposees = self.env["cnas.feuille_soin"].sudo()._read_group([
            ("state", "in", ("deposee", "instance", "controle", "avis_medical", "validee")), ("date_depot", "!=", False),
            "|", ("facture_id", "=", False), ("facture_id.state", "in", ("brouillon", "soumise", "controle"))],
            ["date_depot:day"], ["montant_facture:sum"])
        for provision in self:
            provision.recues = sum(montant for jour, montant in deposees if provision.date_arrete and jour <= provision.date_arrete)

    # ------------------------------------------------------------------ CRUD
    def _completer_creation(self, vals_list):
        for vals in vals_list:
            if vals.get("date_arrete"):
                vals["date_arrete"] = self._lire_arrete(vals["date_arrete"])
            vals["numero"] = self.env["ir.sequence"].sudo().next_by_code("cnas.provision", sequence_date=aujourd_hui())
        return super()._completer_creation(vals_list)

    def write(self, vals):
        if "date_arrete" in vals:
            if any(p.state != "brouillon" for p in self):
                raise UserError(_("Cette provision est comptabilisée ou abandonnée : faites-en une autre."))
            vals = {**vals, "date_arrete": self._lire_arrete(vals["date_arrete"])}
        perimees = self.filtered(lambda p: p.date_calcul and p.date_arrete != vals.get("date_arrete", p.date_arrete))
        resultat = super().write(vals)
        if perimees:
            # Un autre arrêté, un autre triangle : ce qui fut calculé ne se passe pas.
            perimees.sudo().ligne_ids._supprimer()
            perimees._ecrire({"montant": 0, "date_calcul": False, "triangle": False})
        return resultat

    @api.ondelete(at_uninstall=False)
    def _refuser_suppression(self):
        raise UserError(_("Une provision ne se supprime pas : abandonnez-la avec un motif."))

    @api.model
    def _lire_arrete(self, valeur):
        jour = lire_date(valeur, quoi=_("Date d'arrêté"))
        if jour > aujourd_hui():
            raise UserError(_("La date d'arrêté (%s) est à venir.", ecrire_date(jour)))
        return jour

    # ------------------------------------------------------------------ actions publiques
    @transition("calculer")
    def action_calculer(self):
        """Développe le triangle à la date d'arrêté et écrit la provision, mois par mois. Rend True.

        :raise UserError: aucun paiement sur la période du triangle
        """
        payes, liquides = self._lire_triangle()
        if not payes:
            raise UserError(_("Aucun paiement sur les mois du triangle : il n'y a rien à développer."))
        calcul = developper(payes, liquides, self._mois_du_triangle(), self.date_arrete.replace(day=1))
        lignes = [{"provision_id": self.id, **rang, "provision": arrondi_xaf(rang["provision"]), "ultime": arrondi_xaf(rang["ultime"])}
                  for rang in calcul["rangs"]]
        self.sudo().ligne_ids._supprimer()
        self.env["cnas.provision.ligne"].sudo()._creer(lignes, suivi=False)
        self._ecrire({"montant": sum(ligne["provision"] for ligne in lignes), "date_calcul": aujourd_hui(),
                      "triangle": {"mois": calcul["mois"], "cumuls": calcul["cumuls"], "facteurs": calcul["facteurs"]}})

    @transition("comptabiliser")
    def action_comptabiliser(self):
        """Passe la pièce de la provision à sa date d'arrêté ; la précédente est reprise le même jour. Rend True."""
        precedentes = self.search([("state", "=", "comptabilisee"), ("date_arrete", "<=", self.date_arrete)])
        precedentes._changer_etat("reprise", date_reprise=self.date_arrete, remplacee_par_id=self.id)
        self._changer_etat("comptabilisee")
        self.env["cnas.comptabilite"].comptabiliser()

    @transition("abandonner")
    def action_abandonner(self, motif=None):
        """Abandonne une provision pas encore comptabilisée. Rend True, ou l'assistant de motif."""
        self._changer_etat("abandonnee")

    # ------------------------------------------------------------------ privé
    def _champs_des_actions(self):
        return super()._champs_des_actions() | {"montant", "date_arrete"}

    def _empeche_sans_calcul(self):
        """Rend {id: raison} des provisions pas encore calculées, ou nulles."""
        return {p._origin.id: _("calculez-la d'abord.") if not p.date_calcul else _("elle est nulle : il n'y a rien à passer.")
                for p in self if not p.montant}

    def _empeche_mois_clos(self):
        """Rend {id: raison} des provisions arrêtées dans un mois clos."""
        verrou = self.env["cnas.comptabilite"]._verrou()
        return {p._origin.id: _("le mois est clos (%s).", ecrire_mois(p.date_arrete)) for p in self if p.date_arrete and p.date_arrete <= verrou}

    def _empeche_plus_recente(self):
        """Rend {id: raison} des provisions qu'une plus récente, comptabilisée, a devancées."""
        derniere = self.search([("state", "=", "comptabilisee")], limit=1)
        return {p._origin.id: _("%s, plus récente, est déjà comptabilisée.", derniere.numero)
                for p in self if derniere and p.date_arrete and derniere.date_arrete > p.date_arrete}

    @api.model
    def _mois_du_triangle(self):
        return self.env["cnas.parametre"]._au("provision_mois_triangle", aujourd_hui())

    def _lire_triangle(self):
        """Rend ({(mois de soins, mois de paiement): payé}, {mois de soins: liquidé non payé}) à l'arrêté, en une requête."""
        self.env.flush_all()
        self.env.cr.execute("""
            SELECT to_char(l.date_soins, 'YYYY-MM'),
                   CASE WHEN f.state = 'payee' AND f.date_paiement <= %(arrete)s THEN to_char(f.date_paiement, 'YYYY-MM') END,
                   SUM(l.montant_cnas)::bigint
              FROM cnas_decompte_ligne l JOIN cnas_decompte d ON d.id = l.decompte_id JOIN cnas_facture f ON f.id = d.facture_id
             WHERE d.state = 'emis' AND d.nature = 'initial' AND d.date_decompte <= %(arrete)s AND l.montant_cnas <> 0
               AND l.date_soins BETWEEN %(debut)s AND %(arrete)s
             GROUP BY 1, 2""", {
                 "arrete": self.date_arrete, "debut": self.date_arrete.replace(day=1) - relativedelta(months=self._mois_du_triangle() - 1)})
        payes, liquides = {}, {}
        for soins, paiement, montant in self.env.cr.fetchall():
            if paiement:
                payes[soins, paiement] = montant
            else:
                liquides[soins] = liquides.get(soins, 0) + montant
        return payes, liquides

    def _dessiner_triangle(self):
        """Rend le tableau HTML des cumuls et des facteurs ; rien tant qu'il n'est pas calculé."""
        if not self.triangle:
            return False
        mois, cumuls, facteurs = (self.triangle[cle] for cle in ("mois", "cumuls", "facteurs"))
        delais = "".join(f"<th class='text-end'>{delai}</th>" for delai in range(len(mois)))
        rangs = "".join(
            f"<tr><th>{html_escape(nom)}</th>{''.join(f'<td class=text-end>{ecrire_nombre(c) if c is not False else str()}</td>' for c in cumul)}</tr>"
            for nom, cumul in zip(mois, cumuls))
        pied = "".join(f"<td class='text-end'>{f'{facteur:.3f}'.replace('.', ',')}</td>" for facteur in facteurs)
        coin, titre = html_escape(_("Soins \\ délai")), html_escape(_("Facteur"))
        return (f"<div class='table-responsive'><table class='table table-sm table-bordered mb-0' style='font-size: 12px; white-space: nowrap'>"
                f"<thead><tr><th>{coin}</th>{delais}</tr></thead><tbody>{rangs}</tbody>"
                f"<tfoot><tr><th>{titre}</th><td></td>{pied}</tr></tfoot></table></div>")


class ProvisionLigne(models.Model):
    """Un mois de soins de la provision : payé, développé, déjà en dettes, à provisionner."""

    _name = "cnas.provision.ligne"
    _description = "Mois de soins provisionné"
    _inherit = ["cnas.garde.mixin", "cnas.montant.mixin"]
    _order = "provision_id, mois"
    _rec_name = "mois"

    _champs_geles = ("provision_id", "mois", "methode", "paye", "facteur", "ultime", "liquide", "provision")

    provision_id = fields.Many2one("cnas.provision", string="Provision", required=True, readonly=True, index=True, ondelete="cascade")
    mois = fields.Date(string="Mois de soins", required=True, readonly=True)
    methode = fields.Selection([("chain_ladder", "Chain-ladder"), ("moyenne", "Coût moyen")], string="Méthode", required=True, readonly=True)
    paye = fields.Monetary(string="Payé", readonly=True)
    facteur = fields.Float(string="Facteur", digits=(12, 4), readonly=True, group_operator=None)
    ultime = fields.Monetary(string="Coût attendu", readonly=True)
    liquide = fields.Monetary(string="Liquidé, non payé", readonly=True)
    provision = fields.Monetary(string="À provisionner", readonly=True)

    @api.model_create_multi
    def create(self, vals_list):
        if vals_list and not self._ouvert(("provision_id",)):
            raise UserError(_("Les mois d'une provision viennent de son calcul."))
        return super().create(vals_list)

    @api.ondelete(at_uninstall=False)
    def _refuser_suppression(self):
        if not self._ouvert(("unlink",)):
            raise UserError(_("Les mois d'une provision viennent de son calcul."))
