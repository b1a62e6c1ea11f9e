from markupsafe import Markup

from odoo import _, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.ecriture import ecrire_date
from odoo.addons.cnas_base.garde import Action, actions, transition

from .assure.dossier import CHAMPS_IDENTITE, GENRES

AGENT, SUPERVISEUR = "cnas_base.group_agent", "cnas_base.group_superviseur"
SIGNATAIRES = ("demandeur_id", "create_uid")
OUI_NON = [("oui", "Oui"), ("non", "Non")]
CHAMPS_OUI_NON = ("date_naissance_estimee", "ne_a_l_etranger")


@actions
class CorrectionIdentite(models.Model):
    """Demande de correction de l'identité d'un assuré déjà immatriculé.

    L'agent remplit seulement ce qui change ; un superviseur, autre que lui, valide. L'ancienne
    et la nouvelle valeur restent dans la demande, figées, et dans le fil de l'assuré.

    États : brouillon → soumise → validée | refusée. L'agent crée et modifie un brouillon ; le reste : la
    table `_actions`.
    """

    _name = "cnas.correction_identite"
    _description = "Correction d'identité"
    _inherit = ["cnas.decision.mixin", "mail.thread"]
    _order = "id desc"

    _actions = {
        "soumettre": Action(titre=_lt("Soumettre"), de=("brouillon",), vers=("soumise",), roles=(AGENT,),
                            empeche=("_sans_objet", "_deja_demandees")),
        "valider": Action(titre=_lt("Valider la correction"), de=("soumise",), vers=("validee",), roles=(SUPERVISEUR,),
                          quatre_yeux=SIGNATAIRES),
        "refuser": Action(titre=_lt("Refuser la correction"), de=("soumise",), vers=("refusee",), roles=(SUPERVISEUR,),
                          quatre_yeux=SIGNATAIRES, motif=True),
    }
    _champs_geles = ("demandeur_id", "valideur_id", "date_decision", "motif_refus", "anciennes_valeurs",
                     "nouvelles_valeurs")

    assure_id = fields.Many2one(
        comodel_name="cnas.assure", string="Assuré", required=True, index=True, ondelete="restrict")
    motif = fields.Char(string="Motif de la correction", required=True)
    piece_id = fields.Many2one(
        comodel_name="cnas.piece_administrative", string="Pièce justificative", ondelete="restrict")
    state = fields.Selection(
        selection=[("brouillon", "Brouillon"), ("soumise", "Soumise"), ("validee", "Validée"), ("refusee", "Refusée")],
        string="Statut", default="brouillon", required=True, copy=False, index=True, tracking=True)
    demandeur_id = fields.Many2one(comodel_name="res.users", string="Demandeur", copy=False, ondelete="restrict")
    valideur_id = fields.Many2one(comodel_name="res.users", string="Décidée par", copy=False, ondelete="restrict")
    date_decision = fields.Datetime(string="Décidée le", copy=False)
    motif_refus = fields.Char(string="Motif du refus", copy=False)

    # ------------------------------------------------------------------ nouvelles valeurs (vide : inchangé)
    nom = fields.Char(string="Nouveau nom")
    prenom = fields.Char(string="Nouveau prénom")
    genre = fields.Selection(selection=GENRES, string="Nouveau genre")
    date_naissance = fields.Date(string="Nouvelle date de naissance")
    date_naissance_estimee = fields.Selection(selection=OUI_NON, string="Né(e) vers")
    lieu_naissance = fields.Char(string="Nouveau lieu de naissance")
    province_naissance_id = fields.Many2one(
        comodel_name="cnas.province", string="Nouvelle province de naissance", ondelete="restrict")
    ne_a_l_etranger = fields.Selection(selection=OUI_NON, string="Né(e) à l'étranger")
    pays_naissance_id = fields.Many2one(
        comodel_name="res.country", string="Nouveau pays de naissance", ondelete="restrict")
    nni = fields.Char(string="Nouveau NNI")
    nom_ar = fields.Char(string="Nouveau nom en arabe")
    prenom_ar = fields.Char(string="Nouveau prénom en arabe")
    nom_pere = fields.Char(string="Nouveau nom du père")
    nom_mere = fields.Char(string="Nouveau nom de la mère")

    anciennes_valeurs = fields.Json(string="Anciennes valeurs", copy=False)
    nouvelles_valeurs = fields.Json(string="Nouvelles valeurs", copy=False)
    comparaison = fields.Html(string="Ce qui change", compute="_compute_comparaison", sanitize=False)

    _sql_constraints = [
        ("quatre_yeux", "CHECK (valideur_id IS NULL OR valideur_id <> demandeur_id)",
         "Qui demande une correction ne la valide pas : un autre agent doit décider."),
    ]

    @api.constrains("nni")
    def _check_nni(self):
        for demande in self:
            if defaut := self.env["cnas.assure"]._defaut_de_nni(self.env["cnas.assure"]._normaliser_matricule(demande.nni)):
                raise ValidationError(defaut)

    # ------------------------------------------------------------------ calculs
    @api.depends("assure_id.name")
    def _compute_display_name(self):
        for demande in self:
            demande.display_name = _("Correction — %s", demande.assure_id.name or _("nouvelle"))

    @api.depends("assure_id", "anciennes_valeurs", "nouvelles_valeurs", *CHAMPS_IDENTITE)
    @api.depends_context("lang")
    def _compute_comparaison(self):
        for demande in self:
            anciennes = demande.anciennes_valeurs or demande._lisibles(demande.assure_id)
            nouvelles = demande.nouvelles_valeurs or demande._lisibles_demandees()
            rangs = Markup("").join(
                Markup("<tr><td>%s</td><td>%s</td><td><strong>%s</strong></td></tr>") % (
                    demande._libelle_champ(champ), anciennes.get(champ) or "—", valeur)
                for champ, valeur in nouvelles.items())
            demande.comparaison = Markup(
                '<table class="table table-sm"><thead><tr><th>%s</th><th>%s</th><th>%s</th></tr></thead>%s</table>'
            ) % (_("Champ"), _("Ancienne valeur"), _("Nouvelle valeur"), rangs) if rangs else False

    # ------------------------------------------------------------------ CRUD
    def write(self, vals):
        if not self._ouvert(vals) and any(demande.state != "brouillon" for demande in self):
            raise UserError(_("Une demande soumise ne se modifie plus : faites-en une autre."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _garder_l_historique(self):
        if any(demande.state != "brouillon" for demande in self):
            raise UserError(_("Une demande de correction soumise ne se supprime pas."))

    # ------------------------------------------------------------------ actions
    @transition("soumettre")
    def action_soumettre(self):
        """Soumet la demande : elle attend la décision d'un superviseur.

        :return: True
        :raise UserError: rien ne change, l'assuré n'est pas immatriculé, ou une autre demande attend déjà sur ce champ
        """
        # Deux dépôts au même instant : le second attend, puis voit la demande du premier.
        self.env.cr.execute("SELECT id FROM cnas_assure WHERE id IN %s ORDER BY id FOR UPDATE", (tuple(self.assure_id.ids),))
        for phrase in self._deja_demandees(self).values():
            raise UserError(phrase)
        self._changer_etat("soumise", demandeur_id=self.env.uid)

    @transition("valider")
    def action_valider(self):
        """Applique la correction à l'assuré et fige l'ancienne et la nouvelle valeur.

        :return: True
        :raise UserError: le valideur est le demandeur
        """
        self._attendre_son_tour()
        for demande in self:
            valeurs = demande._valeurs_a_ecrire()
            demande._changer_etat(
                "validee", valideur_id=self.env.uid, date_decision=fields.Datetime.now(),
                anciennes_valeurs=demande._lisibles(demande.assure_id, valeurs),
                nouvelles_valeurs=demande._lisibles_demandees())
            demande._changer_cible(demande.assure_id, valeurs)

    @transition("refuser")
    def action_refuser(self, motif=None):
        """Refuse la demande.

        :param str motif: obligatoire ; sans lui l'assistant s'ouvre
        :return: True, ou l'action de l'assistant
        """
        self._changer_etat("refusee", valideur_id=self.env.uid, date_decision=fields.Datetime.now(),
                           motif_refus=motif)

    # ------------------------------------------------------------------ privé
    def _phrase_du_changement(self):
        return Markup("<p>%s</p>%s") % (_("Identité corrigée : %s", self.motif), self.comparaison or "")

    def _sans_objet(self):
        """Rend {id: phrase} des demandes qui n'ont rien à corriger."""
        raisons = {}
        for demande in self:
            if demande.assure_id.state == "brouillon":
                raisons[demande._origin.id] = _(
                    "%s est encore en brouillon : corrigez sa fiche directement.", demande.assure_id.name)
            elif not demande._valeurs_a_ecrire():
                raisons[demande._origin.id] = _(
                    "Cette demande ne change rien : remplissez au moins une nouvelle valeur.")
        return raisons

    def _deja_demandees(self, avec=None):
        """Rend {id: phrase} des demandes sur un champ qu'une autre, en attente (ou de ce lot), change déjà."""
        attendent = self.search([("assure_id", "in", self.assure_id.ids), ("state", "=", "soumise")])
        prises = {}
        for demande in attendent | (avec or self.browse()):
            for champ in demande._champs_demandes():
                prises.setdefault((demande.assure_id.id, champ), demande.id)
        raisons = {}
        for demande in self:
            champs = [champ for champ in demande._champs_demandes()
                      if prises.get((demande.assure_id.id, champ), demande._origin.id) != demande._origin.id]
            if champs:
                raisons[demande._origin.id] = _(
                    "Une autre demande attend déjà de corriger « %(champs)s » de %(nom)s : faites-la décider d'abord.",
                    champs=" », « ".join(map(self._libelle_champ, champs)), nom=demande.assure_id.name)
        return raisons

    def _champs_demandes(self):
        """Rend les champs d'identité que cette demande change."""
        return [champ for champ in CHAMPS_IDENTITE if self[champ]]

    def _valeurs_a_ecrire(self):
        """Rend les valeurs qui diffèrent de celles de l'assuré, prêtes pour `write`."""
        self.ensure_one()
        valeurs = {}
        for champ in CHAMPS_IDENTITE:
            demande = self[champ]
            if not demande:
                continue
            if champ in CHAMPS_OUI_NON:
                demande = demande == "oui"
            elif champ.endswith("_id"):
                demande = demande.id
            actuelle = self.assure_id[champ]
            if demande != (actuelle.id if champ.endswith("_id") else actuelle):
                valeurs[champ] = demande
        return valeurs

    def _lisibles_demandees(self):
        return {champ: self._texte_valeur(self, champ) for champ in self._champs_demandes()}

    def _lisibles(self, assure, champs=CHAMPS_IDENTITE):
        return {champ: self._texte_valeur(assure, champ) for champ in champs}

    @api.model
    def _texte_valeur(self, record, champ):
        """Rend la valeur d'un champ telle qu'on la lit à l'écran."""
        valeur = record[champ]
        field = record._fields[champ]
        if field.type == "boolean":
            return _("Oui") if valeur else _("Non")
        if not valeur:
            return ""
        if field.type == "many2one":
            return valeur.display_name
        if field.type == "selection":
            return dict(field._description_selection(self.env))[valeur]
        return ecrire_date(valeur) if field.type == "date" else str(valeur)

    @api.model
    def _libelle_champ(self, champ):
        return self.env["cnas.assure"]._fields[champ]._description_string(self.env)
