from odoo import _, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools.translate import _lt

from ...garde import Action, actions, transition
from ...jour import aujourd_hui

AGENT = "cnas_base.group_agent"


@actions
class Courrier(models.Model):
    """Le registre du courrier reçu et envoyé : un numéro sans trou par sens et par année, un correspondant, un objet, ses pièces.

    États : à traiter → traité (y répondre le traite ; envoyé, il l'est d'emblée) ; annulé, avec un motif : le numéro reste au registre.
    Qui peut quoi : la table `_actions` ; l'agent enregistre. On ne voit que le courrier des dossiers qu'on lit.
    """

    _name = "cnas.courrier"
    _description = "Courrier"
    _inherit = ["cnas.etat.mixin", "cnas.proprietaire.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "date desc, id desc"
    _rec_name = "numero"
    _rec_names_search = ["numero", "correspondant", "objet", "leur_reference"]
    _cloison_agence = ("agence_id",)
    _cloison_usager = ("responsable_id",)

    _etat_initial = "a_traiter"
    _actions = {
        "repondre": Action(titre=_lt("Répondre"), de=("a_traiter", "traite"), roles=(AGENT,), seul=True, empeche=("_empeche_envoye",)),
        "traiter": Action(titre=_lt("Traité"), de=("a_traiter",), vers=("traite",), roles=(AGENT,)),
        "rouvrir": Action(titre=_lt("Rouvrir"), de=("traite",), vers=("a_traiter",), roles=(AGENT,), motif=True),
        "annuler": Action(titre=_lt("Annuler"), de=("a_traiter", "traite"), vers=("annule",), roles=(AGENT,), motif=True),
    }
    _champs_geles = ("numero", "motif_annulation")
    # Le registre ne se réécrit pas : on annule, et on inscrit de nouveau.
    _champs_fixes = ("sens", "date", "agence_id", "reponse_a_id")
    _champs_journal = ("sens", "date", "correspondant", "objet", "type_id")

    numero = fields.Char(string="Numéro", required=True, readonly=True, copy=False, default=lambda self: _("Nouveau"))
    sens = fields.Selection([("recu", "Reçu"), ("envoye", "Envoyé")], string="Sens", required=True, default="recu", tracking=True)
    date = fields.Date(string="Reçu ou envoyé le", required=True, default=lambda self: aujourd_hui(), index=True)
    date_courrier = fields.Date(string="Date du courrier", help="Celle qu'il porte.")
    correspondant = fields.Char(string="Correspondant", required=True, tracking=True, help="Qui l'écrit, ou à qui il est écrit.")
    leur_reference = fields.Char(string="Leur référence")
    objet = fields.Char(string="Objet", required=True, tracking=True)
    voie = fields.Selection([("guichet", "Guichet"), ("porteur", "Porteur"), ("poste", "Poste"), ("courriel", "Courriel")],
                            string="Voie", default="guichet", required=True)
    type_id = fields.Many2one("cnas.type_document", string="Type", required=True, ondelete="restrict", domain=[("proprietaire", "=", "courrier")],
                              default=lambda self: self.env.ref("cnas_base.type_document_courrier", raise_if_not_found=False))
    agence_id = fields.Many2one("cnas.agence", string="Agence", ondelete="restrict", default=lambda self: self.env["cnas.agence"]._de_l_usager())
    responsable_id = fields.Many2one("res.users", string="Suivi par", ondelete="restrict", domain="[('share', '=', False)]", tracking=True)
    reponse_a_id = fields.Many2one("cnas.courrier", string="Répond à", ondelete="restrict", index="btree_not_null", copy=False)
    reponse_ids = fields.One2many("cnas.courrier", "reponse_a_id", string="Réponses", readonly=True)
    document_ids = fields.One2many("cnas.document", "courrier_id", string="Pièces", readonly=True)
    state = fields.Selection([("a_traiter", "À traiter"), ("traite", "Traité"), ("annule", "Annulé")], string="État", default="a_traiter",
                             required=True, readonly=True, copy=False, tracking=True, index=True)
    motif_annulation = fields.Char(string="Motif d'annulation", readonly=True, copy=False)

    _sql_constraints = [("numero_unique", "UNIQUE (numero)", "Ce numéro de courrier existe déjà.")]

    @api.constrains("date", "date_courrier")
    def _check_dates(self):
        for courrier in self:
            if courrier.date > aujourd_hui() or (courrier.date_courrier or courrier.date) > courrier.date:
                raise ValidationError(_("Un courrier est daté, puis envoyé ou reçu, au plus tard aujourd'hui : vérifiez les dates."))

    @api.constrains("type_id")
    def _check_type(self):
        if any(courrier.type_id.proprietaire != "courrier" for courrier in self):
            raise ValidationError(_("Choisissez un type de courrier du plan de classement."))

    # ------------------------------------------------------------------ CRUD
    def _completer_creation(self, vals_list):
        jour = aujourd_hui()
        for vals in vals_list:
            # L'année du registre est celle où l'on inscrit : un courrier retrouvé en janvier ne rouvre pas celui de décembre.
            vals["numero"] = self.env["ir.sequence"].sudo().next_by_code(
                f"cnas.courrier.{'envoye' if vals.get('sens', self._sens_par_defaut()) == 'envoye' else 'recu'}", sequence_date=jour)
        return super()._completer_creation(vals_list)

    @api.model_create_multi
    def create(self, vals_list):
        courriers = super().create(vals_list)
        envoyes = courriers.filtered(lambda courrier: courrier.sens == "envoye")
        envoyes._changer_etat("traite")  # rien n'y attend, sauf à le rouvrir
        origines = envoyes.reponse_a_id
        if origines:
            origines.check_access_rule("write")
            for origine in origines:  # ce que le bouton refuse, une fiche remplie à la main ne l'obtient pas
                origine._exiger("repondre")
            origines.filtered(lambda courrier: courrier.state == "a_traiter")._changer_etat("traite", motif_journal=_("réponse envoyée"))
        return courriers

    @api.ondelete(at_uninstall=False)
    def _unlink_jamais(self):
        raise UserError(_("Un courrier inscrit ne se supprime pas : annulez-le, avec un motif."))

    # ------------------------------------------------------------------ actions
    @transition("repondre")
    def action_repondre(self):
        """Ouvre l'inscription du courrier qui répond à celui-ci. Rend l'action."""
        liens = {f"default_{champ}": self[champ].id for champ in self._champs_proprietaires() if self[champ]}
        return {"type": "ir.actions.act_window", "res_model": self._name, "view_mode": "form", "name": _("Répondre à %s", self.numero),
                "context": {"default_sens": "envoye", "default_reponse_a_id": self.id, "default_correspondant": self.correspondant,
                            "default_objet": _("Réponse : %s", self.objet), "default_type_id": self.type_id.id, **liens}}

    @transition("traiter")
    def action_traiter(self):
        """Rien ne reste à faire. Rend True."""
        self._changer_etat("traite")

    @transition("rouvrir")
    def action_rouvrir(self, motif=None):
        """Remet le courrier à traiter. Rend True, ou l'assistant de motif."""
        self._changer_etat("a_traiter", motif_journal=motif)

    @transition("annuler")
    def action_annuler(self, motif=None):
        """Écarte le courrier ; son numéro reste au registre. Rend True, ou l'assistant de motif."""
        self._changer_etat("annule", motif_annulation=motif)

    def _empeche_envoye(self):
        return {courrier.id: _("on répond à un courrier reçu.") for courrier in self if courrier.sens != "recu"}

    def action_joindre(self):
        """Ouvre le classement d'une pièce de ce courrier. Rend l'action."""
        self.ensure_one()
        return {"type": "ir.actions.act_window", "res_model": "cnas.document", "view_mode": "form", "name": _("Pièce de %s", self.numero),
                "context": {"default_courrier_id": self.id, "default_type_id": self.type_id.id, "default_name": self.objet,
                            "default_date_document": self.date_courrier or self.date}}

    @api.model
    def _sens_par_defaut(self):
        return self.default_get(["sens"])["sens"]
