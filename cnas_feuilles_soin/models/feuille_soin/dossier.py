from odoo import _, api, fields, models, tools
from odoo.exceptions import UserError, ValidationError

from odoo.addons.cnas_base.age import age_en_annees
from odoo.addons.cnas_base.jour import aujourd_hui

# Le détail des soins : l'ordonnateur paie sans le lire. Le diagnostic ne se lit que par les seconds (la formation : ses seules feuilles, par règle).
GROUPES_DOSSIER = "cnas_base.group_agent,cnas_base.group_medecin_conseil,cnas_base.group_portail_formation"
GROUPES_MEDICAUX = "cnas_base.group_controleur,cnas_base.group_medecin_conseil,cnas_base.group_portail_formation"

ETATS = [
    ("brouillon", "Brouillon"),
    ("deposee", "Déposée"),
    ("instance", "En instance"),
    ("controle", "À contrôler"),
    ("avis_medical", "Avis médical"),
    ("validee", "Validée"),
    ("rejetee", "Rejetée"),
    ("payee", "Payée"),
    ("annulee", "Annulée"),
]
# Plus rien ne s'y ajoute, et la durée de conservation court.
CLOS = ("payee", "rejetee", "annulee")
NATURES = [
    ("ordinaire", "Ordinaire"),
    ("enfant", "Enfant"),
    ("maternite", "Maternité"),
    ("ald", "ALD"),
]
MONTANTS = ("montant_facture", "montant_base", "montant_cnas", "ticket_moderateur", "depassement", "montant_rejete")


