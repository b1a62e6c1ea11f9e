from collections import defaultdict

from markupsafe import Markup, escape

from odoo import _, api, fields, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_montant
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_date

from ..bareme import Bareme
from .constantes import (
    AGE_SANS_LIMITE,
    CATEGORIE_PAR_TYPE,
    CATEGORIES,
    HORS_PLAFOND,
    NIVEAUX,
    SEXES,
    TYPES_PRESTATION,
    TYPES_SOINS,
)
from .niveau import lire_niveau


class Prestation(models.Model):
    """Ce que la caisse prend en charge : acte, examen, médicament ou consommable.

    La prestation porte ce qui est commun (code, contraintes, catégorie) ; `cnas.acte`, `cnas.examen`,
    `cnas.medicament` et `cnas.consommable` la complètent par délégation. Son tarif à une date se lit dans la
    vue `cnas.tarif` ; `tarif_applicable` le rend pour des codes, `Bareme` (bareme.py) pour des lots.

    Bornes : âges en années révolues, incluses (120 : sans limite) ; quantité et fréquence à 0 : sans limite.

    | qui | peut |
    |---|---|
    | tous les rôles, portail | lire |
    | administrateur | créer, modifier, archiver ; supprimer ce qui n'a jamais servi |
    """

    _name = "cnas.prestation"
    _description = "Prestation"
    _inherit = ["cnas.archivage.mixin", "cnas.montant.mixin"]
    _order = "code"
    _champs_journal = (
        "code", "type_prestation", "categorie", "active", "date_retrait", "niveau_min", "sexe", "age_min", "age_max", "quantite_max",
        "frequence_min_jours", "entente_prealable", "unique_vie", "type_soins", "acte_technique", "remboursable",
        "hors_plafond_enfant", "hors_plafond_adulte",
    )
    _rec_names_search = ["code", "name", "medicament_ids.dci"]

    # Identité
    code = fields.Char(string="Code", required=True)
    name = fields.Char(string="Libellé", required=True, translate=True, index="trigram")
    type_prestation = fields.Selection(TYPES_PRESTATION, string="Type", required=True, index=True)
    categorie = fields.Selection(
        CATEGORIES, string="Catégorie de plafond", required=True, compute="_compute_categorie", store=True,
        readonly=False, precompute=True, help="Sert aux plafonds par catégorie.")
    active = fields.Boolean(string="Actif", default=True)
    date_retrait = fields.Date(
        string="Retirée le", copy=False,
        help="Dernier jour où elle se donne : les soins d'avant se jugent comme alors, ceux d'après sont rejetés. "
             "Archiver pose la date du jour.")
    medicament_ids = fields.One2many("cnas.medicament", "prestation_id", string="Médicament")

    # Conditions de prise en charge
    niveau_min = fields.Integer(
        string="Niveau minimum", default=1, required=True,
        help="1 centre de santé, 2 hôpital de district, 3 hôpital provincial, 4 hôpital de référence.")
    niveau_min_libelle = fields.Selection(
        NIVEAUX, string="À partir de", compute="_compute_niveau_min_libelle", inverse="_inverse_niveau_min_libelle")
    sexe = fields.Selection(SEXES, string="Sexe", help="Vide : les deux.")
    age_min = fields.Integer(string="Âge minimum", default=0, help="Années révolues, incluses.")
    age_max = fields.Integer(
        string="Âge maximum", default=AGE_SANS_LIMITE, help="Années révolues, incluses ; 120 : sans limite.")
    quantite_max = fields.Integer(string="Quantité maximum", help="Par feuille ; 0 : sans limite.")
    frequence_min_jours = fields.Integer(
        string="Délai minimum (jours)", help="Jours entre deux prises en charge du même bénéficiaire ; 0 : aucun.")
    entente_prealable = fields.Boolean(string="Entente préalable")
    unique_vie = fields.Boolean(string="Une fois dans la vie", help="Acte non répétable (appendicectomie…).")
    type_soins = fields.Selection(TYPES_SOINS, string="Type de soins", required=True, default="tous")
    acte_technique = fields.Boolean(
        string="Acte technique", help="Compte dans la règle des actes multiples d'une même séance (100 / 50 / 0 %).")
    remboursable = fields.Boolean(string="Remboursable", default=True)
    hors_plafond_enfant = fields.Selection(
        HORS_PLAFOND, string="Hors plafond, enfants", default="non",
        help="Pour un enfant, ces soins ne comptent dans aucun plafond ni franchise (âge : paramètre de la règle PLF-01).")
    hors_plafond_adulte = fields.Selection(
        HORS_PLAFOND, string="Hors plafond, adultes", default="non",
        help="Pour un adulte, ces soins ne comptent dans aucun plafond ni franchise.")

    # Règles d'appui
    incompatibilite_ids = fields.Many2many(
        "cnas.incompatibilite", string="Incompatibilités", compute="_compute_incompatibilite_ids")
    inclusion_ids = fields.One2many("cnas.forfait_inclusion", "forfait_id", string="Le forfait comprend")
    indication_ids = fields.One2many("cnas.indication", "prestation_id", string="Indications")
    contre_indication_ids = fields.One2many("cnas.contre_indication", "prestation_id", string="Contre-indications")
    gratuite_ids = fields.One2many("cnas.gratuite", "prestation_id", string="Gratuités")

    # Tarifs (calculés, jamais stockés : ils changent avec le jour)
    tarif_ids = fields.One2many("cnas.tarif", "prestation_id", string="Historique des tarifs")
    tarif_jour = fields.Monetary(string="Tarif du jour", compute="_compute_tarifs")
    tarif_jour_fin = fields.Date(string="Jusqu'au", compute="_compute_tarifs")
    tarif_prochain = fields.Monetary(string="Prochain tarif", compute="_compute_tarifs")
    tarif_prochain_date = fields.Date(string="À partir du", compute="_compute_tarifs")
    frise = fields.Html(string="Frise des tarifs", compute="_compute_frise", sanitize=False)
    regimes_couverts = fields.Char(string="Panier de soins", compute="_compute_regimes_couverts")

    _sql_constraints = [
        ("code_unique", "UNIQUE (code)", "Ce code de prestation existe déjà."),
        ("niveau_borne", "CHECK (niveau_min BETWEEN 1 AND 4)", "Le niveau minimum va de 1 à 4."),
        ("ages_ordonnes", "CHECK (COALESCE(age_min, 0) >= 0 AND COALESCE(age_max, 120) BETWEEN COALESCE(age_min, 0) "
         "AND 120)", "L'âge maximum suit l'âge minimum, entre 0 et 120 ans."),
        ("limites_positives", "CHECK (COALESCE(quantite_max, 0) >= 0 AND COALESCE(frequence_min_jours, 0) >= 0)",
         "La quantité maximum et le délai minimum ne sont jamais négatifs."),
    ]

    @api.depends("type_prestation")
    def _compute_categorie(self):
        for prestation in self:
            prestation.categorie = CATEGORIE_PAR_TYPE.get(prestation.type_prestation, prestation.categorie or "autre")

    @api.depends("niveau_min")
    def _compute_niveau_min_libelle(self):
        for prestation in self:
            prestation.niveau_min_libelle = str(prestation.niveau_min) if 1 <= prestation.niveau_min <= 4 else False

    def _inverse_niveau_min_libelle(self):
        for prestation in self:
            prestation.niveau_min = int(prestation.niveau_min_libelle or 1)

    @api.depends("code", "name")
    def _compute_display_name(self):
        for prestation in self:
            prestation.display_name = f"[{prestation.code}] {prestation.name}" if prestation.code else prestation.name

    def _compute_tarifs(self):
        jour = aujourd_hui()
        bareme = Bareme(self.env, self.ids)
        prochains = self._prochains_tarifs(jour)
        for prestation in self:
            actuel = bareme.tarif(prestation.id, 0, jour)
            montant, date = prochains.get(prestation.id, (0, False))
            prestation.tarif_jour = actuel.montant if actuel else 0
            prestation.tarif_jour_fin = actuel.date_fin if actuel else False
            prestation.tarif_prochain = montant
            prestation.tarif_prochain_date = date

    def _prochains_tarifs(self, jour):
        """Rend {prestation: (montant, date)} du premier tarif « tous niveaux » qui commence après `jour`."""
        self.env["cnas.tarif"]._vider_tampon()
        self.env.cr.execute(
            """SELECT DISTINCT ON (prestation_id) prestation_id, montant, date_debut FROM cnas_tarif
                WHERE prestation_id = ANY(%s) AND niveau IS NULL AND date_debut > %s
                ORDER BY prestation_id, date_debut""", (self.ids, jour))
        return {p: (montant, debut) for p, montant, debut in self.env.cr.fetchall()}

    def _compute_frise(self):
        jour = aujourd_hui()
        self.env["cnas.tarif"]._vider_tampon()
        self.env.cr.execute(
            """SELECT prestation_id, niveau, montant, date_debut, date_fin FROM cnas_tarif
                WHERE prestation_id = ANY(%s) ORDER BY prestation_id, niveau NULLS FIRST, date_debut""", (self.ids,))
        periodes = defaultdict(lambda: defaultdict(list))
        for prestation, niveau, *periode in self.env.cr.fetchall():
            periodes[prestation][niveau].append(periode)
        for prestation in self:
            prestation.frise = self._dessiner_frise(periodes[prestation.id], jour)

    @api.model
    def _dessiner_frise(self, rangs, jour):
        """Rend le HTML de la frise : un rang par niveau, une case par période, la case du jour en vert."""
        noms = dict(self._fields["niveau_min_libelle"]._description_selection(self.env))
        html = Markup("")
        for niveau, periodes in rangs.items():
            cases = Markup("").join(self._dessiner_case(*periode, jour) for periode in periodes)
            titre = noms[str(niveau)] if niveau else _("Tous les niveaux")
            html += Markup('<div class="d-flex align-items-stretch mb-2"><div class="pe-3 text-muted" '
                           'style="width:11rem">%s</div><div class="d-flex flex-wrap flex-grow-1">%s</div></div>'
                           ) % (titre, cases)
        return html or Markup('<span class="text-muted">%s</span>') % _("Aucun tarif : ajoutez-en un.")

    @api.model
    def _dessiner_case(self, montant, debut, fin, jour):
        if debut > jour:
            style, quand = "border-info text-info", _("à venir")
        elif fin and fin < jour:
            style, quand = "border-secondary text-muted", _("passé")
        else:
            style, quand = "border-success bg-success text-white", _("en vigueur")
        bornes = _("du %s au %s", ecrire_date(debut), ecrire_date(fin)) if fin else _("depuis le %s", ecrire_date(debut))
        if not fin and debut > jour:
            bornes = _("à partir du %s", ecrire_date(debut))
        return Markup('<div class="border-start border-4 px-3 py-1 me-1 mb-1 %s"><strong>%s</strong>'
                      '<div class="small">%s · %s</div></div>') % (
            style, ecrire_montant(montant), escape(bornes), quand)

    def _compute_regimes_couverts(self):
        jour = aujourd_hui()
        regimes = self.env["cnas.regime"].sudo().search([])
        bareme = Bareme(self.env, self.ids)
        for prestation in self:
            prestation.regimes_couverts = ", ".join(
                r.code for r in regimes if bareme.au_panier(r.id, prestation.id, jour))

    def _compute_incompatibilite_ids(self):
        couples = self.env["cnas.incompatibilite"].search(
            ["|", ("prestation_1_id", "in", self.ids), ("prestation_2_id", "in", self.ids)])
        for prestation in self:
            prestation.incompatibilite_ids = couples.filtered(
                lambda c, p=prestation: p._origin in (c.prestation_1_id, c.prestation_2_id))

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._normaliser(vals) for vals in vals_list])

    def write(self, vals):
        if "type_prestation" in vals and any(p.type_prestation != vals["type_prestation"] for p in self):
            raise UserError(_("Le type d'une prestation ne change pas : archivez-la et créez-en une autre."))
        archivees = self.filtered(lambda p: "active" in vals and "date_retrait" not in vals and p.active != bool(vals["active"]))
        resultat = super().write(self._normaliser(vals))
        a_dater = archivees.filtered(lambda p: p.active or not p.date_retrait)
        if a_dater:
            super(Prestation, a_dater).write({"date_retrait": not vals["active"] and aujourd_hui()})
        return resultat

    @api.model
    def _normaliser(self, vals):
        if isinstance(vals.get("code"), str):
            vals = {**vals, "code": vals["code"].strip().upper()}
        return vals

    # Métier

    @api.model
    def tarif_applicable(self, codes, date=False, niveau=False):
        """Rend le tarif opposable de prestations à une date.

        :param codes: liste de codes de prestation (ou un seul code)
        :param date: date des soins, AAAA-MM-JJ ; vide : aujourd'hui
        :param niveau: niveau de la formation, 1 à 4 ; vide : le tarif « tous niveaux »
        :return: {code: {"montant": entier XAF, "source", "date_debut", "date_fin"} ou False}. Le tarif du niveau
            exact l'emporte sur celui de tous les niveaux. `date_fin` est False si le tarif est sans fin. False :
            code inconnu ou aucun tarif ce jour-là. `source` : le modèle de configuration, ou « cotation ».
        :raise ValidationError: date illisible, niveau inconnu, codes qui ne sont pas des textes
        """
        self.check_access_rights("read")
        codes = [codes] if isinstance(codes, str) else codes
        if not isinstance(codes, (list, tuple)) or not all(isinstance(code, str) for code in codes):
            raise ValidationError(_("Donnez une liste de codes de prestation, par exemple [\"MED0001\", \"ACT0002\"]."))
        jour = lire_date(date, aujourd_hui())
        niveau = lire_niveau(niveau)
        prestations = self._prestations_par_code(codes)
        bareme = Bareme(self.env, set(prestations.values()))
        return {code: self._tarif_json(bareme.tarif(prestations.get(code), niveau, jour)) for code in codes}

    @api.model
    def _prestations_par_code(self, codes):
        """Rend {code tel que reçu: id} des codes connus, archivés compris ; casse et espaces autour ignorés."""
        propres = {code: code.strip().upper().replace("\x00", "").encode("utf-8", "ignore").decode() for code in codes}
        self.flush_model(["code"])
        self.env.cr.execute("SELECT code, id FROM cnas_prestation WHERE code = ANY(%s)", (list(propres.values()),))
        connus = dict(self.env.cr.fetchall())
        return {code: connus[propre] for code, propre in propres.items() if propre in connus}

    @api.model
    def _tarif_json(self, tarif):
        return tarif and {**tarif._asdict(), "date_debut": fields.Date.to_string(tarif.date_debut),
                          "date_fin": fields.Date.to_string(tarif.date_fin)} or False

    @api.model
    def _tarif_utilise(self, plages):
        """Dit quelles plages de tarif une feuille liquidée a déjà utilisées. Point d'extension.

        `cnas_feuilles_soin` surcharge cette méthode (une requête pour toutes les plages) ; ici, rien n'a servi.

        :param plages: liste de (clé, prestation_id, niveau ou False, date_debut, date_fin ou False) ; la clé est
            opaque, le niveau vide veut dire tous les niveaux, les dates sont incluses
        :return: ensemble des clés dont au moins une ligne liquidée (feuille validée ou payée) tombe dans la plage
        """
        return set()
