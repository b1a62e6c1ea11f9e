from hashlib import sha256

from odoo import _, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL, groupby
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_montant, ecrire_nombre, ecrire_quantite
from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.jour import aujourd_hui

from .. import estimation
from .indicateur import SUPERVISEUR

FIGES = frozenset((
    "name", "formation_ids", "date_debut", "date_fin", "type_soins", "montant_min", "precision", "taux_attendu", "classes", "graine", "affaire_id"))


@actions
class Campagne(models.Model):
    """Un contrôle par échantillon : une population, des strates, un tirage qu'on peut refaire, un verdict par ligne, une extrapolation.

    États : brouillon → tirée → conclue ; annulée avec un motif. La taille découle de la précision voulue ; le tirage, de la graine et du
    numéro des feuilles. **Tiré, l'échantillon est figé** : ni la population, ni la graine, ni une ligne ne changent. Le contrôleur rend
    les verdicts ; le superviseur tire et conclut. Chaque formation a son taux d'erreur, son intervalle à 95 % et son indu proposé
    (`cnas.campagne.resultat`) ; l'addon ne rejette ni ne reprend rien seul.
    """

    _name = "cnas.campagne"
    _description = "Campagne de contrôle"
    _inherit = ["cnas.etat.mixin", "cnas.montant.mixin", "mail.thread"]
    _order = "id desc"
    _rec_name = "numero"

    _actions = {
        "tirer": Action(titre=_lt("Tirer l'échantillon"), de=("brouillon",), vers=("tiree",), roles=(SUPERVISEUR,), seul=True),
        "conclure": Action(titre=_lt("Conclure"), de=("tiree",), vers=("conclue",), roles=(SUPERVISEUR,), empeche=("_empeche_verdicts",)),
        "annuler": Action(titre=_lt("Annuler"), de=("brouillon", "tiree"), vers=("annulee",), roles=(SUPERVISEUR,), motif=True),
        "preparer_mission": Action(titre=_lt("Préparer une mission"), de=("tiree",), roles=("cnas_base.group_controleur",), seul=True, annonce=False),
    }
    _champs_geles = ("numero", "population", "total_population", "empreinte", "date_tirage", "tireur_id", "date_conclusion")
    _champs_journal = ("name", "graine", "precision", "population", "empreinte")

    numero = fields.Char(string="Numéro", readonly=True, copy=False, index=True)
    name = fields.Char(string="Objet", required=True)
    affaire_id = fields.Many2one("cnas.affaire", string="Affaire", index="btree_not_null", ondelete="restrict")
    formation_ids = fields.Many2many("cnas.formation_sanitaire", "cnas_campagne_formation_rel", "campagne_id", "formation_id", string="Formations")
    date_debut = fields.Date(string="Soins du", required=True, default=lambda self: self._debut_propose())
    date_fin = fields.Date(string="au", required=True, default=lambda self: aujourd_hui())
    type_soins = fields.Selection([("tous", "Tous"), ("ambulatoire", "Ambulatoire"), ("hospitalisation", "Hospitalisation")], string="Soins", required=True, default="tous")
    montant_min = fields.Monetary(string="Part CNAS à partir de")
    precision = fields.Integer(string="Précision voulue (± points)", required=True, default=5, help="À 95 %, sur le taux d'erreur de chaque formation.")
    taux_attendu = fields.Integer(string="Taux d'erreur attendu (%)", required=True, default=10, help="50 % si l'on n'en sait rien.")
    classes = fields.Integer(string="Strates par formation", required=True, default=3, help="Des tranches de montant : les grosses feuilles se tirent plus souvent.")
    graine = fields.Integer(string="Graine du tirage", required=True, default=2026, help="Même population, même graine : mêmes feuilles.")
    justification = fields.Text(string="Taille de l'échantillon", compute="_compute_justification")
    population = fields.Integer(string="Population", readonly=True, copy=False)
    total_population = fields.Monetary(string="Part CNAS de la population", readonly=True, copy=False)
    empreinte = fields.Char(string="Empreinte de la population", readonly=True, copy=False, help="Le hachage des numéros et des montants : il dit si elle a changé depuis.")
    date_tirage = fields.Date(string="Tirée le", readonly=True, copy=False)
    tireur_id = fields.Many2one("res.users", string="Tirée par", readonly=True, copy=False, ondelete="restrict")
    date_conclusion = fields.Date(string="Conclue le", readonly=True, copy=False)
    strate_ids = fields.One2many("cnas.campagne.strate", "campagne_id", string="Strates", readonly=True)
    feuille_ids = fields.One2many("cnas.campagne.feuille", "campagne_id", string="Échantillon", readonly=True)
    ligne_ids = fields.One2many("cnas.campagne.ligne", "campagne_id", string="Verdicts")
    resultat_ids = fields.One2many("cnas.campagne.resultat", "campagne_id", string="Résultats", readonly=True)
    mission_ids = fields.One2many("cnas.mission", "campagne_id", string="Missions", readonly=True)
    nb_feuilles = fields.Integer(string="Feuilles tirées", compute="_compute_avancement")
    nb_lignes = fields.Integer(string="Lignes", compute="_compute_avancement")
    nb_jugees = fields.Integer(string="Lignes jugées", compute="_compute_avancement")
    state = fields.Selection(
        [("brouillon", "Brouillon"), ("tiree", "Échantillon tiré"), ("conclue", "Conclue"), ("annulee", "Annulée")], string="État", default="brouillon", required=True,
        readonly=True, copy=False, index=True, tracking=True)

    _sql_constraints = [
        ("numero_unique", "UNIQUE (numero)", "Ce numéro de campagne est déjà pris."),
        ("precision_bornee", "CHECK (precision BETWEEN 1 AND 30)", "La précision va de 1 à 30 points."),
        ("taux_borne", "CHECK (taux_attendu BETWEEN 1 AND 99)", "Le taux d'erreur attendu va de 1 à 99 %."),
        ("classes_bornees", "CHECK (classes BETWEEN 1 AND 6)", "Une campagne a de 1 à 6 strates par formation."),
        ("graine_positive", "CHECK (graine >= 0)", "La graine est un nombre positif."),
        ("montant_min_positif", "CHECK (montant_min >= 0)", "Le montant minimal ne peut pas être négatif."),
    ]

    def _debut_propose(self):
        mois = self.env["cnas.parametre"]._au("campagne_mois")
        return fields.Date.subtract(aujourd_hui(), months=mois).replace(day=1)

    # ------------------------------------------------------------------ calculs
    @api.depends("numero", "name")
    def _compute_display_name(self):
        for campagne in self:
            campagne.display_name = f"{campagne.numero} — {campagne.name}" if campagne.numero else campagne.name or _("Nouvelle")

    @api.depends("feuille_ids", "ligne_ids.verdict")
    def _compute_avancement(self):
        comptes = {}
        for campagne, verdict, nombre in self.env["cnas.campagne.ligne"].sudo()._read_group([("campagne_id", "in", self.ids)], ["campagne_id", "verdict"], ["__count"]):
            comptes.setdefault(campagne.id, {})[verdict] = nombre
        feuilles = dict(self.env["cnas.campagne.feuille"].sudo()._read_group([("campagne_id", "in", self.ids)], ["campagne_id"], ["__count"]))
        for campagne in self:
            verdicts = comptes.get(campagne.id, {})
            campagne.nb_feuilles = feuilles.get(campagne._origin, 0)
            campagne.nb_lignes = sum(verdicts.values())
            campagne.nb_jugees = campagne.nb_lignes - verdicts.get("attente", 0)

    @api.depends("formation_ids", "date_debut", "date_fin", "type_soins", "montant_min", "precision", "taux_attendu", "state")
    def _compute_justification(self):
        for campagne in self:
            campagne.justification = campagne._justifier()

    def _justifier(self):
        """Rend la phrase qui dit, par formation, combien de feuilles tirer et pourquoi."""
        if not self.formation_ids or not self.date_debut or not self.date_fin or not (0 < self.precision <= 30 and 0 < self.taux_attendu < 100):
            return _("Choisissez des formations, une période et une précision.")
        tete = _("Pour connaître le taux d'erreur à ± %(precision)s points près (95 %%), s'il est de %(taux)s %% :", precision=self.precision, taux=self.taux_attendu)
        phrases = []
        for formation, effectif in self._effectifs():
            voulu = estimation.taille(effectif, self.taux_attendu, self.precision)
            phrases.append(_("%(voulu)s feuilles sur %(effectif)s — %(formation)s", voulu=ecrire_nombre(voulu), effectif=ecrire_nombre(effectif), formation=formation.name))
        return "\n".join([tete, *phrases]) if phrases else _("Aucune feuille décidée et prise en charge ne répond à ces critères.")

    # ------------------------------------------------------------------ contraintes, CRUD
    @api.constrains("date_debut", "date_fin")
    def _check_periode(self):
        for campagne in self:
            if campagne.date_debut > campagne.date_fin:
                raise ValidationError(_("La période finit avant de commencer : vérifiez les deux dates."))
            if campagne.date_fin > aujourd_hui():
                raise ValidationError(_("La période finit le %s, dans le futur : rien n'y est encore soigné.", ecrire_date(campagne.date_fin)))

    @api.model_create_multi
    def create(self, vals_list):
        self._exiger_groupe(SUPERVISEUR, _("préparer une campagne"))
        return super().create(vals_list)

    def _completer_creation(self, vals_list):
        for vals in vals_list:
            vals["numero"] = self.env["ir.sequence"].sudo().next_by_code("cnas.campagne", sequence_date=aujourd_hui())
        return super()._completer_creation(vals_list)

    def write(self, vals):
        figes = FIGES & vals.keys()
        if figes and not self._ouvert(figes) and any(campagne.state != "brouillon" for campagne in self):
            raise UserError(_("L'échantillon est tiré : la population, les strates et la graine ne changent plus. Annulez la campagne et faites-en une autre."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _refuser_suppression(self):
        raise UserError(_("Une campagne ne se supprime pas : annulez-la avec un motif."))

    # ------------------------------------------------------------------ actions publiques
    @transition("tirer")
    def action_tirer(self):
        """Tire l'échantillon et le fige. Rend True. :raise UserError: population vide"""
        if not self.formation_ids:
            raise UserError(_("Choisissez au moins une formation : chacune a son taux d'erreur."))
        unites = self._unites()
        if not unites:
            raise UserError(_("La population est vide : aucune feuille décidée et prise en charge ne répond à ces critères. Élargissez-les."))
        valeurs_strates, tirees = [], []
        for formation, groupe in groupby(unites, key=lambda unite: unite[0]):
            for valeurs, feuilles in self._tirer_formation(formation, list(groupe)):
                valeurs_strates.append(valeurs)
                tirees.append(feuilles)
        strates = self.env["cnas.campagne.strate"].sudo()._creer(valeurs_strates)
        self.env["cnas.campagne.feuille"].sudo()._creer([
            {"campagne_id": self.id, "strate_id": strate.id, "feuille_id": feuille, "montant_cnas": montant}
            for strate, feuilles in zip(strates, tirees) for _formation, feuille, _numero, montant in feuilles])
        self._changer_etat(
            "tiree", population=len(unites), total_population=sum(unite[3] for unite in unites), empreinte=self._empreinte(unites), date_tirage=aujourd_hui(),
            tireur_id=self.env.uid)
        self.env["cnas.campagne.ligne"]._ouvrir_verdicts(self)

    @transition("conclure")
    def action_conclure(self):
        """Calcule, par formation, le taux d'erreur, son intervalle et l'extrapolation. Rend True."""
        for campagne in self:
            self.env["cnas.campagne.resultat"]._calculer(campagne)
            campagne._changer_etat("conclue", date_conclusion=aujourd_hui())

    @transition("annuler")
    def action_annuler(self, motif=None):
        """Annule la campagne : son échantillon reste, sans suite. Rend True ou l'assistant."""
        self._changer_etat("annulee")

    @transition("preparer_mission")
    def action_preparer_mission(self):
        """Ouvre un ordre de mission pour vérifier sur place. Rend une action de fenêtre."""
        return {"type": "ir.actions.act_window", "name": _("Mission"), "res_model": "cnas.mission", "view_mode": "form", "context": {
            "default_campagne_id": self.id, "default_affaire_id": self.affaire_id.id, "default_formation_id": self.formation_ids[:1].id, "default_objet": self.name}}

    def action_verdicts(self):
        """Ouvre les lignes à juger. Rend une action de fenêtre."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("cnas_controle.campagne_ligne_action")
        return {**action, "domain": [("campagne_id", "=", self.id)], "context": {"search_default_a_juger": 1} if self.state == "tiree" else {}}

    def verifier_tirage(self):
        """Refait le tirage et dit s'il rend le même échantillon.

        :return: {"population_inchangee", "echantillon_identique"}
        :raise UserError: campagne pas encore tirée
        """
        self.ensure_one()
        self.check_access_rights("read")
        self.check_access_rule("read")
        if not self.empreinte:
            raise UserError(_("L'échantillon n'est pas encore tiré."))
        unites = self._unites()
        refait = {feuille[1] for formation, groupe in groupby(unites, key=lambda unite: unite[0])
                  for _valeurs, feuilles in self._tirer_formation(formation, list(groupe)) for feuille in feuilles}
        return {"population_inchangee": self._empreinte(unites) == self.empreinte, "echantillon_identique": refait == set(self.sudo().feuille_ids.feuille_id.ids)}

    # ------------------------------------------------------------------ tirage
    def _condition(self):
        """Rend la condition SQL de la population : des feuilles décidées, que la caisse a prises en charge et dont la formation a reçu le prix."""
        return SQL("""
            f.mode = 'tiers_payant' AND f.state IN ('validee', 'payee') AND f.montant_cnas > 0 AND f.formation_id = ANY(%s) AND f.date_soins BETWEEN %s AND %s
              AND (%s = 'tous' OR f.type_soins = %s) AND f.montant_cnas >= %s""",
                   list(self.formation_ids.ids), self.date_debut, self.date_fin, self.type_soins, self.type_soins, int(self.montant_min or 0))

    def _effectifs(self):
        """Rend [(formation, nombre de feuilles)], en une requête."""
        self.env["cnas.feuille_soin"].flush_model(["state", "montant_cnas", "formation_id", "date_soins", "type_soins"])
        self.env.cr.execute(SQL("SELECT f.formation_id, count(*) FROM cnas_feuille_soin f WHERE %s GROUP BY 1 ORDER BY 1", self._condition()))
        return [(self.env["cnas.formation_sanitaire"].browse(formation), nombre) for formation, nombre in self.env.cr.fetchall()]

    def _unites(self):
        """Rend [(formation, feuille, numéro, part CNAS)] de la population, dans un ordre fixe."""
        self.env["cnas.feuille_soin"].flush_model()
        self.env.cr.execute(SQL(
            "SELECT f.formation_id, f.id, f.numero, f.montant_cnas::bigint FROM cnas_feuille_soin f WHERE %s ORDER BY f.formation_id, f.numero, f.id", self._condition()))
        return self.env.cr.fetchall()

    def _tirer_formation(self, formation, unites):
        """Rend [(valeurs de la strate, unités tirées)] d'une formation."""
        voulu = estimation.taille(len(unites), self.taux_attendu, self.precision)
        rangs = estimation.stratifier([unite[3] for unite in unites], self.classes)
        strates = [[u for u, rang in zip(unites, rangs) if rang == classe] for classe in range(self.classes)]
        strates = [strate for strate in strates if strate]
        tailles = estimation.repartir([len(s) for s in strates], [sum(u[3] for u in s) for s in strates], voulu)
        for rang, (strate, nombre) in enumerate(zip(strates, tailles), 1):
            tires = estimation.tirer([unite[2] or unite[1] for unite in strate], nombre, self.graine)
            montants = [unite[3] for unite in strate]
            yield {
                "campagne_id": self.id, "formation_id": formation, "rang": rang, "borne_min": min(montants), "borne_max": max(montants), "effectif": len(strate),
                "total": sum(montants), "tires": nombre}, [strate[i] for i in tires]

    @api.model
    def _empreinte(self, unites):
        return sha256("\n".join(f"{numero}:{montant}" for _formation, _feuille, numero, montant in unites).encode()).hexdigest()

    def _empeche_verdicts(self):
        """Rend {id: raison} des campagnes dont des lignes attendent leur verdict."""
        return {c.id: _("%(reste)s ligne(s) attendent leur verdict.", reste=c.nb_lignes - c.nb_jugees) for c in self if c.nb_jugees < c.nb_lignes or not c.nb_lignes}

    def _champs_des_actions(self):
        return super()._champs_des_actions() | {"ligne_ids"}

    def _motif_indu(self, resultat):
        """Rend la phrase qui explique à la formation l'indu extrapolé."""
        return _(
            "Contrôle par échantillon %(numero)s : %(tirees)s feuilles vérifiées sur %(population)s (soins du %(debut)s au %(fin)s), %(taux)s %% en erreur. "
            "Trop payé estimé à %(estime)s ; seule la borne basse de l'intervalle à 95 %% est réclamée, %(bas)s. Vous pouvez la contester",
            numero=self.numero, tirees=resultat.tirees, population=ecrire_nombre(resultat.population), debut=ecrire_date(self.date_debut), fin=ecrire_date(self.date_fin),
            taux=ecrire_quantite(resultat.taux_erreur), estime=ecrire_montant(resultat.estimation), bas=ecrire_montant(resultat.montant_propose))
