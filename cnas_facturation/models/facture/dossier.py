import re

from dateutil.relativedelta import relativedelta

from odoo import _, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.ecriture import ecrire_mois
from odoo.addons.cnas_base.garde import Action, actions
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_date, sans_accent

AGENT, CONTROLEUR, SUPERVISEUR, FINANCE, PORTAIL = (
    f"cnas_base.group_{role}" for role in ("agent", "controleur", "superviseur", "finance", "portail_formation"))
ETATS_OUVERTS = ("brouillon", "soumise", "controle")
ETATS_FIGES = ("validee", "ordonnancee", "payee")
ORDRES_VIVANTS = ("emis", "en_lot", "transmis", "paye")
ETATS_CLOS_SANS_SUITE = ("rejetee", "annulee")
UN_AN = relativedelta(years=1)


def numero_compare(numero):
    """Rend un numéro de facture papier sous la forme qui se compare : « FAC-014/2026 » et « fac 14 / 2026 » sont le même."""
    return tuple(mot.lstrip("0") or "0" for mot in re.findall(r"[a-z]+|[0-9]+", sans_accent(numero))) or numero


def beneficiaire(piece):
    """Rend qui une facture, ou son décompte, paie : l'assuré remboursé (son dossier gardé, s'il fut fusionné), sinon la formation."""
    if piece.mode == "remboursement":
        return piece.assure_id.fusionne_dans_id or piece.assure_id
    return piece.formation_id


