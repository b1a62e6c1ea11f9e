import re
from datetime import timedelta

from odoo import Command, _, api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_effet

SUPERVISEUR = "cnas_base.group_superviseur"



@actions
class Praticien(models.Model):
    """Un praticien : celui qui prescrit ou exécute, reconnu par son numéro d'ordre.

    États : actif ⇄ radié. Ses affectations sont datées ; `formation_ids` en donne celles du jour
    (l'écrire ouvre ou ferme des affectations à la date du jour).

    Qui peut quoi : la table `_actions` ; l'agent crée, modifie et affecte ; agents, médecin-conseil et ordonnateur
    lisent, la formation ne lit que les siens.
    """

    _name = "cnas.praticien"
    _description = "Praticien"
    _inherit = ["cnas.etat.mixin", "mail.thread", "mail.activity.mixin", "cnas.coordonnees.mixin"]
    _order = "name, id"
    _rec_names_search = ["name", "numero_ordre"]

    _etat_initial = "actif"
    _actions = {
        "radier": Action(
            titre=_lt("Radier"), de=("actif",), vers=("radie",), roles=(SUPERVISEUR,), motif=True, date=True),
        "reinscrire": Action(titre=_lt("Réinscrire"), de=("radie",), vers=("actif",), roles=(SUPERVISEUR,)),
    }
    _champs_geles = ("date_radiation", "motif_radiation")

    name = fields.Char(string="Nom complet", required=True, index="trigram", tracking=True)
    numero_ordre = fields.Char(
        string="Numéro d'ordre", required=True, copy=False, tracking=True,
        help="Numéro d'inscription à l'ordre ou au registre de la profession, unique.")
    specialite_id = fields.Many2one(
        "cnas.specialite", string="Spécialité", index=True, ondelete="restrict", tracking=True)
    qualification = fields.Selection(
        [
            ("medecin_specialiste", "Médecin spécialiste"),
            ("medecin_generaliste", "Médecin généraliste"),
            ("chirurgien_dentiste", "Chirurgien-dentiste"),
            ("pharmacien", "Pharmacien"),
            ("sage_femme", "Sage-femme"),
            ("infirmier_diplome", "Infirmier diplômé d'État"),
            ("infirmier", "Infirmier"),
            ("technicien", "Technicien supérieur de santé"),
            ("autre", "Autre"),
        ],
        string="Qualification", required=True, default="medecin_generaliste", index=True, tracking=True)
    affectation_ids = fields.One2many("cnas.affectation", "praticien_id", string="Affectations")
    formation_ids = fields.Many2many(
        "cnas.formation_sanitaire", string="Formations sanitaires", compute="_compute_formation_ids",
        inverse="_inverse_formation_ids", search="_search_formation_ids",
        help="Formations où il exerce aujourd'hui, d'après ses affectations.")
    state = fields.Selection(
        [("actif", "Actif"), ("radie", "Radié")], string="Statut", required=True, default="actif", copy=False,
        index=True, tracking=True)
    date_radiation = fields.Date(string="Radié le", readonly=True, copy=False, tracking=True)
    motif_radiation = fields.Char(string="Motif de radiation", readonly=True, copy=False, tracking=True)

    _sql_constraints = [
        ("numero_ordre_unique", "UNIQUE (numero_ordre)", "Ce numéro d'ordre est déjà celui d'un autre praticien."),
    ]

    # ------------------------------------------------------------------ contraintes
    @api.constrains("numero_ordre")
    def _check_numero_ordre(self):
        for praticien in self:
            if not re.fullmatch(r"[A-Z0-9][A-Z0-9/.-]{1,19}", praticien.numero_ordre or ""):
                raise ValidationError(_(
                    "Le numéro d'ordre « %s » n'est pas valable : 2 à 20 lettres, chiffres, points, tirets ou barres.",
                    praticien.numero_ordre))

    # ------------------------------------------------------------------ calculs
    @api.depends("affectation_ids.formation_id", "affectation_ids.date_debut", "affectation_ids.date_fin")
    def _compute_formation_ids(self):
        aujourdhui = aujourd_hui()
        for praticien in self:
            praticien.formation_ids = praticien.affectation_ids.filtered(
                lambda affectation: affectation._couvre(aujourdhui)).formation_id

    def _inverse_formation_ids(self):
        aujourdhui = aujourd_hui()
        for praticien in self:
            en_cours = praticien.affectation_ids.filtered_domain(
                self.env["cnas.affectation"]._domaine_en_vigueur(aujourdhui))
            voulues = praticien.formation_ids
            a_fermer = en_cours.filtered_domain([("formation_id", "not in", voulues.ids)])
            nees_du_jour = a_fermer.filtered(lambda a: a.date_debut >= aujourdhui)
            (a_fermer - nees_du_jour).write({"date_fin": aujourdhui - timedelta(days=1)})
            praticien.write({"affectation_ids": [
                *(Command.delete(a.id) for a in nees_du_jour),
                *(Command.create({"formation_id": f.id, "date_debut": aujourdhui})
                  for f in voulues - en_cours.formation_id),
            ]})

    @api.model
    def _search_formation_ids(self, operator, value):
        aujourdhui = aujourd_hui()
        negatif = operator in ("!=", "not in", "not ilike") or (operator == "=" and value is False)
        if isinstance(value, bool):
            domaine = []
            negatif = (operator == "=") != value
        else:
            positif = {"!=": "=", "not in": "in", "not ilike": "ilike"}.get(operator, operator)
            domaine = [("formation_id", positif, value)]
        affectations = self.env["cnas.affectation"].sudo()._search(
            [*domaine, *self.env["cnas.affectation"]._domaine_en_vigueur(aujourdhui)])
        return [("affectation_ids", "not in" if negatif else "in", affectations)]

    @api.depends("name", "numero_ordre")
    def _compute_display_name(self):
        for praticien in self:
            if praticien.name and praticien.numero_ordre:
                praticien.display_name = f"{praticien.name} ({praticien.numero_ordre})"
            else:
                praticien.display_name = praticien.name or _("Nouveau")

    # ------------------------------------------------------------------ CRUD
    def _completer_creation(self, vals_list):
        return super()._completer_creation([self._normaliser(vals) for vals in vals_list])

    def write(self, vals):
        return super().write(self._normaliser(vals))

    @api.model
    def _normaliser(self, vals):
        vals = dict(vals)
        if isinstance(vals.get("numero_ordre"), str):
            vals["numero_ordre"] = re.sub(r"\s+", "", vals["numero_ordre"]).upper()
        if isinstance(vals.get("name"), str):
            vals["name"] = " ".join(vals["name"].split())
        return vals

    # ------------------------------------------------------------------ actions
    @transition("radier")
    def action_radier(self, motif=None, date=None):
        """Radie des praticiens : ils ne prescrivent plus à compter de `date` ; leurs affectations se ferment.

        :param motif: obligatoire ; vide → l'assistant qui le demande
        :param date: premier jour de radiation (aujourd'hui par défaut, jamais plus tard)
        :return: True, ou l'action de l'assistant
        """
        jour = lire_effet(date, _("La radiation"))
        self._changer_etat("radie", date_radiation=jour, motif_radiation=motif)
        ouvertes = self.affectation_ids.filtered(lambda a: not a.date_fin or a.date_fin >= jour)
        ouvertes.filtered(lambda a: a.date_debut >= jour).sudo().unlink()
        ouvertes.exists().write({"date_fin": jour - timedelta(days=1)})

    @transition("reinscrire")
    def action_reinscrire(self):
        """Rétablit des praticiens radiés ; leurs affectations sont à rouvrir.

        :return: True
        """
        self._changer_etat("actif", date_radiation=False, motif_radiation=False)
