import re

from odoo import _, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_bornes, lire_effet

SUPERVISEUR, ADMINISTRATEUR = "cnas_base.group_superviseur", "cnas_base.group_administrateur"
TYPES_FORMATION = [
    ("centre_sante", "Centre de Santé"),
    ("hopital_district", "Hôpital de district"),
    ("hopital_provincial", "Hôpital provincial"),
    ("hopital_reference", "Hôpital de référence"),
]
# usage du compte → champ de la formation
CHAMP_DU_COMPTE = {"principal": "compte_principal_id", "pharmacie": "compte_pharmacie_id"}
# Pyramide sanitaire : du centre de santé (1) à l'hôpital de référence (4).
NIVEAU_DU_TYPE = {code: rang for rang, (code, _libelle) in enumerate(TYPES_FORMATION, start=1)}


@actions
class FormationSanitaire(models.Model):
    """Une formation sanitaire : celle qui soigne, facture et que la CNAS paie.

    États : brouillon → active ⇄ suspendue → fermée. La suspension et la fermeture sont datées et
    motivées ; elles comptent à la date des soins (`_situation_par_lot`). Être payé demande en plus
    une convention en vigueur.

    Qui peut quoi : la table `_actions`. Une fois activée, son code ne change plus ; son type
    (donc son tarif) et son RIB se changent à deux.

    | hors de la table | qui | condition |
    |---|---|---|
    | créer, modifier la fiche | agent | |
    | saisir le RIB | agent | brouillon |
    | changer le RIB | agent, puis un second agent | activée : par demande |
    | changer le type | agent, puis un superviseur | activée : par demande (`cnas.changement`) |
    | supprimer | administrateur | brouillon |
    | lire | agents, médecin-conseil, ordonnateur ; la formation, la sienne seulement | |
    """

    _name = "cnas.formation_sanitaire"
    _description = "Formation sanitaire"
    _inherit = ["cnas.etat.mixin", "cnas.changement.mixin", "mail.thread", "mail.activity.mixin", "cnas.coordonnees.mixin"]
    _order = "code"
    _rec_names_search = ["code", "name"]

    _etat_initial = "brouillon"
    _actions = {
        "activer": Action(titre=_lt("Activer"), de=("brouillon",), vers=("active",), roles=(SUPERVISEUR,)),
        "suspendre": Action(titre=_lt("Suspendre"), de=("active",), vers=("suspendue",), roles=(SUPERVISEUR,),
                            motif=True, date=True, fin=True),
        "reactiver": Action(titre=_lt("Réactiver"), de=("suspendue",), vers=("active",), roles=(SUPERVISEUR,)),
        "fermer": Action(titre=_lt("Fermer"), de=("active", "suspendue"), vers=("fermee",), roles=(SUPERVISEUR,),
                         motif=True, date=True),
        "rouvrir": Action(titre=_lt("Rouvrir"), de=("fermee",), vers=("brouillon",), roles=(ADMINISTRATEUR,)),
        "inviter": Action(titre=_lt("Inviter sur le portail"), de=("active", "suspendue"), roles=(SUPERVISEUR,),
                          seul=True),
        "retirer_usagers": Action(titre=_lt("Retirer un usager du portail"), roles=(SUPERVISEUR,), seul=True,
                                  de=("brouillon", "active", "suspendue", "fermee")),
    }
    _passages = {"suspendue": ("active",)}  # la tâche de nuit
    _champs_geles = (
        "date_activation", "motif_suspension", "date_fermeture", "motif_fermeture", "partner_id", "user_ids")
    _champs_journal = ("name", "type_formation", "niveau", "compte_principal_id", "compte_pharmacie_id")
    # Le type fait le niveau, donc le tarif.
    _champs_sensibles = {"type_formation": "_deja_activees"}

    # === Identité === #
    code = fields.Char(
        string="Code", required=True, copy=False, tracking=True,
        help="Unique et stable, par exemple CS-ABE-01 : il sert aux scripts, aux feuilles et aux factures.",
    )
    name = fields.Char(string="Formation Sanitaire", required=True, index="trigram", tracking=True)
    type_formation = fields.Selection(
        TYPES_FORMATION, string="Type", required=True, default="centre_sante", tracking=True)
    niveau = fields.Integer(
        string="Niveau", compute="_compute_niveau", store=True, index=True,
        help="Rang dans la pyramide sanitaire, déduit du type : 1 centre de santé … 4 hôpital de référence.",
    )
    urbain = fields.Boolean(string="Urbain", default=True)
    revitalise = fields.Boolean(
        string="Revitalisé", help="Centre de santé qui met en œuvre le paquet minimum avec recouvrement des coûts.")
    district_id = fields.Many2one(
        "cnas.district", string="District", index=True, ondelete="restrict", tracking=True)
    province_id = fields.Many2one(
        "cnas.province", string="Province", related="district_id.province_id", store=True, index=True)
    partner_id = fields.Many2one(
        "res.partner", string="Contact", readonly=True, copy=False, ondelete="restrict", index=True,
        help="Créé avec la formation : il porte ses comptes bancaires et ses usagers du portail.",
    )

    # === Circuit === #
    state = fields.Selection(
        [("brouillon", "Brouillon"), ("active", "Active"), ("suspendue", "Suspendue"), ("fermee", "Fermée")],
        string="Statut", required=True, default="brouillon", copy=False, index=True, tracking=True)
    date_activation = fields.Date(string="Activée le", readonly=True, copy=False)
    motif_suspension = fields.Char(string="Motif de suspension", readonly=True, copy=False, tracking=True)
    date_fermeture = fields.Date(string="Fermée le", readonly=True, copy=False, tracking=True)
    motif_fermeture = fields.Char(string="Motif de fermeture", readonly=True, copy=False, tracking=True)

    # === Engagements === #
    convention_ids = fields.One2many("cnas.convention", "formation_id", string="Conventions")
    suspension_ids = fields.One2many("cnas.suspension", "formation_id", string="Suspensions")
    agrement_ids = fields.One2many("cnas.agrement", "formation_id", string="Agréments")
    affectation_ids = fields.One2many("cnas.affectation", "formation_id", string="Praticiens affectés")
    carnet_ids = fields.One2many("cnas.carnet", "formation_id", string="Carnets de feuilles")
    user_ids = fields.Many2many(
        "res.users", "cnas_formation_user_rel", "formation_id", "user_id", string="Usagers du portail",
        readonly=True, copy=False)
    nombre_praticiens = fields.Integer(string="Praticiens", compute="_compute_nombres")
    nombre_usagers = fields.Integer(string="Usagers", compute="_compute_nombres")

    _sql_constraints = [
        ("code_unique", "UNIQUE (code)", "Ce code de formation sanitaire est déjà pris : choisissez-en un autre."),
        ("partner_unique", "UNIQUE (partner_id)", "Ce contact est déjà celui d'une autre formation sanitaire."),
        ("niveau_borne", "CHECK (niveau BETWEEN 1 AND 4)", "Le niveau d'une formation va de 1 à 4."),
    ]

    # ------------------------------------------------------------------ contraintes
    @api.constrains("code")
    def _check_code(self):
        for formation in self:
            if not re.fullmatch(r"[A-Z0-9][A-Z0-9/-]{1,19}", formation.code or ""):
                raise ValidationError(_(
                    "Le code « %s » n'est pas valable : 2 à 20 lettres majuscules, chiffres ou tirets, "
                    "par exemple CS-ABE-01.", formation.code))

    # ------------------------------------------------------------------ calculs
    @api.depends("type_formation")
    def _compute_niveau(self):
        for formation in self:
            formation.niveau = NIVEAU_DU_TYPE.get(formation.type_formation, 1)

    @api.depends("code", "name")
    @api.depends_context("nom_court")
    def _compute_display_name(self):
        court = self.env.context.get("nom_court")
        for formation in self:
            if formation.code and formation.name and not court:
                formation.display_name = f"{formation.name} ({formation.code})"
            else:
                formation.display_name = formation.name or formation.code or _("Nouveau")

    def _compute_nombres(self):
        jour = aujourd_hui()
        praticiens = dict(self.env["cnas.affectation"]._read_group(
            [("formation_id", "in", self.ids), *self.env["cnas.affectation"]._domaine_en_vigueur(jour)],
            ["formation_id"], ["praticien_id:count_distinct"]))
        for formation in self:
            formation.nombre_praticiens = praticiens.get(formation, 0)
            formation.nombre_usagers = len(formation.sudo().user_ids)

    # ------------------------------------------------------------------ CRUD
    @api.model_create_multi
    def create(self, vals_list):
        formations = super().create(vals_list)
        formations._signaler_rib_partage()
        return formations

    def _completer_creation(self, vals_list):
        vals_list = [self._normaliser(vals) for vals in vals_list]
        partenaires = self.env["res.partner"].sudo().create([self._valeurs_partenaire(vals) for vals in vals_list])
        for vals, partenaire in zip(vals_list, partenaires):
            vals["partner_id"] = partenaire.id
        return super()._completer_creation(vals_list)

    def write(self, vals):
        vals = self._normaliser(vals)
        if "code" in vals and any(f.state != "brouillon" and f.code != vals["code"] for f in self):
            raise UserError(_("« Code » ne se change plus sur une formation activée : ses feuilles le citent."))
        if not self._ouvert(set(CHAMP_DU_COMPTE.values()) & vals.keys()):
            self._garder_comptes(vals)
        resultat = super().write(vals)
        if "user_ids" in vals:
            # Les règles d'enregistrement gardent en cache les formations de l'usager.
            self.env.registry.clear_cache()
        if set(CHAMP_DU_COMPTE.values()) & vals.keys():
            self._signaler_rib_partage()
        self._synchroniser_partenaire(vals)
        return resultat

    @api.ondelete(at_uninstall=False)
    def _unlink_seulement_brouillon(self):
        if any(formation.state != "brouillon" for formation in self):
            raise UserError(_("Seule une formation au brouillon se supprime : fermez-la plutôt, avec un motif."))

    def copy_data(self, default=None):
        donnees = super().copy_data(default)
        for formation, valeurs in zip(self, donnees):
            valeurs.setdefault("code", f"{formation.code[:14]}-COPIE")
        return donnees

    # ------------------------------------------------------------------ actions
    @transition("activer")
    def action_activer(self):
        """Active des formations au brouillon. :return: True"""
        self._changer_etat("active", date_activation=aujourd_hui())

    @transition("suspendre")
    def action_suspendre(self, motif=None, date=None, date_fin=None):
        """Suspend des formations actives, à compter de `date` (aujourd'hui par défaut).

        :param motif: phrase libre, obligatoire ; vide → l'assistant qui la demande
        :param date: premier jour de suspension (AAAA-MM-JJ), au plus tard aujourd'hui
        :param date_fin: dernier jour suspendu ; passé (sanction écrite après coup), la formation reste active ; à venir,
            elle le redevient le lendemain
        :return: True, ou l'action de l'assistant
        :raise UserError: état ou date qui ne conviennent pas
        """
        aujourdhui = aujourd_hui()
        debut, fin = lire_bornes(date, date_fin, _("la suspension"))
        if debut > aujourdhui:
            raise UserError(_("La suspension d'une formation prend effet au plus tard aujourd'hui : "
                              "suspendez plutôt sa convention à la date voulue."))
        if not fin or fin >= aujourdhui:
            self._changer_etat("suspendue", motif_suspension=motif)
        self.env["cnas.suspension"].sudo()._creer([
            {"formation_id": formation.id, "date_debut": debut, "date_fin": fin, "motif": motif} for formation in self])

    @transition("reactiver")
    def action_reactiver(self):
        """Lève la suspension : la formation est de nouveau active à compter d'aujourd'hui.

        :return: True
        """
        self._changer_etat("active", motif_suspension=False)
        self.suspension_ids.filtered(lambda s: not s.convention_id)._lever(aujourd_hui())

    @transition("fermer")
    def action_fermer(self, motif=None, date=None):
        """Ferme des formations : plus aucun soin n'y est pris en charge à compter de `date`.

        :param motif: obligatoire ; vide → l'assistant qui le demande
        :param date: premier jour de fermeture (aujourd'hui par défaut, jamais plus tard)
        :return: True, ou l'action de l'assistant
        """
        jour = lire_effet(date, _("La fermeture"))
        self._changer_etat("fermee", motif_fermeture=motif, date_fermeture=jour)

    @transition("rouvrir")
    def action_rouvrir(self):
        """Ramène au brouillon une formation fermée par erreur, ou qui rouvre.

        :return: True
        """
        self._changer_etat("brouillon", motif_fermeture=False, date_fermeture=False)

    @transition("inviter")
    def action_inviter(self):
        """Ouvre l'assistant d'invitation d'usagers du portail.

        :return: action de fenêtre
        """
        return {
            "type": "ir.actions.act_window",
            "name": _("Inviter sur le portail"),
            "res_model": "cnas.invitation_portail",
            "view_mode": "form",
            "target": "new",
            "context": {"default_formation_id": self.id},
        }

    # ------------------------------------------------------------------ métier
    @api.model
    def _cron_reprendre(self):
        """Tâche quotidienne : une formation dont la suspension est finie redevient active. Rend leur nombre."""
        en_cours = self.env["cnas.suspension"].sudo().search([
            ("convention_id", "=", False), *self.env["cnas.suspension"]._domaine_en_vigueur(aujourd_hui())]).formation_id
        finies = self.search([("state", "=", "suspendue"), ("id", "not in", en_cours.ids)])
        finies._changer_etat("active", motif_suspension=False)
        return len(finies)

    def _deja_activees(self, vals):
        """Rouverte au brouillon, une formation déjà activée reste gardée."""
        return self.filtered(lambda f: f.state != "brouillon" or f.date_activation)

    @api.model
    def _normaliser(self, vals):
        vals = dict(vals)
        if isinstance(vals.get("code"), str):
            vals["code"] = re.sub(r"\s+", "", vals["code"]).upper()
        if isinstance(vals.get("name"), str):
            vals["name"] = " ".join(vals["name"].split())
        return vals

    @api.model
    def _valeurs_partenaire(self, vals):
        """Rend les valeurs du contact (`res.partner`) d'une formation."""
        return {
            "name": vals.get("name") or vals.get("code") or "/",
            "ref": vals.get("code"),
            "is_company": True,
            "phone": vals.get("telephone_1"),
            "mobile": vals.get("telephone_2"),
            "email": vals.get("email"),
            "street": vals.get("adresse"),
            "country_id": self.env.ref("base.td").id,
        }

    def _synchroniser_partenaire(self, vals):
        """Reporte sur le contact le nom et les coordonnées qui viennent de changer."""
        if not {"name", "code", "telephone_1", "telephone_2", "email", "adresse"} & vals.keys():
            return
        for formation in self:
            formation.partner_id.sudo().write({
                "name": formation.name, "ref": formation.code, "phone": formation.telephone_1,
                "mobile": formation.telephone_2, "email": formation.email, "street": formation.adresse,
            })