@actions
class Facture(models.Model):
    """Facture mensuelle d'une formation sanitaire (ou remboursement d'un assuré).

    États : brouillon → soumise → contrôle → validée → ordonnancée → payée ; rejetée et annulée sont
    terminaux. Qui mène l'un à l'autre : la table `_actions`. L'agent et la formation préparent la leur.
    Une facture validée ne change plus : ses feuilles et leurs lignes sont gelées. Quand il n'y a rien à payer (tout est
    rejeté, ou retenu), la validation la clôt (`close`) : son décompte dit pourquoi, se conteste et se contre-passe ; ni
    ordre ni référence. Une facture de complément (`nature`) n'a pas de feuille : elle ne règle que des recours acceptés.

    Les quatre yeux se comparent aux personnes, pas aux rôles : l'administrateur n'y échappe pas. Qui peut payer :
    `_empeche_payeur` ; qui a décidé du RIB d'une formation n'ordonnance pas non plus ses factures.
    """

    _name = "cnas.facture"
    _description = "Facture"
    _inherit = ["cnas.etat.mixin", "cnas.telechargement.mixin", "cnas.montant.mixin", "cnas.papier.mixin", "mail.thread",
                "mail.activity.mixin"]
    _order = "periode desc, id desc"
    _rec_name = "numero"

    _actions = {
        "rassembler": Action(titre=_lt("Rassembler les feuilles"), de=("brouillon",), roles=(AGENT, PORTAIL)),
        "reporter_instances": Action(titre=_lt("Reporter les instances"), de=ETATS_OUVERTS, roles=(AGENT, PORTAIL)),
        "retirer_feuilles": Action(titre=_lt("Retirer des feuilles"), de=ETATS_OUVERTS, roles=(CONTROLEUR,), seul=True),
        "soumettre": Action(
            titre=_lt("Soumettre"), de=("brouillon",), vers=("soumise",), roles=(AGENT, PORTAIL),
            empeche=("_empeche_vide", "_empeche_ecart")),
        "accepter_ecart": Action(
            titre=_lt("Accepter l'écart"), de=ETATS_OUVERTS, roles=(CONTROLEUR,), roles_selon={"brouillon": (AGENT, PORTAIL)},
            empeche=("_empeche_sans_ecart",), annonce=False),
        "controler": Action(
            titre=_lt("Contrôler"), de=("soumise", "controle"), vers=("controle",), roles=(CONTROLEUR,)),
        "valider": Action(
            titre=_lt("Valider"), de=("controle",), vers=("validee",), roles=(SUPERVISEUR,),
            quatre_yeux=("preparateur_id", "soumetteur_id", "premier_validateur_id"),
            empeche=("_empeche_saisie_par_moi", "_empeche_vide", "_empeche_non_decidee", "_empeche_ecart")),
        "rejeter": Action(
            titre=_lt("Rejeter"), de=("soumise", "controle"), vers=("rejetee",), roles=(CONTROLEUR,), motif=True),
        "annuler": Action(
            titre=_lt("Annuler"), de=ETATS_OUVERTS, vers=("annulee",), roles=(CONTROLEUR,),
            roles_selon={"brouillon": (AGENT, PORTAIL)}, motif=True),
        "contre_passer": Action(
            titre=_lt("Contre-passer"), de=("validee",), vers=("controle",), roles=(SUPERVISEUR,), motif=True,
            empeche=("_empeche_de_contre_passer",)),
        "ordonnancer": Action(
            titre=_lt("Ordonnancer"), de=("validee",), vers=("ordonnancee",), roles=(FINANCE,),
            quatre_yeux=("validateur_id", "premier_validateur_id"), empeche=("_empeche_close", "_empeche_decideur_du_rib")),
        "annuler_ordonnancement": Action(
            titre=_lt("Annuler l'ordonnancement"), de=("ordonnancee",), vers=("validee",), roles=(FINANCE,), motif=True,
            empeche=("_empeche_chez_le_banquier",)),
        "payer": Action(
            titre=_lt("Payer"), de=("ordonnancee",), vers=("payee",), roles=(FINANCE,),
            empeche=("_empeche_payeur", "_empeche_lot_signe", "_empeche_rib")),
    }
    # La banque rend un virement déjà constaté.
    _passages = {"payee": ("ordonnancee",)}
    _champs_geles = (
        "numero", "nature", "ecart_accepte", "ecart_accepte_caisse", "preparateur_id", "soumetteur_id", "controleur_id", "premier_validateur_id", "validateur_id",
        "ordonnateur_id", "payeur_id", "date_soumission", "date_controle", "date_premiere_validation",
        "date_validation", "date_ordonnancement", "date_paiement", "reference_paiement", "motif_rejet",
    )
    _circuit = ("brouillon", "soumise", "controle", "validee", "ordonnancee", "payee")
    # Le total que la formation déclare se compare au sien jusqu'à la validation : qui le change le signe au journal.
    _champs_journal = ("montant_declare",)

    # === Identité === #
    numero = fields.Char(string="Numéro", readonly=True, copy=False, index=True)
    mode = fields.Selection(
        [("tiers_payant", "Tiers payant"), ("remboursement", "Remboursement à l'assuré")],
        string="Mode", required=True, default="tiers_payant")
    nature = fields.Selection(
        [("soins", "Feuilles de soins"), ("complement", "Complément de recours")],
        string="Nature", required=True, default="soins", readonly=True, copy=False,
        help="Complément : sans feuille, elle règle des recours acceptés que nulle facture du mois ne porterait.")
    formation_id = fields.Many2one(
        "cnas.formation_sanitaire", string="Formation sanitaire", index=True, ondelete="restrict", tracking=True)
    assure_id = fields.Many2one(
        "cnas.assure", string="Assuré remboursé", index="btree_not_null", ondelete="restrict")
    periode = fields.Date(
        string="Période", required=True, index=True, tracking=True,
        help="Mois des soins, ramené au premier jour.")
    mois = fields.Char(string="Mois", compute="_compute_mois")
    numero_formation = fields.Char(
        string="N° de la formation", help="Numéro que la formation a donné à sa facture papier.")
    montant_declare = fields.Monetary(
        string="Total déclaré", help="Total écrit par la formation sur sa facture ; 0 : non déclaré.")
    ecart_declare = fields.Monetary(string="Écart déclaré − facturé", compute="_compute_ecart_declare")
    ecart_accepte = fields.Monetary(
        string="Écart accepté à la soumission", readonly=True, copy=False,
        help="L'écart que la formation (ou l'agent pour elle) a vu et accepté ; il vaut tant que les totaux ne bougent pas.")
    ecart_accepte_caisse = fields.Monetary(
        string="Écart accepté à la caisse", readonly=True, copy=False, help="L'écart que le contrôle a vu et accepté.")
    state = fields.Selection(
        [
            ("brouillon", "Brouillon"),
            ("soumise", "Soumise"),
            ("controle", "En contrôle"),
            ("validee", "Validée"),
            ("ordonnancee", "Ordonnancée"),
            ("payee", "Payée"),
            ("rejetee", "Rejetée"),
            ("annulee", "Annulée"),
        ],
        string="État", default="brouillon", required=True, index=True, copy=False, tracking=True,
        group_expand="_etats_du_circuit")
    close = fields.Boolean(
        string="Close, rien à payer", compute="_compute_close", search="_search_close",
        help="Validée sans rien à payer : elle s'arrête là, sans ordre de paiement.")

    # === Contenu === #
    feuille_ids = fields.One2many("cnas.feuille_soin", "facture_id", string="Feuilles de soins", copy=False)
    decompte_ids = fields.One2many("cnas.decompte", "facture_id", string="Décomptes", copy=False)
    decompte_id = fields.Many2one("cnas.decompte", string="Décompte", compute="_compute_decompte_id")
    ordre_ids = fields.One2many("cnas.ordre_paiement", "facture_id", string="Ordres de paiement", copy=False,
                                groups="cnas_base.group_agent,cnas_base.group_finance")
    contestation_ids = fields.One2many("cnas.contestation", "facture_id", string="Contestations", copy=False)
    complement_ids = fields.One2many(
        "cnas.contestation", "facture_complement_id", string="Recours acceptés réglés ici", copy=False)
    compensation_ids = fields.One2many(
        "cnas.indu.compensation", "facture_id", string="Indus compensés", copy=False)

    # === Montants (sommés en base, jamais saisis) === #
    nb_feuilles = fields.Integer(string="Feuilles", readonly=True, copy=False)
    nb_non_decidees = fields.Integer(string="Feuilles à décider", readonly=True, copy=False)
    nb_instances = fields.Integer(string="Feuilles en instance", readonly=True, copy=False)
    avancement = fields.Float(string="Avancement (%)", compute="_compute_avancement")
    montant_facture = fields.Monetary(string="Montant facturé", readonly=True, copy=False)
    montant_base = fields.Monetary(string="Base de remboursement", readonly=True, copy=False)
    montant_cnas = fields.Monetary(string="Part CNAS", readonly=True, copy=False, tracking=True)
    ticket_moderateur = fields.Monetary(string="Ticket modérateur", readonly=True, copy=False)
    depassement = fields.Monetary(string="Dépassement", readonly=True, copy=False)
    montant_rejete = fields.Monetary(string="Montant rejeté", readonly=True, copy=False)
    montant_soins = fields.Monetary(
        string="Part CNAS — soins", readonly=True, copy=False, help="Actes et examens : compte principal.")
    montant_pharmacie = fields.Monetary(
        string="Part CNAS — pharmacie", readonly=True, copy=False,
        help="Médicaments et consommables : compte pharmacie.")
    montant_complement = fields.Monetary(
        string="Recours acceptés", readonly=True, copy=False, help="Compléments dus après contestation.")
    montant_compense = fields.Monetary(
        string="Indus compensés (montant)", readonly=True, copy=False)
    net_principal = fields.Monetary(string="Net — compte principal", readonly=True, copy=False)
    net_pharmacie = fields.Monetary(string="Net — compte pharmacie", readonly=True, copy=False)
    net_a_payer = fields.Monetary(string="Net à payer", readonly=True, copy=False)

    # === Signatures (qui, quand) === #
    preparateur_id = fields.Many2one("res.users", string="Préparée par", readonly=True, copy=False)
    soumetteur_id = fields.Many2one("res.users", string="Soumise par", readonly=True, copy=False)
    controleur_id = fields.Many2one("res.users", string="Contrôlée par", readonly=True, copy=False)
    premier_validateur_id = fields.Many2one(
        "res.users", string="Première validation", readonly=True, copy=False)
    validateur_id = fields.Many2one("res.users", string="Validée par", readonly=True, copy=False)
    ordonnateur_id = fields.Many2one("res.users", string="Ordonnancée par", readonly=True, copy=False)
    payeur_id = fields.Many2one("res.users", string="Payée par", readonly=True, copy=False)
    date_soumission = fields.Datetime(string="Soumise le", readonly=True, copy=False)
    date_controle = fields.Datetime(string="Contrôlée le", readonly=True, copy=False)
    date_premiere_validation = fields.Datetime(string="Première validation le", readonly=True, copy=False)
    date_validation = fields.Datetime(string="Validée le", readonly=True, copy=False)
    date_ordonnancement = fields.Datetime(string="Ordonnancée le", readonly=True, copy=False)
    date_paiement = fields.Date(string="Payée le", readonly=True, copy=False)
    reference_paiement = fields.Char(string="Référence du paiement", readonly=True, copy=False)
    motif_rejet = fields.Text(string="Motif du rejet ou de l'annulation", readonly=True, copy=False)

    _sql_constraints = [
        ("numero_unique", "UNIQUE (numero)",
         "Une facture de cette formation pour ce mois vient d'être préparée : rechargez la page."),
        ("brouillon_par_nature", "",
         "Cette formation a déjà une facture brouillon pour ce mois : ouvrez-la et rassemblez ses feuilles."),
        ("numero_formation_unique", "",
         "La formation a déjà une facture de ce numéro pour ce mois : vérifiez le numéro."),
        ("periode_premier_du_mois", "CHECK (EXTRACT(day FROM periode) = 1)",
         "La période d'une facture est le premier jour d'un mois."),
        ("beneficiaire_present",
         "CHECK ((mode = 'tiers_payant' AND formation_id IS NOT NULL AND assure_id IS NULL) "
         "OR (mode = 'remboursement' AND assure_id IS NOT NULL))",
         "Indiquez la formation sanitaire (tiers payant) ou l'assuré à rembourser (remboursement)."),
        ("paie_quelque_chose", "CHECK (state NOT IN ('ordonnancee', 'payee') OR net_a_payer > 0)",
         "Une facture sans rien à payer ne s'ordonnance ni ne se paie : sa validation l'a close."),
        ("declare_positif", "CHECK (montant_declare >= 0)", "Le total déclaré ne peut pas être négatif."),
        ("preparateur_ne_valide_pas",
         "CHECK (validateur_id <> preparateur_id AND validateur_id <> soumetteur_id "
         "AND premier_validateur_id <> preparateur_id AND premier_validateur_id <> soumetteur_id)",
         "Quatre yeux : qui prépare ou soumet une facture ne la valide pas."),
        ("valideur_n_ordonnance_pas",
         "CHECK (ordonnateur_id <> validateur_id AND ordonnateur_id <> premier_validateur_id)",
         "Quatre yeux : qui valide une facture ne l'ordonnance pas."),
        ("deux_valideurs_distincts", "CHECK (validateur_id <> premier_validateur_id)",
         "La seconde validation revient à une autre personne que la première."),
        ("signatures_presentes",
         "CHECK ((state NOT IN ('validee', 'ordonnancee', 'payee') OR validateur_id IS NOT NULL) "
         "AND (state NOT IN ('ordonnancee', 'payee') OR ordonnateur_id IS NOT NULL) "
         "AND (state <> 'payee' OR (date_paiement IS NOT NULL AND reference_paiement IS NOT NULL)))",
         "Une facture validée, ordonnancée ou payée porte la signature de chaque étape."),
        ("montants_equilibres",
         "CHECK (state NOT IN ('validee', 'ordonnancee', 'payee') OR ("
         "montant_facture = montant_cnas + ticket_moderateur + depassement + montant_rejete "
         "AND montant_cnas = montant_soins + montant_pharmacie AND nb_non_decidees = 0 "
         "AND net_a_payer = net_principal + net_pharmacie "
         "AND net_a_payer = montant_cnas + montant_complement - montant_compense "
         "AND net_principal >= 0 AND net_pharmacie >= 0))",
         "Les montants de la facture ne tombent pas juste : relancez le contrôle."),
    ]

    def init(self):
        super().init()
        self.env.cr.execute("""
            DROP INDEX IF EXISTS cnas_facture_brouillon_unique;
            CREATE UNIQUE INDEX IF NOT EXISTS cnas_facture_brouillon_par_nature ON cnas_facture
                (COALESCE(formation_id, 0), COALESCE(assure_id, 0), periode, mode, nature) WHERE state = 'brouillon';
            CREATE UNIQUE INDEX IF NOT EXISTS cnas_facture_numero_formation_unique ON cnas_facture
                (formation_id, periode, numero_formation) WHERE state NOT IN ('rejetee', 'annulee')
        """)

    # ------------------------------------------------------------------ contraintes
    @api.constrains("numero_formation", "formation_id", "periode")
    def _check_numero_formation(self):
        """Une facture papier ne se présente qu'une fois, quel que soit le mois sous lequel elle revient."""
        numerotees = self.filtered(lambda f: f.numero_formation and f.formation_id and f.state not in ETATS_CLOS_SANS_SUITE)
        if not numerotees:
            return
        proches = self.sudo().search([
            ("formation_id", "in", numerotees.formation_id.ids), ("numero_formation", "!=", False),
            ("state", "not in", ETATS_CLOS_SANS_SUITE),
            ("periode", ">", min(numerotees.mapped("periode")) - UN_AN), ("periode", "<", max(numerotees.mapped("periode")) + UN_AN)])
        par_numero = proches.grouped(lambda f: (f.formation_id, numero_compare(f.numero_formation)))
        for facture in numerotees.sudo():
            for autre in par_numero[facture.formation_id, numero_compare(facture.numero_formation)] - facture:
                if facture.periode - UN_AN < autre.periode < facture.periode + UN_AN:
                    raise ValidationError(_(
                        "La formation a déjà présenté sa facture « %(numero)s » : c'est %(premiere)s (%(mois)s). "
                        "Vérifiez le numéro.",
                        numero=facture.numero_formation, premiere=autre.numero, mois=ecrire_mois(autre.periode)))

    # ------------------------------------------------------------------ calculs
    @api.depends("numero")
    def _compute_display_name(self):
        for facture in self:
            facture.display_name = facture.numero or _("Nouvelle facture")

    @api.depends("periode")
    def _compute_mois(self):
        for facture in self:
            facture.mois = ecrire_mois(facture.periode)

    @api.depends("montant_declare", "montant_facture")
    def _compute_ecart_declare(self):
        for facture in self:
            facture.ecart_declare = (
                facture.montant_declare - facture.montant_facture if facture.montant_declare else 0)

    @api.depends("state", "net_a_payer")
    def _compute_close(self):
        for facture in self:
            facture.close = facture.state == "validee" and not facture.net_a_payer

    def _search_close(self, operateur, valeur):
        if operateur not in ("=", "!="):
            raise UserError(_("« Close » se cherche par oui ou non."))
        domaine = [("state", "=", "validee"), ("net_a_payer", "=", 0)]
        return domaine if (operateur == "=") == bool(valeur) else ["!", "&", *domaine]

    @api.depends("nb_feuilles", "nb_non_decidees")
    def _compute_avancement(self):
        for facture in self:
            decidees = facture.nb_feuilles - facture.nb_non_decidees
            facture.avancement = 100.0 * decidees / facture.nb_feuilles if facture.nb_feuilles else 0.0

    @api.depends("decompte_ids.state")
    def _compute_decompte_id(self):
        for facture in self:
            facture.decompte_id = facture.decompte_ids.filtered(
                lambda d: d.state == "emis" and d.nature == "initial")[:1]

    @api.onchange("periode")
    def _onchange_periode(self):
        if self.periode:
            self.periode = self.periode.replace(day=1)

    @api.onchange("mode")
    def _onchange_mode(self):
        """Ce que l'écran cache ne reste pas derrière."""
        self["formation_id" if self.mode == "remboursement" else "assure_id"] = False

    # ------------------------------------------------------------------ CRUD
    def _completer_creation(self, vals_list):
        for vals in vals_list:
            vals["periode"] = self._premier_du_mois(vals.get("periode"))
            vals["preparateur_id"] = self.env.uid
        self._numeroter(vals_list)
        return super()._completer_creation(vals_list)

    def write(self, vals):
        if "periode" in vals:
            vals = {**vals, "periode": self._premier_du_mois(vals["periode"])}
        if "state" in vals and not self._ouvert(("state",)):
            # Même pour y récrire l'état présent : l'état ne s'écrit pas, il s'obtient par une action.
            raise UserError(self._phrase_champ_gele("state"))
        self._refuser_changement_identite(vals)
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _refuser_suppression(self):
        raise UserError(_("Une facture ne se supprime pas : annulez-la avec un motif."))

    def copy(self, default=None):
        raise UserError(_("Une facture ne se duplique pas : préparez celle du mois voulu."))

    # ------------------------------------------------------------------ privé
    def _refuser_changement_identite(self, vals):
        """Formation, période et mode ne changent plus dès qu'une feuille est attachée ou la facture soumise."""
        identite = {"formation_id", "periode", "mode", "assure_id"} & vals.keys()
        declare = {"montant_declare", "numero_formation"} & vals.keys()
        for facture in self:
            if identite and (facture.state != "brouillon" or facture.nb_feuilles):
                raise UserError(_(
                    "La formation et la période de la facture %s sont fixées par ses feuilles : "
                    "annulez-la et préparez-en une autre.", facture.numero))
            if declare and facture.state not in ETATS_OUVERTS:
                raise UserError(_("La facture %s est figée : son total déclaré ne change plus.", facture.numero))

    @api.model
    def _premier_du_mois(self, valeur):
        """Rend la date du premier jour du mois.

        :raise UserError: date absente, illisible ou dans un mois à venir
        """
        jour = lire_date(valeur, stricte=True, quoi=_("Période de la facture"))
        if jour.replace(day=1) > aujourd_hui():
            raise UserError(_(
                "Le mois %s n'a pas commencé : une facture porte sur un mois échu ou en cours.",
                ecrire_mois(jour)))
        if jour.year < 2000:
            raise UserError(_("L'année %s n'est pas plausible : vérifiez la période.", jour.year))
        return jour.replace(day=1)

    @api.model
    def _numeroter(self, vals_list):
        """Donne aux valeurs de création un numéro parlant : FAC (REM, CPL)-<formation ou matricule>-<AAAAMM>-<rang>."""
        formations = self.env["cnas.formation_sanitaire"].sudo().browse(
            {v["formation_id"] for v in vals_list if v.get("formation_id")})
        codes = {f.id: f.code for f in formations}
        assures = self.env["cnas.assure"].sudo().browse({v["assure_id"] for v in vals_list if v.get("assure_id")})
        matricules = {a.id: a.matricule for a in assures}
        racines = []
        for vals in vals_list:
            mois = vals["periode"].strftime("%Y%m")
            if vals.get("mode") == "remboursement":
                prefixe, qui = "REM", matricules.get(vals.get("assure_id"))
            else:
                prefixe, qui = "FAC", codes.get(vals.get("formation_id"))
            racines.append(f"{'CPL' if vals.get('nature') == 'complement' else prefixe}-{qui}-{mois}")
        self.flush_model(["numero"])
        self.env.cr.execute(
            """SELECT regexp_replace(numero, '-[0-9]+$', ''), MAX(substring(numero from '([0-9]+)$')::int)
                 FROM cnas_facture WHERE regexp_replace(numero, '-[0-9]+$', '') IN %s GROUP BY 1""",
            (tuple(racines) or ("",),))
        rangs = dict(self.env.cr.fetchall())
        for vals, racine in zip(vals_list, racines):
            rangs[racine] = rangs.get(racine, 0) + 1
            vals["numero"] = f"{racine}-{rangs[racine]:02d}"

    def _refuser_si_figees(self):
        """Refuse toute modification d'une feuille dont la facture est validée, ordonnancée ou payée."""
        for facture in self:
            if facture.state in ETATS_FIGES:
                raise UserError(facture._phrase_figee())

    def _phrase_figee(self):
        return _(
            "La facture %s est validée : ses feuilles sont gelées. Une correction passe par une "
            "contestation, un indu ou la contre-passation du décompte.", self.numero)
