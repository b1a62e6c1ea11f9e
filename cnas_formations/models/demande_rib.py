from odoo import _, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.garde import Action, actions, transition

from ..rib import erreur_rib, grouper_rib, nettoyer_rib
from .formation_sanitaire.fiche import CHAMP_DU_COMPTE

AGENT, SUPERVISEUR, FINANCE = "cnas_base.group_agent", "cnas_base.group_superviseur", "cnas_base.group_finance"


@actions
class DemandeRib(models.Model):
    """Une demande de changement de RIB d'une formation : demandée par l'un, validée par l'autre.

    Elle garde l'ancien et le nouveau RIB : c'est l'historique des comptes payés.
    États : demandée → validée | refusée | annulée.

    Qui peut quoi : la table `_actions`. L'agent demande (une seule en attente par compte) ; le demandeur annule la
    sienne, un superviseur celle d'un autre ; agents et ordonnateur lisent.
    """

    _name = "cnas.demande_rib"
    _description = "Demande de changement de RIB"
    _inherit = ["cnas.decision.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _champs_journal = ("formation_id", "usage", "rib_ancien", "rib_nouveau")

    _etat_initial = "demandee"
    _actions = {
        "valider": Action(titre=_lt("Valider"), de=("demandee",), vers=("validee",), roles=(AGENT, FINANCE),
                          quatre_yeux=("demandeur_id",)),
        "refuser": Action(titre=_lt("Refuser"), de=("demandee",), vers=("refusee",), roles=(AGENT, FINANCE),
                          quatre_yeux=("demandeur_id",), motif=True),
        "annuler": Action(titre=_lt("Annuler la demande"), de=("demandee",), vers=("annulee",), roles=(AGENT,),
                          empeche=("_demandes_d_un_autre",)),
    }
    _champs_geles = ("validateur_id", "date_decision", "motif_refus", "rib_ancien")
    _champs_de_la_demande = ("formation_id", "usage", "rib_nouveau", "demandeur_id")
    _type_activite = "cnas_formations.mail_activity_demande_rib"
    # Complétés tant que la demande attend ; ensuite ils disent sur quoi on a décidé.
    _champs_appuis = ("justification", "document", "document_nom")

    formation_id = fields.Many2one(
        "cnas.formation_sanitaire", string="Formation sanitaire", required=True, index=True, ondelete="restrict")
    usage = fields.Selection(
        [("principal", "Compte principal"), ("pharmacie", "Compte pharmacie")], string="Compte", required=True,
        default="principal")
    rib_ancien = fields.Char(string="RIB actuel", readonly=True, copy=False)
    rib_nouveau = fields.Char(string="Nouveau RIB", required=True, help="23 chiffres, ou l'IBAN tchadien.")
    justification = fields.Text(string="Justification", required=True)
    document = fields.Binary(string="Relevé d'identité bancaire", attachment=True)
    document_nom = fields.Char(string="Nom du fichier")
    demandeur_id = fields.Many2one(
        "res.users", string="Demandée par", default=lambda self: self.env.uid, readonly=True, required=True,
        ondelete="restrict")
    validateur_id = fields.Many2one("res.users", string="Décidée par", readonly=True, copy=False, ondelete="restrict")
    date_decision = fields.Datetime(string="Décidée le", readonly=True, copy=False)
    motif_refus = fields.Char(string="Motif du refus", readonly=True, copy=False)
    state = fields.Selection(
        [("demandee", "Demandée"), ("validee", "Validée"), ("refusee", "Refusée"), ("annulee", "Annulée")],
        string="Statut", required=True, default="demandee", copy=False, index=True, tracking=True)
    alerte = fields.Char(string="Alerte", compute="_compute_alerte")

    _sql_constraints = [
        ("en_attente_unique", "EXCLUDE (formation_id WITH =, usage WITH =) WHERE (state = 'demandee')",
         "Une demande de changement de ce compte attend déjà une décision."),
    ]

    # ------------------------------------------------------------------ contraintes
    @api.constrains("rib_nouveau")
    def _check_rib_nouveau(self):
        for demande in self:
            phrase = erreur_rib(demande.rib_nouveau)
            if phrase:
                raise ValidationError(phrase)

    # ------------------------------------------------------------------ calculs
    @api.depends("rib_nouveau", "formation_id")
    def _compute_alerte(self):
        ribs = {nettoyer_rib(d.rib_nouveau) for d in self if d.rib_nouveau}
        titulaires = self.env["cnas.formation_sanitaire"].sudo().search([
            "|", ("compte_principal_id.sanitized_acc_number", "in", list(ribs)),
            ("compte_pharmacie_id.sanitized_acc_number", "in", list(ribs))]) if ribs else ()
        for demande in self:
            rib = nettoyer_rib(demande.rib_nouveau)
            codes = [
                f.code for f in titulaires if f != demande.formation_id
                and rib in (f.compte_principal_id.sanitized_acc_number, f.compte_pharmacie_id.sanitized_acc_number)]
            demande.alerte = _("Ce RIB est déjà celui de : %s.", ", ".join(codes)) if codes else False

    def _compute_display_name(self):
        for demande in self:
            demande.display_name = (
                _("RIB de %s", demande.formation_id.code) if demande.formation_id else _("Nouveau"))

    # ------------------------------------------------------------------ CRUD
    @api.model_create_multi
    def create(self, vals_list):
        demandes = super().create(vals_list)
        for demande in demandes:
            compte = demande.formation_id.sudo()[CHAMP_DU_COMPTE[demande.usage]]
            demande._ecrire({"rib_ancien": compte.acc_number})
            demande._demander_decision()
        return demandes

    def _completer_creation(self, vals_list):
        for vals in vals_list:
            if not self.env.su:
                vals["demandeur_id"] = self.env.uid
            if isinstance(vals.get("rib_nouveau"), str):
                vals["rib_nouveau"] = grouper_rib(nettoyer_rib(vals["rib_nouveau"]))
        return super()._completer_creation(vals_list)

    def write(self, vals):
        if set(self._champs_appuis) & vals.keys() and any(demande.state != "demandee" for demande in self):
            raise UserError(_("Une demande décidée garde sa justification et son document."))
        return super().write(vals)

    # ------------------------------------------------------------------ actions
    @transition("valider")
    def action_valider(self):
        """Applique le nouveau RIB. Refusée au demandeur : il faut un second agent.

        :return: True
        :raise UserError: demande déjà décidée, ou décidée par son auteur
        """
        self._attendre_son_tour()
        self._changer_etat("validee", **self._signature())
        for demande in self:
            formation = demande.formation_id.sudo()
            compte = formation._comptes_des_ribs({formation: demande.rib_nouveau})[formation]
            demande._changer_cible(formation, {CHAMP_DU_COMPTE[demande.usage]: compte.id})
        self._clore_activites()

    def _phrase_du_changement(self):
        return _("RIB changé (%(compte)s) : %(ancien)s → %(nouveau)s. Demandé par %(demandeur)s, validé par %(decideur)s.",
                 compte=dict(self._fields["usage"]._description_selection(self.env))[self.usage], ancien=self.rib_ancien or _("aucun"),
                 nouveau=self.rib_nouveau, demandeur=self.demandeur_id.name, decideur=self.env.user.name)

    @transition("refuser")
    def action_refuser(self, motif=None):
        """Refuse la demande ; le RIB ne change pas.

        :param motif: obligatoire ; vide → l'assistant qui le demande
        :return: True, ou l'action de l'assistant
        """
        self._attendre_son_tour()
        self._changer_etat("refusee", motif_refus=motif, **self._signature())
        self._clore_activites()

    @transition("annuler")
    def action_annuler(self):
        """Retire une demande en attente. :return: True"""
        self._changer_etat("annulee", **self._signature())
        self._clore_activites()

    # ------------------------------------------------------------------ métier
    def _demandes_d_un_autre(self):
        """Rend {id: phrase} des demandes d'un autre, sauf pour un superviseur."""
        if self._a_le_role((SUPERVISEUR,)):
            return {}
        return {demande.id: _("seul un superviseur annule la demande d'un autre.")
                for demande in self if demande.demandeur_id != self.env.user}

    def _signature(self):
        return {"validateur_id": self.env.uid, "date_decision": fields.Datetime.now()}