class FeuilleSoin(models.Model):
    """La feuille de soins : le dossier numérique d'un épisode de soins d'un bénéficiaire.

    États : brouillon → déposée → [en instance] → à contrôler → [avis médical] → validée → payée ;
    rejetée et annulée sont définitifs. Qui mène l'un à l'autre : la table `_actions` (`actions.py`).
    La finance lit, sauf le diagnostic ; la formation (portail) lit les siennes et importe pour elle-même.

    **Secret médical.** `pathologie_id` porte `groups=` : l'ORM la refuse en lecture, en écriture et en
    recherche à qui n'en est pas. L'agent, qui recopie le papier, la donne par `create()`/`write()` ou par
    le champ d'écran `diagnostic_saisi_id` : le code la range sans jamais la lui relire ; il voit seulement
    `diagnostic_present`. Le champ d'écran, calculé et jamais stocké, est vide pour qui n'a pas le droit.

    **Après le dépôt** rien ne se supprime et ce que le papier dit ne change plus, ni aucun champ que lit une règle ;
    en instance, seul un champ resté vide peut être complété (un « non » n'est pas un vide) : qui
    complète est un auteur de la feuille, et c'est tracé. Ce que montre le document (`_champs_constats`) se
    corrige encore pendant le contrôle, mais à deux (`cnas.changement`) : un contrôleur qui n'a pas saisi le demande,
    un superviseur, qui n'a pas saisi non plus, l'accepte.
    """

    _name = "cnas.feuille_soin"
    _description = "Feuille de soins"
    _inherit = ["cnas.etat.mixin", "cnas.changement.mixin", "cnas.montant.mixin", "cnas.papier.mixin", "mail.thread.main.attachment",
                "mail.activity.mixin"]
    _order = "date_depot desc, id desc"
    _rec_name = "numero"
    _rec_names_search = ["numero", "reference"]
    _mail_post_access = "read"
    _fichiers_comme = "cnas.feuille_soin.piece"
    _champs_lus = ("pathologie_id", "diagnostic_saisi_id", "avis_ids", "question_medecin")
    _cloison_agence = ("agence_id", "bordereau_id.destination_id")
    _cloison_usager = ("controleur_id", "saisie_par_id")
    _circuit = ("brouillon", "deposee", "instance", "controle", "avis_medical", "validee", "payee")

    _champs_geles = (
        "numero", "etat_droits", "completude", "nature", *MONTANTS, "saisie_par_id", "deposee_par_id",
        "decidee_par_id", "date_decision", "motif_decision", "date_limite_instance", "date_affectation",
        "controleur_id", "empreinte", "origine_id", "date_numerisation", "papier", "boite_id", "date_archivage",
        "archivee_par_id", "bordereau_id", "date_controle", "controle_initial", "regime_id", "version_regles",
        "niveau_formation", "type_formation",
    )
    # Ce que dit le papier : immuable après dépôt.
    _champs_papier = (
        "reference", "formation_id", "agence_id", "assure_id", "date_soins", "date_fin_soins", "date_depot",
        "pathologie_id", "praticien_id", "urgence", "type_soins", "mode", "entente_id", "total_declare",
        "ligne_ids", "diagnostic_saisi_id", "carte_id",
    )
    # Ce que montre le document : figé au dépôt, sauf constat demandé par l'un et accepté par l'autre.
    _champs_constats = (
        "signature_constatee", "multi_beneficiaire", "numero_carnet", "date_naissance_declaree", "rang_naissance",
        "cause", "fiche_reference", "date_ordonnance", "nouveau_ne", "attestation_nouveau_ne", "numero_facture_formation",
        "diagnostic_clair",
    )
    _champs_sensibles = dict.fromkeys(_champs_constats, "_en_controle")
    _effet_immediat = True
    # Ce que rectifient, en instance, les seuls gestes de `rectification.py`.
    _champs_rectifies = ("total_declare", "date_fin_soins")

    # --- identité du dossier
    numero = fields.Char(
        string="Numéro", readonly=True, copy=False,
        help="Donné au dépôt : agence, année, rang sans trou.")
    reference = fields.Char(
        string="Référence de la formation", copy=False, index=True, tracking=True,
        help="Numéro imprimé sur la feuille par la formation sanitaire.")
    state = fields.Selection(ETATS, string="État", default="brouillon", required=True, readonly=True,
                             copy=False, tracking=True, group_expand="_etats_du_circuit")
    formation_id = fields.Many2one("cnas.formation_sanitaire", string="Formation sanitaire", required=True,
                                   index=True, ondelete="restrict")
    agence_id = fields.Many2one("cnas.agence", string="Agence", index=True, ondelete="restrict",
                                default=lambda self: self.env["cnas.agence"]._de_l_usager())
    assure_id = fields.Many2one("cnas.assure", string="Bénéficiaire", required=True, index=True, ondelete="restrict")
    praticien_id = fields.Many2one("cnas.praticien", string="Praticien", index="btree_not_null", ondelete="restrict")
    # --- soins
    date_soins = fields.Date(string="Date des soins", required=True, index=True)
    date_fin_soins = fields.Date(string="Fin des soins")
    date_depot = fields.Date(string="Date de dépôt", copy=False, default=lambda self: aujourd_hui())
    pathologie_id = fields.Many2one(
        "cnas.pathologie", string="Diagnostic (CIM-10)", index="btree_not_null", ondelete="restrict",
        groups=GROUPES_MEDICAUX)
    diagnostic_saisi_id = fields.Many2one(
        "cnas.pathologie", string="Diagnostic", compute="_compute_diagnostic_saisi_id",
        inverse="_inverse_diagnostic_saisi_id", compute_sudo=False,
        help="Code ou nom de la maladie. Une fois enregistré, il n'est plus montré à l'accueil.")
    diagnostic_present = fields.Boolean(
        string="Diagnostic codé", compute="_compute_diagnostic_present", compute_sudo=True)
    urgence = fields.Boolean(string="Urgence")
    type_soins = fields.Selection(
        [("ambulatoire", "Ambulatoire"), ("hospitalisation", "Hospitalisation")],
        string="Type de soins", default="ambulatoire", required=True)
    mode = fields.Selection(
        [("tiers_payant", "Tiers payant"), ("remboursement", "Remboursement")],
        string="Mode", default="tiers_payant", required=True)
    entente_id = fields.Many2one("cnas.entente_prealable", string="Entente préalable",
                                 index="btree_not_null", ondelete="restrict")
    # --- tri
    nature = fields.Selection(NATURES, string="Nature", compute="_compute_nature", store=True, groups=GROUPES_DOSSIER)
    etat_droits = fields.Selection([("ouverts", "Droits ouverts"), ("fermes", "Droits fermés")],
                                   string="État des droits", readonly=True, copy=False)
    completude = fields.Selection([("complet", "Complet"), ("incomplet", "Incomplet")],
                                  string="Complétude", readonly=True, copy=False)
    # --- lignes, pièces, anomalies
    ligne_ids = fields.One2many("cnas.feuille_soin.ligne", "feuille_id", string="Lignes", copy=True)
    piece_ids = fields.One2many(
        "cnas.feuille_soin.piece", "feuille_id", string="Pièces",
        groups="cnas_base.group_agent,cnas_base.group_medecin_conseil,cnas_base.group_portail_formation")
    anomalie_ids = fields.One2many("cnas.anomalie", "feuille_id", string="Anomalies", groups=GROUPES_DOSSIER)
    total_declare = fields.Monetary(string="Total déclaré", copy=False,
                                    help="Total écrit sur le papier ; vide (0) : aucun.")
    # --- montants (Σ des lignes)
    montant_facture = fields.Monetary(string="Facturé", compute="_compute_montants", store=True)
    montant_base = fields.Monetary(string="Base", compute="_compute_montants", store=True)
    montant_cnas = fields.Monetary(string="Part CNAS", compute="_compute_montants", store=True)
    ticket_moderateur = fields.Monetary(string="Ticket modérateur", compute="_compute_montants", store=True)
    depassement = fields.Monetary(string="Dépassement", compute="_compute_montants", store=True)
    montant_rejete = fields.Monetary(string="Rejeté", compute="_compute_montants", store=True)
    # --- qui et quand
    saisie_par_id = fields.Many2one("res.users", string="Saisie par", default=lambda self: self.env.user,
                                    readonly=True, copy=False, index=True)
    deposee_par_id = fields.Many2one("res.users", string="Déposée par", readonly=True, copy=False)
    controleur_id = fields.Many2one("res.users", string="Contrôleur", copy=False, index="btree_not_null", tracking=True)
    date_affectation = fields.Datetime(string="Affectée le", readonly=True, copy=False)
    decidee_par_id = fields.Many2one("res.users", string="Décidée par", readonly=True, copy=False,
                                     help="Vide : liquidation automatique.")
    date_decision = fields.Datetime(string="Décidée le", readonly=True, copy=False, index=True)
    motif_decision = fields.Char(string="Motif de la décision", readonly=True, copy=False, groups=GROUPES_DOSSIER)
    motif_lu = fields.Char(string="Motif de la décision, à lire", compute="_compute_motif_lu", groups=GROUPES_DOSSIER)
    date_limite_instance = fields.Date(string="Pièces attendues avant le", readonly=True, copy=False, index="btree_not_null")
    empreinte = fields.Char(string="Empreinte de l'envoi", readonly=True, copy=False)
    # --- reprise d'un rejet
    origine_id = fields.Many2one("cnas.feuille_soin", string="Reprise de", readonly=True, copy=False,
                                 index="btree_not_null", ondelete="restrict")
    reprise_ids = fields.One2many("cnas.feuille_soin", "origine_id", string="Reprises")
    homonyme_ids = fields.Many2many(
        "cnas.feuille_soin", string="Même numéro de feuille", compute="_compute_homonyme_ids",
        help="Les autres dossiers de la formation sous ce numéro : un seul n'est pas annulé.")

    _sql_constraints = [
        ("numero_unique", "UNIQUE (numero)", "Ce numéro de dossier est déjà donné."),
        # Une feuille annulée rend son numéro : la bonne peut le reprendre.
        ("reference_unique", "EXCLUDE USING btree (formation_id WITH =, reference WITH =) WHERE (state <> 'annulee')",
         "Cette formation a déjà une feuille de soins avec cette référence."),
        ("numero_au_depot", "CHECK (numero IS NOT NULL OR state IN ('brouillon', 'annulee'))",
         "Une feuille déposée porte un numéro."),
    ]

    def init(self):
        """Pose les index qui rendent la liste, et une file (un état), les derniers dépôts d'abord, sans les trier en entier."""
        super().init()
        tools.create_index(self.env.cr, "cnas_feuille_soin_liste_idx", self._table, ["date_depot", "id"])
        tools.create_index(self.env.cr, "cnas_feuille_soin_file_idx", self._table, ["state", "date_depot", "id"])
        # Les séjours sans date de sortie sont rares : chaque contrôle les cherche sans relire les autres soins de la personne.
        tools.create_index(self.env.cr, "cnas_feuille_soin_sejour_idx", self._table, ["assure_id"],
                           where="type_soins = 'hospitalisation' AND date_fin_soins IS NULL")

    # ------------------------------------------------------------------ calculs
    @api.depends("numero", "reference")
    def _compute_display_name(self):
        for feuille in self:
            feuille.display_name = feuille.numero or feuille.reference or _("Nouveau")

    @api.depends(*[f"ligne_ids.{champ}" for champ in MONTANTS])
    def _compute_montants(self):
        for feuille in self:
            for champ in MONTANTS:
                feuille[champ] = sum(feuille.ligne_ids.mapped(champ))

    @api.depends("pathologie_id", "assure_id", "date_soins", "nouveau_ne", "date_naissance_declaree")
    def _compute_nature(self):
        """ALD, puis maternité, puis enfant (âge en années révolues à la date des soins)."""
        parametres = self.env["cnas.parametre"]
        for feuille in self:
            pathologie = feuille.pathologie_id
            naissance = feuille._naissance_du_patient()
            if pathologie.ald:
                feuille.nature = "ald"
            elif pathologie.maternite:
                feuille.nature = "maternite"
            elif (naissance and feuille.date_soins
                  and age_en_annees(naissance, feuille.date_soins) < parametres._au("age_enfant", feuille.date_soins)):
                feuille.nature = "enfant"
            else:
                feuille.nature = "ordinaire"

    def _naissance_du_patient(self):
        """Rend la date de naissance de qui est soigné : celle du nouveau-né, même sous le numéro de sa mère."""
        if self.nouveau_ne:
            return self.date_naissance_declaree or self.date_soins
        return self.assure_id.date_naissance

    @api.depends("reference", "formation_id")
    def _compute_homonyme_ids(self):
        citees = self.filtered("reference")
        semblables = citees.search([("formation_id", "in", citees.formation_id.ids),
                                    ("reference", "in", citees.mapped("reference"))])
        groupes = semblables.grouped(lambda f: (f.formation_id, f.reference))
        for feuille in self:
            feuille.homonyme_ids = groupes.get((feuille.formation_id, feuille.reference), semblables.browse()) - feuille

    @api.depends_context("uid")
    @api.depends("pathologie_id")
    def _compute_diagnostic_saisi_id(self):
        permis = self._peut_lire_diagnostic()
        for feuille in self:
            feuille.diagnostic_saisi_id = feuille.sudo().pathologie_id.id if permis else False

    def _inverse_diagnostic_saisi_id(self):
        for feuille in self.filtered("diagnostic_saisi_id"):
            feuille.sudo().pathologie_id = feuille.diagnostic_saisi_id

    @api.model
    def _get_mail_message_access(self, res_ids, operation, model_name=None):
        """Le fil d'un dossier parle de soins : qui paie sans lire les soins ne le lit pas."""
        if operation == "read" and not self.env.su and not self.user_has_groups(GROUPES_DOSSIER):
            return "write"
        return super()._get_mail_message_access(res_ids, operation, model_name)

    @api.depends("pathologie_id")
    def _compute_diagnostic_present(self):
        for feuille in self:
            feuille.diagnostic_present = bool(feuille.pathologie_id)

    @api.constrains("date_soins", "date_fin_soins")
    def _verifier_dates_passees(self):
        """À la saisie ; `importer` et le dépôt font leur propre vérification."""
        if self.env.su:
            return
        aujourdhui = aujourd_hui()
        for feuille in self:
            if max(feuille.date_soins, feuille.date_fin_soins or feuille.date_soins) > aujourdhui:
                raise ValidationError(_("La date des soins de la feuille « %s » est dans le futur : corrigez-la.",
                                        feuille.reference or feuille.assure_id.display_name))

    # ------------------------------------------------------------------ CRUD
    @api.model_create_multi
    def create(self, vals_list):
        """Crée des brouillons. L'agent peut donner `pathologie_id` sans avoir le droit de la relire."""
        if self._peut_lire_diagnostic():
            return super().create(vals_list)
        diagnostics = [vals.get("pathologie_id") or vals.get("diagnostic_saisi_id") for vals in vals_list]
        feuilles = super().create([
            {k: v for k, v in vals.items() if k not in ("pathologie_id", "diagnostic_saisi_id")}
            for vals in vals_list
        ])
        feuilles._ranger_diagnostics(diagnostics)
        return feuilles

    def write(self, vals):
        """Refuse tout changement du papier après le dépôt ; l'agent écrit le diagnostic sans le relire."""
        if not self._ouvert(vals.keys()):
            self.check_access_rights("write")
            self._refuser_papier_change(vals)
            self._refuser_si_close(vals)
        if "pathologie_id" in vals and not self._peut_lire_diagnostic():
            self.check_access_rule("write")
            vals = dict(vals)
            self._ranger_diagnostics([vals.pop("pathologie_id")] * len(self))
        avant = self._photo_des_constats(vals)
        resultat = super().write(vals) if vals else True
        self._tracer_constats(avant)
        return resultat

    @api.ondelete(at_uninstall=False)
    def _unlink_brouillon_seul(self):
        if any(feuille.state != "brouillon" for feuille in self):
            raise UserError(_("Une feuille déposée ne se supprime pas : annulez-la avec un motif."))

    # ------------------------------------------------------------------ privé
    @api.model
    def _peut_lire_diagnostic(self):
        return self.env.su or self.user_has_groups(GROUPES_MEDICAUX)

    def _ranger_diagnostics(self, diagnostics):
        """Écrit le diagnostic de chaque feuille, en un `write` par diagnostic différent."""
        par_diagnostic = {}
        for feuille, diagnostic in zip(self, diagnostics):
            if diagnostic and (not isinstance(diagnostic, int) or isinstance(diagnostic, bool)):
                raise UserError(_("Le diagnostic se donne par son identifiant."))
            if diagnostic:
                par_diagnostic.setdefault(diagnostic, []).append(feuille.id)
        for diagnostic, ids in par_diagnostic.items():
            self.sudo().browse(ids).write({"pathologie_id": diagnostic})

    def _refuser_piece_si_clos(self):
        for feuille in self:
            if feuille.state in CLOS:
                raise UserError(_("La feuille %s est close : elle ne reçoit plus de pièce.", feuille.display_name))

    def _photo_des_constats(self, vals):
        """Rend {id: {fait: valeur lisible}} des feuilles déposées dont ces valeurs touchent un fait : le constater, le compléter."""
        faits = self._champs_constats if self._ouvert(vals.keys()) else (*self._champs_papier, *self._champs_constats)
        champs = [champ for champ in faits if champ in vals and champ not in ("ligne_ids", "diagnostic_saisi_id")]
        return {feuille.id: {champ: feuille._fait_lisible(champ) for champ in champs}
                for feuille in (self.sudo() if champs else ()) if feuille.state != "brouillon"}

    def _fait_lisible(self, champ):
        """Rend la valeur d'un fait telle qu'on la trace ; du diagnostic, seulement qu'il est codé."""
        valeur = self[champ]
        if champ == "pathologie_id":
            return _("codé") if valeur else False
        return valeur.display_name if isinstance(valeur, models.BaseModel) else valeur

    def _tracer_constats(self, avant):
        """Inscrit au journal et au dossier les faits constatés, ou complétés en instance."""
        lignes = []
        for feuille in self.sudo().browse(avant):
            apres = {champ: feuille._fait_lisible(champ) for champ in avant[feuille.id]}
            changes = {champ: valeur for champ, valeur in avant[feuille.id].items() if apres[champ] != valeur}
            if changes:
                complete = feuille.state == "instance"
                lignes.append({"modele": self._name, "res_id": feuille.id, "evenement": "completion" if complete else "constat",
                               "avant": changes, "apres": {champ: apres[champ] for champ in changes}})
                vide = _("vide")
                faits = " ; ".join(f"{self._fields[champ]._description_string(self.env)} : {changes[champ] or vide} → {apres[champ] or vide}"
                                   for champ in changes)
                feuille.message_post(body=_("Complété : %s", faits) if complete else _("Constat : %s", faits))
        self.env["cnas.journal"]._ajouter(lignes)

    def _refuser_papier_change(self, vals):
        touches = [champ for champ in (*self._champs_papier, *self._champs_constats) if champ in vals]
        if not touches:
            return
        for feuille in self.sudo():
            if feuille.state == "brouillon":
                continue
            for champ in touches:
                reel = "pathologie_id" if champ == "diagnostic_saisi_id" else champ
                if feuille.state == "instance" and not feuille[reel] and vals[champ] and self._se_complete(champ):
                    continue
                if champ != "ligne_ids" and _meme_valeur(feuille, reel, vals[champ]):
                    continue
                if champ == "ligne_ids" and _commandes_sans_effet(vals[champ]):
                    continue  # la ligne se garde elle-même (révision du contrôleur)
                if champ in self._champs_constats and feuille._en_controle():
                    continue  # refusé seul, demandé à deux (`cnas.changement.mixin`)
                raise UserError(_(
                    "« %(champ)s » ne change plus : la feuille %(numero)s est déposée. "
                    "Annulez-la avec un motif, puis saisissez-la de nouveau.",
                    champ=self._fields[champ]._description_string(self.env), numero=feuille.display_name,
                ))

    def _en_controle(self, vals=None):
        """Rend les feuilles déposées que nul n'a décidées ni suspendues."""
        return self.filtered(lambda feuille: feuille.state in self._actions_du_modele()["constater"].de)

    def _verifier_demande(self, valeurs):
        """Un constat se demande pendant le contrôle, par un contrôleur qui n'est pas un auteur de la feuille."""
        self._exiger("constater")
        super()._verifier_demande(valeurs)

    def _empeche_de_decider(self):
        return self._empeche_les_auteurs()

    def _appliquer_changement(self, valeurs, jour):
        if not self._en_controle():
            raise UserError(_("La feuille %s n'est plus au contrôle : le constat ne s'applique plus.", self.display_name))
        return super()._appliquer_changement(valeurs, jour)

    def _se_complete(self, champ):
        """Dit si le vide de ce champ est un manque : un « non » est un fait, et ce qui se rectifie a son geste, tracé et borné."""
        return self._fields[champ].type != "boolean" and champ not in ("ligne_ids", *self._champs_rectifies)

    def _refuser_si_close(self, vals):
        """Une feuille décidée ne reçoit plus que des messages et des activités."""
        if all(champ.startswith(("message_", "activity_", "my_activity_")) for champ in vals):
            return
        for feuille in self.sudo():
            if feuille.state in ("validee", *CLOS):
                raise UserError(_("La feuille %(numero)s est à l'état « %(etat)s » : elle ne change plus.",
                                  numero=feuille.display_name, etat=feuille._libelle_etat(feuille.state)))


def _commandes_sans_effet(commandes):
    """Dit si des commandes de lignes n'en ajoutent ni n'en ôtent."""
    return isinstance(commandes, (list, tuple)) and all(
        isinstance(commande, (list, tuple)) and commande and commande[0] in (1, 4) for commande in commandes)


def _meme_valeur(record, champ, valeur):
    field = record._fields[champ]
    actuelle = field.convert_to_cache(record[champ], record, validate=False)
    return field.convert_to_cache(valeur, record, validate=False) == actuelle
