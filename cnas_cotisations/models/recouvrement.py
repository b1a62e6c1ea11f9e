from dateutil.relativedelta import relativedelta

from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.arrondi import arrondi_xaf
from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_mois, ecrire_montant, ecrire_quantite
from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.impression.langue import dans_sa_langue
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_date, lire_entier

from .roles import AGENT, SUPERVISEUR

VIVANTS = ("relance", "mise_en_demeure", "echeancier", "taxation")
# Un recours ou un échéancier en cours vaut paiement.
ACCORDS = ("suspendu", "echeancier")
ECHEANCES_MAX = 36


@actions
class Recouvrement(models.Model):
    """Le dossier de recouvrement d'un cotisant en retard : ce qu'on lui a écrit, quand, et ce qu'il en est.

    États : relance → mise en demeure → échéancier accordé, ou taxation d'office ; suspendu le temps d'un recours, clos quand plus rien
    n'est échu. La tâche du jour ouvre les dossiers, constate l'échéancier rompu, clôt ce qui est payé. L'agent relance ; un superviseur
    autre que lui met en demeure, majore, taxe ; chaque étape fait une lettre (`cnas.recouvrement.acte`) dont l'envoi se prouve. Suspendu,
    rien ne court : ni lettre, ni majoration, ni fermeture de droits.
    """

    _name = "cnas.recouvrement"
    _description = "Recouvrement de cotisations"
    _inherit = ["cnas.etat.mixin", "cnas.montant.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "date_ouverture desc, id desc"
    _circuit = VIVANTS

    _etat_initial = "relance"
    _actions = {
        "relancer": Action(titre=_lt("Relancer"), de=("relance",), roles=(AGENT,), empeche=("_rien_d_echu",)),
        "mettre_en_demeure": Action(titre=_lt("Mettre en demeure"), de=("relance",), vers=("mise_en_demeure",), roles=(SUPERVISEUR,),
                                    quatre_yeux=("relance_par_id",), empeche=("_rien_d_echu", "_pas_relance")),
        "majorer": Action(titre=_lt("Majorer le retard"), de=("mise_en_demeure", "taxation"), roles=(SUPERVISEUR,),
                          quatre_yeux=("relance_par_id",), empeche=("_rien_a_majorer",), annonce=False),
        "echelonner": Action(titre=_lt("Échelonner"), de=("mise_en_demeure", "taxation"), vers=("echeancier",), roles=(SUPERVISEUR,), seul=True,
                             empeche=("_rien_d_echu",), annonce=False),
        "taxer": Action(titre=_lt("Taxer d'office"), de=("mise_en_demeure", "taxation"), vers=("taxation",), roles=(SUPERVISEUR,),
                        quatre_yeux=("relance_par_id",), seul=True, empeche=("_rien_a_taxer",), annonce=False),
        "suspendre": Action(titre=_lt("Suspendre (recours)"), de=VIVANTS, vers=("suspendu",), roles=(SUPERVISEUR,), motif=True),
        "reprendre": Action(titre=_lt("Reprendre"), de=("suspendu",), vers=VIVANTS, roles=(SUPERVISEUR,), motif=True),
        "clore": Action(titre=_lt("Clore"), de=VIVANTS, vers=("clos",), roles=(SUPERVISEUR,), motif=True),
    }
    _passages = {**dict.fromkeys(VIVANTS, ("clos",)), "echeancier": ("clos", "mise_en_demeure")}
    _champs_geles = ("cotisant_id", "date_ouverture", "date_relance", "relance_par_id", "date_demeure", "etat_avant", "motif_recours",
                     "date_recours", "date_cloture")
    _champs_journal = ("cotisant_id", "date_relance", "date_demeure", "date_recours", "date_cloture")

    cotisant_id = fields.Many2one("cnas.cotisant", string="Cotisant", required=True, readonly=True, index=True, ondelete="restrict")
    employeur_id = fields.Many2one(related="cotisant_id.employeur_id", string="Employeur", store=True, precompute=True, index=True)
    date_ouverture = fields.Date(string="Ouvert le", required=True, readonly=True, default=lambda self: aujourd_hui())
    date_relance = fields.Date(string="Relancé le", readonly=True)
    relance_par_id = fields.Many2one("res.users", string="Relancé par", readonly=True)
    date_demeure = fields.Date(string="Mis en demeure le", readonly=True)
    etat_avant = fields.Char(string="Étape suspendue", readonly=True)
    motif_recours = fields.Text(string="Recours", readonly=True)
    date_recours = fields.Date(string="Suspendu le", readonly=True)
    date_cloture = fields.Date(string="Clos le", readonly=True)
    solde = fields.Monetary(related="cotisant_id.solde", string="Solde dû")
    echu = fields.Monetary(related="cotisant_id.echu", string="Dont échu")
    prochaine = fields.Date(string="À faire le", compute="_compute_prochaine", help="Quand l'étape suivante se peut.")
    acte_ids = fields.One2many("cnas.recouvrement.acte", "recouvrement_id", string="Lettres", readonly=True)
    echeance_ids = fields.One2many("cnas.recouvrement.echeance", "recouvrement_id", string="Échéancier", readonly=True)
    appel_ids = fields.One2many(related="cotisant_id.appel_ids", string="Appels")
    state = fields.Selection(
        [("relance", "Relance"), ("mise_en_demeure", "Mise en demeure"), ("echeancier", "Échéancier"), ("taxation", "Taxation d'office"),
         ("suspendu", "Suspendu"), ("clos", "Clos")], string="Étape", default="relance", required=True, readonly=True, copy=False, index=True,
        tracking=True, group_expand="_etapes")

    _sql_constraints = [("un_vivant", "EXCLUDE (cotisant_id WITH =) WHERE (state <> 'clos')", "Ce cotisant a déjà un dossier de recouvrement ouvert.")]

    # ------------------------------------------------------------------ calculs
    @api.model
    def _etapes(self, etats, _domaine, _ordre):
        return [*VIVANTS, *(etat for etat in etats if etat not in VIVANTS)]

    @api.depends("cotisant_id")
    def _compute_display_name(self):
        for dossier in self:
            dossier.display_name = _("Recouvrement : %s", dossier.cotisant_id.name or "")

    @api.depends("state", "date_relance", "date_demeure")
    def _compute_prochaine(self):
        lire, jour = self.env["cnas.parametre"].sudo()._au, aujourd_hui()
        for dossier in self:
            if dossier.state == "relance":
                dossier.prochaine = dossier.date_relance and fields.Date.add(dossier.date_relance, days=lire("recouvrement_demeure_jours", jour)) or jour
            elif dossier.state in ("mise_en_demeure", "taxation"):
                dossier.prochaine = dossier.date_demeure and fields.Date.add(dossier.date_demeure, days=lire("recouvrement_suite_jours", jour))
            elif dossier.state == "echeancier":
                dossier.prochaine = min((e.date for e in dossier.echeance_ids if e.date >= jour), default=jour)
            else:
                dossier.prochaine = False

    # ------------------------------------------------------------------ CRUD
    @api.model_create_multi
    def create(self, vals_list):
        if not self._ouvert(("cotisant_id",)):
            raise UserError(_("Un dossier de recouvrement s'ouvre depuis le compte du cotisant en retard, ou par la tâche du jour."))
        return super().create(vals_list)

    @api.ondelete(at_uninstall=False)
    def _refuser_suppression(self):
        raise UserError(_("Un dossier de recouvrement ne se supprime pas : il se clôt."))

    # ------------------------------------------------------------------ actions
    @transition("relancer")
    def action_relancer(self):
        """Relance : une lettre par dossier, datée. Rend True."""
        for dossier in self:
            dossier._ecrire({"date_relance": aujourd_hui(), "relance_par_id": self.env.uid})
            dossier._etablir("relance", dossier.echu)

    @transition("mettre_en_demeure")
    def action_mettre_en_demeure(self):
        """Met en demeure, le délai de la relance passé : une lettre par dossier. Rend True."""
        for dossier in self:
            dossier._changer_etat("mise_en_demeure", date_demeure=aujourd_hui())
            dossier._etablir("mise_en_demeure", dossier.echu)

    @transition("majorer")
    def action_majorer(self):
        """Émet la majoration des mois de retard entiers, au taux de chaque mois, et sa lettre. Rend True."""
        for dossier in self:
            lignes, appels = dossier._lignes_de_majoration()
            majoration = self.env["cnas.appel_cotisation"]._emettre([{
                "sorte": "majoration", "cotisant_id": dossier.cotisant_id.id, "periode": aujourd_hui().replace(day=1), "lignes": lignes}])
            for appel, jusque in appels.items():
                appel.sudo()._ecrire({"majore_jusqu_au": jusque}, suivi=False)
            dossier._etablir("majoration", majoration.montant)

    @transition("echelonner")
    def action_echelonner(self, nombre=None, premiere=None):
        """Accorde un échéancier mensuel de ce qui est échu ; sans argument, ouvre l'assistant.

        :param int nombre: nombre d'échéances, de 2 à 36
        :param str premiere: jour de la première, « AAAA-MM-JJ »
        :return: True, ou l'action de l'assistant
        """
        if nombre is None and premiere is None:
            return {"type": "ir.actions.act_window", "name": _("Échelonner"), "res_model": "cnas.recouvrement.wizard", "view_mode": "form",
                    "target": "new", "context": {"default_recouvrement_id": self.id}}
        nombre = lire_entier(nombre, quoi=_("Le nombre d'échéances"), minimum=2, maximum=ECHEANCES_MAX)
        jour = lire_date(premiere, quoi=_("Première échéance"), stricte=True)
        mois = self.env["cnas.parametre"]._au("premiere_echeance_mois")
        if not aujourd_hui() <= jour <= fields.Date.add(aujourd_hui(), months=mois):
            raise UserError(_("La première échéance (%(jour)s) va d'aujourd'hui à dans %(mois)s mois.", jour=ecrire_date(jour), mois=mois))
        du = int(self.echu)
        part, reste = divmod(du, nombre)
        if not part:
            raise UserError(_("Il reste %s : moins d'échéances suffisent.", ecrire_montant(du)))
        self.sudo().echeance_ids._supprimer()
        verse = self._verse()
        self.env["cnas.recouvrement.echeance"].sudo()._creer([
            {"recouvrement_id": self.id, "date": fields.Date.add(jour, months=rang), "montant": part + (reste if rang == nombre - 1 else 0),
             "verse_avant": verse} for rang in range(nombre)])
        self._changer_etat("echeancier")
        self._etablir("echeancier", du)
        self.env["cnas.feuille_soin"].sudo()._reprendre_apres_paiement(self.sudo().cotisant_id)
        return True

    @transition("taxer")
    def action_taxer(self):
        """Taxe d'office chaque mois non déclaré, d'après les derniers appels, majorés. Rend True.

        :raise UserError: aucun appel passé sur quoi se fonder
        """
        mois, base = self._mois_a_taxer(), self._base_de_taxation()
        taux = self.env["cnas.parametre"].sudo()._au("taxation_majoration", aujourd_hui())
        appels = self.env["cnas.appel_cotisation"]._emettre([{
            "sorte": "taxation", "cotisant_id": self.cotisant_id.id, "periode": periode, "lignes": [{
                "libelle": _("Mois non déclaré, moyenne des derniers appels majorée de %s %%", ecrire_quantite(taux)), "taux_majoration": taux,
                "part_employeur": arrondi_xaf(base[0]) + arrondi_xaf(base[0] * taux / 100),
                "part_salarie": arrondi_xaf(base[1]) + arrondi_xaf(base[1] * taux / 100)}]} for periode in mois])
        if self.state != "taxation":
            self._changer_etat("taxation")
        with dans_sa_langue(self.cotisant_id):
            dits = ", ".join(map(ecrire_mois, mois))
        self._etablir("taxation", sum(appels.mapped("montant")), dits)

    @transition("suspendre")
    def action_suspendre(self, motif=None):
        """Suspend le recouvrement le temps d'un recours. Rend True, ou l'assistant de motif."""
        for dossier in self:
            dossier._changer_etat("suspendu", etat_avant=dossier.state, motif_recours=motif, date_recours=aujourd_hui())
        self.env["cnas.feuille_soin"].sudo()._reprendre_apres_paiement(self.sudo().cotisant_id)

    @transition("reprendre")
    def action_reprendre(self, motif=None):
        """Reprend un dossier suspendu où il en était, l'issue du recours dite. Rend True, ou l'assistant de motif."""
        for dossier in self:
            dossier._changer_etat(dossier.etat_avant or "relance", etat_avant=False, date_recours=False)

    @transition("clore")
    def action_clore(self, motif=None):
        """Clôt un dossier. Rend True, ou l'assistant de motif."""
        self._changer_etat("clos", date_cloture=aujourd_hui())

    # ------------------------------------------------------------------ ce qui empêche
    def _rien_d_echu(self):
        return {d._origin.id: _("plus rien n'est échu : clôturez le dossier.") for d in self if d.echu <= 0}

    def _pas_relance(self):
        raisons, jour = {}, aujourd_hui()
        for dossier in self:
            if not dossier.date_relance:
                raisons[dossier._origin.id] = _("relancez d'abord.")
            elif dossier.prochaine and dossier.prochaine > jour:
                raisons[dossier._origin.id] = _("la relance du %(relance)s laisse jusqu'au %(jour)s pour payer.",
                                                relance=ecrire_date(dossier.date_relance), jour=ecrire_date(dossier.prochaine))
        return raisons

    def _rien_a_majorer(self):
        return {d._origin.id: _("aucun mois de retard entier n'est à majorer.") for d in self if not d._lignes_de_majoration()[0]}

    def _rien_a_taxer(self):
        raisons = {}
        for dossier in self:
            if not dossier._mois_a_taxer():
                raisons[dossier._origin.id] = _("aucun mois non déclaré n'est à taxer.")
            elif not sum(dossier._base_de_taxation()):
                raisons[dossier._origin.id] = _("aucun appel passé ne fonde une taxation : obtenez une première déclaration.")
        return raisons

    def _champs_des_actions(self):
        return super()._champs_des_actions() | {"date_relance", "cotisant_id"}

    # ------------------------------------------------------------------ calculer
    def _lignes_de_majoration(self):
        """Rend ([lignes de l'appel], {appel: majoré jusqu'au}) : par appel échu, le reste, aux taux de ses mois de retard entiers."""
        self.ensure_one()
        jour, lignes, appels = aujourd_hui(), [], {}
        for appel in self.sudo().cotisant_id.appel_ids.filtered(lambda a: a.en_retard and a.sorte != "majoration").sorted("date_echeance"):
            depart = appel.majore_jusqu_au or appel.date_echeance
            taux, mois = 0, 0
            while depart + relativedelta(months=mois + 1) <= jour:
                mois += 1
                taux += self.env["cnas.parametre"].sudo()._au("majoration_retard_taux", depart + relativedelta(months=mois))
            montant = arrondi_xaf(str(appel.reste * taux / 100))
            if montant:
                lignes.append({
                    "libelle": _("%(appel)s : %(mois)s mois sur %(reste)s", appel=appel.numero, mois=mois, reste=ecrire_montant(appel.reste)),
                    "assiette": appel.reste, "mois": mois, "taux_majoration": taux, "part_employeur": montant, "part_salarie": 0})
                appels[appel] = depart + relativedelta(months=mois)
        return lignes, appels

    def _mois_a_taxer(self):
        """Rend les mois non déclarés, échus, pas encore taxés."""
        self.ensure_one()
        employeur = self.sudo().cotisant_id.employeur_id
        if not employeur:
            return []
        taxes = set(self.sudo().cotisant_id.appel_ids.filtered(lambda a: a.sorte == "taxation" and a.state == "emis").mapped("periode"))
        return [mois for mois in employeur._situation()["manquantes"] if mois not in taxes]

    def _base_de_taxation(self):
        """Rend (part patronale, part salariale) moyennes des derniers appels de déclarations."""
        self.ensure_one()
        nombre = self.env["cnas.parametre"].sudo()._au("taxation_mois", aujourd_hui())
        appels = self.sudo().cotisant_id.appel_ids.filtered(lambda a: a.sorte == "initial" and a.state == "emis").sorted("periode")[-nombre:]
        if not appels:
            return 0, 0
        return tuple(arrondi_xaf(str(sum(appels.mapped(champ)) / len(appels))) for champ in ("montant_employeur", "montant_salarie"))

    def _accorde(self, jour):
        """Dit si un recours ou un échéancier, en cours depuis ce jour-là au moins, tient lieu de paiement."""
        return any(dossier.date_recours <= jour if dossier.state == "suspendu" else any(
            acte.date <= jour for acte in dossier.acte_ids if acte.sorte == "echeancier") for dossier in self if dossier.state in ACCORDS)

    def _verse(self):
        """Rend ce que le cotisant a versé jusqu'ici."""
        return int(sum(self.sudo().cotisant_id.encaissement_ids.filtered(lambda e: e.state == "encaisse").mapped("montant")))

    def _etablir(self, sorte, montant, detail=""):
        """Établit la lettre d'une étape."""
        self.ensure_one()
        return self.env["cnas.recouvrement.acte"].sudo()._etablir(self, sorte, int(montant), detail)

    # ------------------------------------------------------------------ tâche du jour
    @api.model
    def _du_jour(self):
        """Tâche planifiée : ouvre les dossiers, constate les échéanciers rompus, clôt ce qui est payé."""
        jour = aujourd_hui()
        self.search([("state", "in", VIVANTS)])._clore_les_soldes()
        self._constater_les_ruptures()
        limite = fields.Date.subtract(jour, days=self.env["cnas.parametre"].sudo()._au("recouvrement_relance_jours", jour))
        retards = self.env["cnas.balance_agee"].sudo().search([("echu", ">", 0), ("plus_ancienne", "<=", limite)]).cotisant_id
        return self._ouvrir(retards.filtered(lambda c: c.type_cotisant == "employeur"))

    @api.model
    def _ouvrir(self, cotisants):
        """Ouvre le dossier de qui n'en a pas de vivant. Rend les dossiers ouverts."""
        deja = self.sudo().search([("cotisant_id", "in", cotisants.ids), ("state", "!=", "clos")]).cotisant_id
        a_ouvrir = cotisants.sudo() - deja
        return self.sudo()._creer([{"cotisant_id": cotisant.id, "date_ouverture": aujourd_hui()} for cotisant in a_ouvrir]) if a_ouvrir else self.browse()

    def _clore_les_soldes(self):
        """Clôt les dossiers vivants où plus rien n'est échu ; un échéancier en cours, quand plus rien n'est dû."""
        for dossier in self.sudo().filtered(lambda d: d.state in VIVANTS):
            if (dossier.solde if dossier.state == "echeancier" else dossier.echu) <= 0:
                dossier._changer_etat("clos", motif_journal=_("Payé"), date_cloture=aujourd_hui())

    def _constater_les_ruptures(self):
        """Une échéance passée et impayée ramène le dossier à la mise en demeure."""
        for dossier in self.sudo().search([("state", "=", "echeancier")]):
            if any(e.date < aujourd_hui() and not e.payee for e in dossier.echeance_ids):
                dossier._changer_etat("mise_en_demeure", motif_journal=_("Échéancier rompu"))
                dossier._message_log(body=_("Une échéance est passée sans être payée : l'échéancier est rompu."))
