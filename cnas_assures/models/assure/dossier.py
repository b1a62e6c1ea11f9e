from dateutil.relativedelta import relativedelta

from odoo import _, api, fields, models, tools
from odoo.exceptions import UserError, ValidationError
from odoo.modules.db import FunctionStatus, has_unaccent
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.age import age_en_annees, age_en_mois
from odoo.addons.cnas_base.ecriture import ecrire_date
from odoo.addons.cnas_base.impression.kit import est_arabe
from odoo.addons.cnas_base.jour import aujourd_hui

from ...phonetique import cle_phonetique

GENRES = [("masculin", "Masculin"), ("feminin", "Féminin")]
STATUTS_MATRIMONIAUX = [
    ("celibataire", "Célibataire"), ("marie", "Marié(e)"), ("divorce", "Divorcé(e)"), ("veuf", "Veuf(ve)"),
]
LIENS = [("conjoint", "Conjoint"), ("enfant", "Enfant"), ("ascendant", "Ascendant"), ("autre", "Autre")]
TYPES_ASSURE = [("principal", "Assuré principal"), ("ayant_droit", "Ayant droit")]

# Ce qui fait l'identité : figé dès l'immatriculation, corrigé par une demande validée par un autre.
CHAMPS_IDENTITE = (
    "nom", "prenom", "genre", "date_naissance", "date_naissance_estimee", "lieu_naissance",
    "province_naissance_id", "ne_a_l_etranger", "pays_naissance_id", "nni", "nom_pere", "nom_mere", "nom_ar", "prenom_ar",
)
# Ceux que l'agent peut encore compléter quand ils sont vides.
CHAMPS_COMPLETABLES = (
    "lieu_naissance", "province_naissance_id", "pays_naissance_id", "nni", "nom_pere", "nom_mere", "nom_ar", "prenom_ar",
)
# Ce qui change par une action datée, pour que l'histoire reste lisible.
CHAMPS_PAR_ACTION = {
    "regime_id": _lt("« Changer de régime »"),
    "type_assure": _lt("« Rattacher », « Sortie de famille » ou « Changer de principal »"),
    "assure_principal_id": _lt("« Rattacher », « Sortie de famille » ou « Changer de principal »"),
    "lien": _lt("« Rattacher » ou « Sortie de famille »"),
    "date_affiliation": _lt("une période de droits"),
}
# Ce qui, changé sur un brouillon, le fait rapprocher à nouveau.
CHAMPS_RAPPROCHES = frozenset(("nom", "prenom", "genre", "date_naissance"))
# Ce qui dit qui est la mère d'un enfant.
CHAMPS_DE_LA_MERE = frozenset(("nom_mere", "lien", "assure_principal_id", "genre", "nom", "prenom"))
CHAMPS_FIGES = frozenset((*CHAMPS_IDENTITE, *CHAMPS_PAR_ACTION, "date_deces"))


