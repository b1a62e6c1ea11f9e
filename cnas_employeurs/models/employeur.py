import re

from odoo import _, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import dit_absent, lire_effet

AGENT, SUPERVISEUR = "cnas_base.group_agent", "cnas_base.group_superviseur"

TYPES_EMPLOYEUR = [("public", "Public"), ("prive", "Privé"), ("parapublic", "Para-public"), ("ong", "ONG")]
# Une administration ou une ONG peut n'avoir ni NIF ni RCCM (domaine §3.2 et §3.3).
TYPES_A_IDENTIFIANTS = ("prive", "parapublic")

NIF_ACCEPTE = re.compile(r"[0-9A-Z]{6,14}")
NIF_USUEL = re.compile(r"\d{7}[A-Z]")
RCCM_ACCEPTE = re.compile(r"[0-9A-Z/ -]{6,30}")
RCCM_USUEL = re.compile(
    r"TD-[A-Z]{3}(-\d{2})?-\d{4}-[A-E](\d{0,2}-)?\d{1,8}|TC/[A-Z]{3}/\d{2,4}[A-E]\d{1,6}")
_RCCM_ANCIEN = re.compile(r"TC([A-Z]{3})(\d{2,4}[A-E]\d{1,6})")
_SEPARATEURS = re.compile(r"[\s/._‐-―-]+")


def lire_rccm(texte):
    """Rend un RCCM sous son écriture unique, vide si rien n'est donné ou s'il est « en cours ».

    « TC/NDJ/13 A 1398 » et « TC-NDJ-13-A-1398 » sont TC/NDJ/13A1398 ; les autres formes prennent des tirets.
    """
    if dit_absent(texte):
        return False
    morceaux = _SEPARATEURS.split(texte.upper().strip())
    ancien = _RCCM_ANCIEN.fullmatch("".join(morceaux))
    return "TC/%s/%s" % ancien.groups() if ancien else "-".join(filter(None, morceaux)) or False