class Assure(models.Model):
    """Une personne couverte par la CNAS : une identité, une seule, pour la vie.

    États : brouillon → actif ⇄ suspendu → radié (actif → radié aussi).
    Qui peut quoi : les tables `_actions` (circuit, famille, documents) ; l'agent crée et modifie un
    brouillon, le superviseur valide une correction et fusionne, le médecin-conseil et l'ordonnateur lisent.

    Une fois immatriculé, l'identité ne s'écrit plus directement : elle se corrige par une
    demande (`cnas.correction_identite`) qu'un autre valide. Le régime et la famille changent
    par des actions datées. Les droits vivent dans `cnas.droit`, les liens familiaux dans
    `cnas.lien_familial` ; ceux d'un ayant droit dérivent de son principal.
    """

    _name = "cnas.assure"
    _description = "Assuré"
    _inherit = [
        "cnas.etat.mixin", "cnas.changement.mixin", "cnas.matricule.mixin", "cnas.coordonnees.mixin",
        "cnas.papier.mixin", "mail.thread", "mail.activity.mixin",
    ]
    _order = "name, id"
    _rec_names_search = ["name", "matricule"]
    _champs_journal = (*CHAMPS_IDENTITE, "telephone_1", "regime_id", "matricule")

    _matricule_sequence = "cnas.assure"
    _champs_geles = (
        "matricule", "famille_id", "motif_etat", "date_immatriculation", "date_radiation", "fusionne_dans_id",
        "cle_import",
    )

    # ------------------------------------------------------------------ informations générales
    name = fields.Char(
        string="Nom complet", compute="_compute_name", store=True, precompute=True)
    nom = fields.Char(string="Nom", required=True, tracking=True)
    prenom = fields.Char(string="Prénom", tracking=True, help="Vide pour qui n'a qu'un nom.")
    nom_ar = fields.Char(string="Nom en arabe", help="Imprimé à côté du nom sur la carte et l'attestation.")
    prenom_ar = fields.Char(string="Prénom en arabe")
    genre = fields.Selection(selection=GENRES, string="Genre", required=True, tracking=True)
    statut_matrimonial = fields.Selection(
        selection=STATUTS_MATRIMONIAUX, string="Statut matrimonial", default="celibataire")
    regime_id = fields.Many2one(
        comodel_name="cnas.regime", string="Régime", required=True, index=True, ondelete="restrict", tracking=True)
    regime_code = fields.Char(string="Code du régime", related="regime_id.code")
    photo = fields.Image(string="Photo", max_width=600, max_height=600)
    photo_128 = fields.Image(
        string="Vignette", related="photo", max_width=128, max_height=128, store=True)
    nni = fields.Char(string="NNI", copy=False, tracking=True, help="Numéro national d'identification (ANATS).")
    state = fields.Selection(
        selection=[("brouillon", "Brouillon"), ("actif", "Actif"), ("suspendu", "Suspendu"), ("radie", "Radié")],
        string="Statut", default="brouillon", required=True, copy=False, index=True, tracking=True)
    motif_etat = fields.Char(string="Motif", copy=False, tracking=True)
    date_immatriculation = fields.Date(string="Date d'immatriculation", copy=False)
    date_radiation = fields.Date(string="Date de radiation", copy=False)
    active = fields.Boolean(string="Actif en liste", default=True, copy=False)
    fusionne_dans_id = fields.Many2one(
        comodel_name="cnas.assure", string="Fusionné dans", copy=False, index="btree_not_null", ondelete="restrict")

    # ------------------------------------------------------------------ naissance, décès
    date_naissance = fields.Date(string="Date de naissance", index=True, tracking=True)
    date_naissance_estimee = fields.Boolean(
        string="Né(e) vers", help="L'année seule est connue : la date est une estimation.")
    age = fields.Integer(string="Âge", compute="_compute_age", search="_search_age")
    age_detail = fields.Char(string="Âge détaillé", compute="_compute_age")
    lieu_naissance = fields.Char(string="Lieu de naissance")
    province_naissance_id = fields.Many2one(
        comodel_name="cnas.province", string="Province de naissance", ondelete="restrict")
    ne_a_l_etranger = fields.Boolean(string="Né(e) à l'étranger")
    pays_naissance_id = fields.Many2one(comodel_name="res.country", string="Pays de naissance", ondelete="restrict")
    date_deces = fields.Date(string="Date de décès", copy=False, tracking=True)

    # ------------------------------------------------------------------ contacts
    district_id = fields.Many2one(
        comodel_name="cnas.district", string="District", index=True, ondelete="restrict")
    province_id = fields.Many2one(
        related="district_id.province_id", string="Province", store=True, index=True, precompute=True)
    localite = fields.Char(string="Quartier ou village")
    personne_a_prevenir = fields.Char(string="Personne à prévenir")

    # ------------------------------------------------------------------ filiation
    nom_pere = fields.Char(string="Nom du père")
    nom_mere = fields.Char(string="Nom de la mère")
    filiation = fields.Selection(
        selection=[("legitime", "Légitime"), ("reconnu", "Reconnu"), ("adopte", "Adopté"), ("tutelle", "Sous tutelle")],
        string="Nature de la filiation")

    # ------------------------------------------------------------------ famille
    type_assure = fields.Selection(
        selection=TYPES_ASSURE, string="Type d'assuré", default="principal", required=True, index=True, copy=False,
        tracking=True)
    assure_principal_id = fields.Many2one(
        comodel_name="cnas.assure", string="Assuré principal", index="btree_not_null", ondelete="restrict",
        copy=False, tracking=True)
    lien = fields.Selection(selection=LIENS, string="Lien avec le principal", copy=False)
    ayant_droit_ids = fields.One2many(
        comodel_name="cnas.assure", inverse_name="assure_principal_id", string="Ayants droit")
    nombre_ayants_droit = fields.Integer(string="Nombre d'ayants droit", compute="_compute_nombre_ayants_droit")
    lien_ids = fields.One2many(comodel_name="cnas.lien_familial", inverse_name="membre_id", string="Liens familiaux")
    lien_famille_ids = fields.One2many(
        comodel_name="cnas.lien_familial", inverse_name="principal_id", string="Membres, présents et passés")
    famille_id = fields.Many2one(
        comodel_name="cnas.assure", string="Famille", readonly=True, copy=False, index=True,
        help="L'assuré principal de la famille (l'assuré lui-même s'il est principal).")
    prolongation_ids = fields.One2many(
        comodel_name="cnas.prolongation_age", inverse_name="assure_id", string="Prolongations d'âge",
        groups="cnas_base.group_agent,cnas_base.group_medecin_conseil")

    # ------------------------------------------------------------------ droits
    date_affiliation = fields.Date(
        string="Date d'affiliation", copy=False, tracking=True,
        help="Les droits s'ouvrent à cette date. Vide : le jour de l'immatriculation.")
    decision_amed = fields.Char(
        string="Décision AMED", copy=False, help="Référence de la liste ou de la décision d'éligibilité.")
    droit_ids = fields.One2many(comodel_name="cnas.droit", inverse_name="assure_id", string="Droits")

    # ------------------------------------------------------------------ dossier
    carte_ids = fields.One2many(comodel_name="cnas.carte", inverse_name="assure_id", string="Cartes sanitaires")
    attestation_ids = fields.One2many(
        comodel_name="cnas.attestation", inverse_name="assure_id", string="Attestations")
    piece_ids = fields.One2many(
        comodel_name="cnas.piece_administrative", inverse_name="assure_id", string="Pièces administratives")
    correction_ids = fields.One2many(
        comodel_name="cnas.correction_identite", inverse_name="assure_id", string="Corrections d'identité",
        groups="cnas_base.group_agent")

    # ------------------------------------------------------------------ recherche, rapprochement, import
    nom_phonetique = fields.Char(
        string="Clé de rapprochement", compute="_compute_nom_phonetique", store=True, precompute=True)
    cle_arabe = fields.Char(string="Clé du nom en arabe", compute="_compute_cle_arabe", store=True, precompute=True,
                            help="Vide quand le nom arabe se dit comme le nom latin : sa clé suffit.")
    cle_import = fields.Char(string="Clé d'import", copy=False, readonly=True)

    _sql_constraints = [
        ("nni_unique", "", "Ce NNI est déjà celui d'un autre assuré : recherchez son dossier avant d'en créer un."),
        ("cle_import_unique", "", "Cette ligne a déjà été importée."),
        ("principal_autre", "CHECK (assure_principal_id IS NULL OR assure_principal_id <> id)",
         "Une personne n'est pas son propre ayant droit : choisissez un autre assuré principal."),
        ("rattachement_coherent",
         "CHECK ((type_assure = 'principal' AND assure_principal_id IS NULL AND lien IS NULL)"
         " OR (type_assure = 'ayant_droit' AND assure_principal_id IS NOT NULL AND lien IS NOT NULL))",
         "Un ayant droit a un assuré principal et un lien ; un assuré principal n'en a pas."),
        ("deces_apres_naissance", "CHECK (date_deces IS NULL OR date_naissance IS NULL OR date_deces >= date_naissance)",
         "La date de décès ne peut pas précéder la naissance."),
    ]

    # ------------------------------------------------------------------ base de données
    def init(self):
        """Pose les index uniques partiels et l'index de la liste triée par nom."""
        super().init()
        cr, table = self.env.cr, self._table
        cr.execute("CREATE UNIQUE INDEX IF NOT EXISTS cnas_assure_nni_unique"
                   " ON cnas_assure (nni) WHERE nni IS NOT NULL AND active")
        cr.execute("CREATE UNIQUE INDEX IF NOT EXISTS cnas_assure_cle_import_unique"
                   " ON cnas_assure (cle_import) WHERE cle_import IS NOT NULL")
        tools.create_index(cr, "cnas_assure_liste_idx", table, ["name", "id"])
        tools.create_index(cr, "cnas_assure_telephone_1_idx", table, ["telephone_1"], where="telephone_1 IS NOT NULL")
        tools.create_index(cr, "cnas_assure_matricule_debut_idx", table, ["matricule varchar_pattern_ops"])
        tools.create_index(cr, "cnas_assure_phonetique_idx", table, ["nom_phonetique", "date_naissance"])
        # Sans accents par construction : cet index trigramme porte sur la colonne nue.
        tools.create_index(cr, "cnas_assure_phonetique_trgm_idx", table, ["nom_phonetique gin_trgm_ops"], "gin")
        tools.create_index(cr, "cnas_assure_squelettes_idx", table, ["string_to_array(nom_phonetique::text, ' ')"], "gin")
        tools.create_index(cr, "cnas_assure_cle_arabe_idx", table, ["string_to_array(cle_arabe::text, ' ')"], "gin", where="cle_arabe IS NOT NULL")
        self._poser_index_nom()

    def _poser_index_nom(self):
        """Pose les index du nom, sur `unaccent(name)` si la base le permet ; les refait si cela change.

        Les trigrammes servent les morceaux de nom, les mots leurs débuts, le dernier le début du nom entier.
        """
        cr = self.env.cr
        avec_unaccent = has_unaccent(cr) == FunctionStatus.INDEXABLE
        colonne = "unaccent(name::text)" if avec_unaccent else "name"
        for nom, expression_index in (("cnas_assure_name_trgm_idx", f"{colonne} gin_trgm_ops"),
                                      ("cnas_assure_mots_idx", f"to_tsvector('simple'::regconfig, {colonne})")):
            cr.execute("SELECT indexdef FROM pg_indexes WHERE indexname = %s", (nom,))
            definition = cr.fetchone()
            if definition and ("unaccent" in definition[0]) != avec_unaccent:
                tools.drop_index(cr, nom, self._table)
            tools.create_index(cr, nom, self._table, [expression_index], "gin")
        if avec_unaccent:
            # Peu de noms, très portés : sans statistiques fines, PostgreSQL croit chaque morceau de nom rare.
            tools.create_index(cr, "cnas_assure_debut_idx", self._table, ["lower(unaccent(name::text)) text_pattern_ops"])
            cr.execute("ALTER INDEX cnas_assure_name_trgm_idx ALTER COLUMN 1 SET STATISTICS 2000")

    # ------------------------------------------------------------------ contraintes
    @api.constrains("date_naissance", "date_deces")
    def _check_dates_passees(self):
        aujourdhui = aujourd_hui()
        for assure in self:
            if assure.date_naissance and assure.date_naissance > aujourdhui:
                raise ValidationError(_(
                    "La date de naissance de %(nom)s (%(date)s) est dans le futur : corrigez-la.",
                    nom=assure.name, date=ecrire_date(assure.date_naissance)))
            if assure.date_naissance and assure.date_naissance < aujourdhui - relativedelta(years=130):
                raise ValidationError(_(
                    "La date de naissance de %(nom)s (%(date)s) donne plus de 130 ans : vérifiez l'année.",
                    nom=assure.name, date=ecrire_date(assure.date_naissance)))
            if assure.date_deces and assure.date_deces > aujourdhui:
                raise ValidationError(_("La date de décès de %s est dans le futur : corrigez-la.", assure.name))

    @api.constrains("nom", "prenom")
    def _check_noms(self):
        for assure in self:
            if not (assure.nom or "").strip():
                raise ValidationError(_("Le nom est obligatoire."))
            if not all(any(c.isalpha() for c in texte) for texte in (assure.nom, assure.prenom) if texte):
                raise ValidationError(_("Le nom « %s » ne contient aucune lettre : vérifiez la saisie.", assure.name))

    @api.constrains("nni")
    def _check_nni(self):
        for assure in self:
            if defaut := self._defaut_de_nni(assure.nni):
                raise ValidationError(defaut)

    @api.model
    def _defaut_de_nni(self, nni):
        """Rend ce qui ne va pas dans un NNI, ou rien : des lettres sans accent et des chiffres, de la longueur réglée."""
        if not nni:
            return ""
        longueur = self.env["cnas.parametre"]._au("nni_longueur")
        if not (nni.isascii() and nni.isalnum() and any(c.isdigit() for c in nni)):
            return _("Le NNI « %s » doit être fait de chiffres, et de lettres sans accent s'il en porte : vérifiez la saisie.", nni)
        if longueur and len(nni) != longueur:
            return _("Le NNI « %(nni)s » a %(lus)s caractères, %(attendus)s sont attendus : vérifiez la saisie.",
                     nni=nni, lus=len(nni), attendus=longueur)
        return ""

    @api.constrains("nom_ar", "prenom_ar")
    def _check_noms_arabes(self):
        for assure in self:
            for texte in filter(None, (assure.nom_ar, assure.prenom_ar)):
                if any(c.isalpha() and not est_arabe(c) for c in texte) or not est_arabe(texte):
                    raise ValidationError(_("Le nom en arabe « %s » s'écrit en lettres arabes.", texte))

    # ------------------------------------------------------------------ calculs
    @api.depends("nom", "prenom")
    def _compute_name(self):
        for assure in self:
            assure.name = " ".join(filter(None, (assure.nom, assure.prenom)))

    @api.depends("nom", "prenom")
    def _compute_nom_phonetique(self):
        for assure in self:
            assure.nom_phonetique = cle_phonetique(assure.nom, assure.prenom)

    @api.depends("nom", "prenom", "nom_ar", "prenom_ar")
    def _compute_cle_arabe(self):
        for assure in self:
            if not (assure.nom_ar or assure.prenom_ar):
                assure.cle_arabe = False
                continue
            avec_arabe = cle_phonetique(assure.nom, assure.prenom, assure.nom_ar, assure.prenom_ar)
            assure.cle_arabe = avec_arabe != cle_phonetique(assure.nom, assure.prenom) and avec_arabe

    @api.depends("name", "matricule")
    @api.depends_context("nom_court")
    def _compute_display_name(self):
        # Une liste montre le matricule dans sa colonne.
        court = self.env.context.get("nom_court")
        for assure in self:
            nom = assure.name or _("Nouveau")
            assure.display_name = f"{nom} ({assure.matricule})" if assure.matricule and not court else nom

    @api.depends("date_naissance", "date_naissance_estimee", "date_deces")
    def _compute_age(self):
        aujourdhui = aujourd_hui()
        for assure in self:
            assure.age = assure._age_a(assure.date_deces or aujourdhui) or 0
            assure.age_detail = assure._libelle_age(assure.date_deces or aujourdhui)

    def _search_age(self, operator, value):
        """Traduit une recherche sur l'âge en bornes de date de naissance."""
        if operator not in ("=", "!=", "<", "<=", ">", ">=") or isinstance(value, bool) or not isinstance(value, int):
            raise UserError(_("L'âge se compare à un nombre entier d'années."))
        jour = aujourd_hui()
        ne_au_plus_tard = jour - relativedelta(years=value)          # a au moins `value` ans
        ne_apres = jour - relativedelta(years=value + 1)             # n'a pas encore `value` + 1 ans
        return {
            ">=": [("date_naissance", "<=", ne_au_plus_tard)],
            ">": [("date_naissance", "<=", ne_apres)],
            "<": [("date_naissance", ">", ne_au_plus_tard)],
            "<=": [("date_naissance", ">", ne_apres)],
            "=": [("date_naissance", "<=", ne_au_plus_tard), ("date_naissance", ">", ne_apres)],
            "!=": ["|", ("date_naissance", ">", ne_au_plus_tard), ("date_naissance", "<=", ne_apres)],
        }[operator]

    @api.depends("ayant_droit_ids")
    def _compute_nombre_ayants_droit(self):
        comptes = dict(self.env["cnas.assure"]._read_group(
            [("assure_principal_id", "in", self.ids)], ["assure_principal_id"], ["__count"]))
        for assure in self:
            assure.nombre_ayants_droit = comptes.get(assure, 0)

    # ------------------------------------------------------------------ onchange
    @api.onchange("ne_a_l_etranger")
    def _onchange_ne_a_l_etranger(self):
        if self.ne_a_l_etranger:
            self.province_naissance_id = False
        else:
            self.pays_naissance_id = False

    @api.onchange("type_assure")
    def _onchange_type_assure(self):
        if self.type_assure == "principal":
            self.assure_principal_id = self.lien = False

    @api.onchange("assure_principal_id")
    def _onchange_assure_principal_id(self):
        principal = self.assure_principal_id
        if principal:
            self.regime_id = principal.regime_id
            self.district_id = self.district_id or principal.district_id

    # ------------------------------------------------------------------ CRUD
    @api.model_create_multi
    def create(self, vals_list):
        vals_list = [self._preparer_valeurs(vals) for vals in vals_list]
        self._completer_depuis_principal(vals_list)
        assures = super().create(vals_list)
        assures._fixer_famille()
        assures._synchroniser_liens()
        assures._chercher_a_la_creation()
        assures._relier_meres()
        return assures

    def write(self, vals):
        vals = self._preparer_valeurs(vals, creation=False)
        figes = {champ: valeur for champ, valeur in vals.items() if champ in CHAMPS_FIGES}
        if not self._ouvert(figes):
            self._refuser_champs_figes(figes)
        resultat = super().write(vals)
        if {"assure_principal_id", "lien", "type_assure"} & vals.keys():
            self._fixer_famille()
            self._synchroniser_liens()
        if not CHAMPS_RAPPROCHES.isdisjoint(vals):
            self.filtered(lambda a: a.state == "brouillon")._chercher_a_la_creation()
        if "date_deces" in vals and vals["date_deces"]:
            self._appliquer_deces()
        if not CHAMPS_DE_LA_MERE.isdisjoint(vals):
            self._relier_meres(a_nouveau="nom_mere" in vals)
        return resultat

    @api.ondelete(at_uninstall=False)
    def _unlink_except_immatricule(self):
        if any(assure.state != "brouillon" for assure in self):
            raise UserError(_("Un assuré immatriculé ne se supprime pas : radiez-le, avec un motif et une date."))

    # ------------------------------------------------------------------ métier : matricule, âge
    @api.model
    def _matricule_prefixe(self, vals):
        """Rend « TD » + numéro du régime + année d'inscription (domaine §3.7)."""
        regime = self.env["cnas.regime"].browse(vals.get("regime_id"))
        annee = aujourd_hui().year % 100
        return f"TD{regime.numero or 0}{annee:02d}"

    def _age_a(self, date):
        """Rend l'âge en années révolues à `date`, ou False si la naissance est inconnue ou postérieure."""
        self.ensure_one()
        if not self.date_naissance or not date or date < self.date_naissance:
            return False
        return age_en_annees(self.date_naissance, date)

    def _libelle_age(self, date):
        """Rend « 34 ans », « 7 mois », « 12 jours », précédé de « vers » si la date est estimée."""
        self.ensure_one()
        if not self.date_naissance or date < self.date_naissance:
            return ""
        mois = age_en_mois(self.date_naissance, date)
        if mois >= 24:
            texte = _("%s ans", mois // 12)
        elif mois:
            texte = _("%s mois", mois)
        else:
            texte = _("%s jours", (date - self.date_naissance).days)
        return _("environ %s", texte) if self.date_naissance_estimee else texte

    # ------------------------------------------------------------------ privé
    @api.model
    def _preparer_valeurs(self, vals, creation=True):
        """Nettoie les textes et déduit le type d'assuré du rattachement."""
        vals = dict(vals)
        for champ in ("nom", "prenom", "nom_ar", "prenom_ar", "nom_pere", "nom_mere"):
            if isinstance(vals.get(champ), str):
                vals[champ] = " ".join(vals[champ].split())
        if "nni" in vals:
            vals["nni"] = self._normaliser_matricule(vals["nni"]) or False
        if creation and vals.get("assure_principal_id") and "type_assure" not in vals:
            vals["type_assure"] = "ayant_droit"
        if creation and "assure_principal_id" not in vals and "default_assure_principal_id" in self.env.context:
            vals["type_assure"] = "ayant_droit"
        return vals

    @api.model
    def _completer_depuis_principal(self, vals_list):
        """Donne à l'ayant droit le régime et le district de son principal, s'il n'en a pas (une lecture par lot)."""
        rattaches = [v for v in vals_list if v.get("assure_principal_id")]
        principaux = self.browse({v["assure_principal_id"] for v in rattaches})
        for vals in rattaches:
            principal = principaux.browse(vals["assure_principal_id"])
            for champ in ("regime_id", "district_id"):
                if not vals.get(champ):
                    vals[champ] = principal[champ].id

    def _refuser_champs_figes(self, vals):
        """Refuse l'écriture directe de l'identité, du régime et de la famille après l'immatriculation."""
        if "date_deces" in vals and any(a.date_deces and str(a.date_deces) != str(vals["date_deces"]) for a in self):
            self._exiger_groupe("cnas_base.group_superviseur", _("corriger une date de décès"))
        figes = self.filtered(lambda a: a.state != "brouillon")
        for champ, valeur in vals.items():
            if champ == "date_deces":
                continue
            field = self._fields[champ]
            for assure in figes:
                ancienne = field.convert_to_cache(assure[champ], assure, validate=False)
                nouvelle = field.convert_to_cache(valeur, assure, validate=False)
                if (ancienne or False) == (nouvelle or False):
                    continue
                if champ in CHAMPS_PAR_ACTION:
                    raise UserError(_(
                        "« %(champ)s » de %(nom)s ne s'écrit plus directement après l'immatriculation : "
                        "passez par %(action)s.", champ=field.string, nom=assure.name, action=CHAMPS_PAR_ACTION[champ]))
                if champ in CHAMPS_COMPLETABLES and not ancienne:
                    continue
                raise UserError(_(
                    "« %(champ)s » fait partie de l'identité de %(nom)s, déjà immatriculé : "
                    "faites une demande de correction d'identité, qu'un autre agent validera.",
                    champ=field.string, nom=assure.name))