@actions
class Employeur(models.Model):
    """Celui qui emploie des assurés, les déclare chaque mois et cotise pour eux.

    États : brouillon → actif ⇄ suspendu → radié (actif → radié aussi). Radier ferme les emplois en cours.
    L'agent crée et modifie (le reste : la table `_actions`) ; le médecin-conseil et l'ordonnateur lisent.
    """

    _name = "cnas.employeur"
    _description = "Employeur"
    _inherit = [
        "cnas.etat.mixin", "cnas.changement.mixin", "cnas.matricule.mixin", "cnas.coordonnees.mixin",
        "mail.thread", "mail.activity.mixin"]
    _order = "raison_sociale, id"
    _rec_name = "raison_sociale"
    _rec_names_search = ["raison_sociale", "matricule", "nif"]

    _matricule_sequence = "cnas.employeur"
    _actions = {
        "activer": Action(titre=_lt("Activer"), de=("brouillon", "suspendu"), vers=("actif",), roles=(AGENT,),
                          roles_selon={"suspendu": (SUPERVISEUR,)}, empeche=("_sans_identifiants",)),
        "suspendre": Action(titre=_lt("Suspendre"), de=("actif",), vers=("suspendu",), roles=(SUPERVISEUR,), motif=True),
        "radier": Action(titre=_lt("Radier"), de=("actif", "suspendu"), vers=("radie",), roles=(SUPERVISEUR,),
                         motif=True, date=True),
    }
    _champs_geles = ("matricule", "motif_etat", "date_radiation")

    raison_sociale = fields.Char(string="Raison Sociale", required=True, tracking=True, index="trigram")
    nif = fields.Char(string="NIF", copy=False, tracking=True, help="Sept chiffres et une lettre, par exemple 9012555Y.")
    rccm = fields.Char(string="RCCM", copy=False, tracking=True, help="Par exemple TD-NDJ-01-2021-B12-00287.")
    date_creation = fields.Date(string="Date de création")
    type_employeur = fields.Selection(
        TYPES_EMPLOYEUR, string="Type d'employeur", required=True, default="prive", index=True, tracking=True)
    categorie_juridique_id = fields.Many2one(
        "cnas.categorie_juridique", string="Catégorie juridique", ondelete="restrict")
    district_id = fields.Many2one("cnas.district", string="District", ondelete="restrict", index="btree_not_null")
    province_id = fields.Many2one(related="district_id.province_id", string="Province", store=True)
    state = fields.Selection(
        [("brouillon", "Brouillon"), ("actif", "Actif"), ("suspendu", "Suspendu"), ("radie", "Radié")],
        string="Statut", default="brouillon", required=True, copy=False, index=True, tracking=True)
    motif_etat = fields.Char(string="Motif", copy=False, tracking=True)
    date_radiation = fields.Date(string="Date de radiation", copy=False)
    active = fields.Boolean(string="Actif en liste", default=True)
    avertissement = fields.Char(string="À vérifier", compute="_compute_avertissement")

    emploi_ids = fields.One2many("cnas.emploi", "employeur_id", string="Emplois")
    assure_ids = fields.One2many("cnas.assure", "employeur_id", string="Salariés", groups="cnas_base.group_interne")
    effectif = fields.Integer(string="Effectif", compute="_compute_effectif", help="Salariés rattachés aujourd'hui.")
    declaration_ids = fields.One2many("cnas.declaration_effectif", "employeur_id", string="Déclarations")
    nombre_declarations = fields.Integer(string="Nombre de déclarations", compute="_compute_nombre_declarations")
    declarations_en_retard = fields.Integer(
        string="Déclarations en retard", compute="_compute_nombre_declarations")

    _sql_constraints = [
        ("nif_unique", "UNIQUE (nif)", "Ce NIF est déjà celui d'un autre employeur."),
        ("rccm_unique", "UNIQUE (rccm)", "Ce RCCM est déjà celui d'un autre employeur."),
    ]

    # ------------------------------------------------------------------ contraintes
    @api.constrains("nif", "rccm")
    def _check_identifiants(self):
        for employeur in self:
            if employeur.nif and not NIF_ACCEPTE.fullmatch(employeur.nif):
                raise ValidationError(_(
                    "Le NIF « %s » n'est pas valable : 6 à 14 chiffres et lettres majuscules, "
                    "le plus souvent sept chiffres et une lettre (9012555Y).", employeur.nif))
            if employeur.rccm and not RCCM_ACCEPTE.fullmatch(employeur.rccm):
                raise ValidationError(_(
                    "Le RCCM « %s » n'est pas valable : recopiez-le comme sur l'extrait du registre "
                    "(par exemple TD-NDJ-01-2021-B12-00287).", employeur.rccm))

    @api.constrains("date_creation")
    def _check_date_creation(self):
        for employeur in self:
            if employeur.date_creation and employeur.date_creation > aujourd_hui():
                raise ValidationError(_("La date de création de « %s » est dans le futur.", employeur.raison_sociale))

    # ------------------------------------------------------------------ calculs
    @api.depends("nif", "rccm", "type_employeur")
    def _compute_avertissement(self):
        for employeur in self:
            phrases = []
            if employeur.nif and not NIF_USUEL.fullmatch(employeur.nif):
                phrases.append(_("le NIF n'a pas la forme usuelle (sept chiffres et une lettre)"))
            if employeur.rccm and not RCCM_USUEL.fullmatch(employeur.rccm):
                phrases.append(_("le RCCM n'a pas une forme connue"))
            phrases += [_("il manque %s", champ) for champ in employeur._identifiants_manquants()]
            texte = " ; ".join(phrases)
            employeur.avertissement = texte[:1].upper() + texte[1:] or False

    @api.depends("emploi_ids.date_debut", "emploi_ids.date_fin")
    def _compute_effectif(self):
        comptes = dict(self.env["cnas.emploi"]._read_group(
            [("employeur_id", "in", self.ids),
             *self.env["cnas.emploi"]._domaine_en_vigueur(aujourd_hui())],
            ["employeur_id"], ["__count"]))
        for employeur in self:
            employeur.effectif = comptes.get(employeur._origin, 0)

    @api.depends("declaration_ids.en_retard")
    def _compute_nombre_declarations(self):
        lus = self.env["cnas.declaration_effectif"]._read_group(
            [("employeur_id", "in", self.ids)], ["employeur_id", "state"], ["__count"])
        retards = dict(self.env["cnas.declaration_effectif"]._read_group(
            [("employeur_id", "in", self.ids), ("en_retard", "=", True)], ["employeur_id"], ["__count"]))
        for employeur in self:
            employeur.nombre_declarations = sum(n for e, _etat, n in lus if e == employeur._origin)
            employeur.declarations_en_retard = retards.get(employeur._origin, 0)

    # ------------------------------------------------------------------ CRUD
    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._normaliser(vals) for vals in vals_list])

    def write(self, vals):
        return super().write(self._normaliser(vals))

    @api.ondelete(at_uninstall=False)
    def _unlink_except_actif(self):
        if any(employeur.state != "brouillon" for employeur in self):
            raise UserError(_("Un employeur activé ne se supprime pas : radiez-le, avec un motif."))

    # ------------------------------------------------------------------ actions
    @transition("activer")
    def action_activer(self):
        """Ouvre le dossier de l'employeur (ou le rouvre après une suspension).

        :raise UserError: NIF ou RCCM absent d'un employeur privé ou para-public
        """
        self._changer_etat("actif", motif_etat=False)

    action_reactiver = action_activer

    @transition("suspendre")
    def action_suspendre(self, motif=None):
        """Suspend l'employeur. Motif obligatoire ; superviseur."""
        self._changer_etat("suspendu", motif_etat=motif)

    @transition("radier")
    def action_radier(self, motif=None, date=None):
        """Radie l'employeur et ferme ses emplois à `date` (défaut : aujourd'hui, jamais plus tard).

        Motif obligatoire ; superviseur.
        """
        jour = lire_effet(date, _("La radiation"))
        self._changer_etat("radie", motif_etat=motif, date_radiation=jour)
        en_cours = self.env["cnas.emploi"].search(
            [("employeur_id", "in", self.ids), *self.env["cnas.emploi"]._domaine_en_vigueur(jour)])
        en_cours._clore(jour, _("Radiation de l'employeur"))

    def action_voir_effectif(self):
        """Ouvre la courbe de l'effectif."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("cnas_employeurs.effectif_mois_action")
        return {**action, "domain": [("employeur_id", "=", self.id)]}

    def action_voir_declarations(self):
        """Ouvre les déclarations de l'employeur."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("cnas_employeurs.declaration_effectif_action")
        return {**action, "domain": [("employeur_id", "=", self.id)], "context": {"default_employeur_id": self.id}}

    # ------------------------------------------------------------------ métier
    @api.model
    def _matricule_prefixe(self, vals):
        return "E"

    def _identifiants_manquants(self):
        """Rend les noms des identifiants exigés par le type et absents."""
        self.ensure_one()
        if self.type_employeur not in TYPES_A_IDENTIFIANTS:
            return []
        return [nom for nom, valeur in ((_("le NIF"), self.nif), (_("le RCCM"), self.rccm)) if not valeur]

    def _sans_identifiants(self):
        """Rend {id: phrase} des employeurs à qui il manque un identifiant exigé par leur type."""
        return {
            employeur._origin.id: _(
                "« %(nom)s » est un employeur privé ou para-public : renseignez d'abord %(champs)s.",
                nom=employeur.raison_sociale, champs=_(" et ").join(employeur._identifiants_manquants()))
            for employeur in self if employeur._identifiants_manquants()}

    @api.model
    def _normaliser(self, vals):
        vals = dict(vals)
        if isinstance(vals.get("nif"), str):
            vals["nif"] = not dit_absent(vals["nif"]) and self._normaliser_matricule(vals["nif"]) or False
        if isinstance(vals.get("rccm"), str):
            vals["rccm"] = lire_rccm(vals["rccm"])
        return vals
