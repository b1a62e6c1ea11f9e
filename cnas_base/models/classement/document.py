from odoo import _, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools.translate import _lt

from ...garde import Action, actions, transition
from ...jour import aujourd_hui

AGENT = "cnas_base.group_agent"


@actions
class Document(models.Model):
    """Un document classé sous un dossier : un fichier, son type, ses versions. Rien ne s'y remplace, rien ne s'y supprime.

    États : en vigueur → remplacé (une version suivante existe) ou annulé (motif). Une nouvelle version reprend le type et le
    dossier, et garde l'ancienne. Échu et hors gel, un procès-verbal en détruit le contenu (`cnas.destruction`).
    Qui peut quoi : la table `_actions` ; l'agent classe.
    """

    _name = "cnas.document"
    _description = "Document"
    _inherit = ["cnas.etat.mixin", "cnas.fichier_depose.mixin", "cnas.classe.mixin", "cnas.proprietaire.mixin", "mail.thread"]
    _order = "date_document desc, id desc"
    _rec_names_search = ["numero", "name"]
    _proprietaire_fixe = True

    _etat_initial = "en_vigueur"
    _actions = {
        "nouvelle_version": Action(titre=_lt("Nouvelle version"), de=("en_vigueur",), roles=(AGENT,), seul=True),
        "annuler": Action(titre=_lt("Annuler"), de=("en_vigueur",), vers=("annule",), roles=(AGENT,), motif=True),
    }
    _passages = {"en_vigueur": ("remplace",)}
    _champs_geles = ("numero", "version", "motif_annulation")
    _champs_fixes = ("type_id", "remplace_id")
    _champs_lus = ("fichier", "texte_lu")
    _champs_journal = ("type_id", "name", "date_document", "date_depart")

    numero = fields.Char(string="Numéro", required=True, readonly=True, copy=False, default=lambda self: _("Nouveau"))
    name = fields.Char(string="Intitulé", required=True, tracking=True)
    type_id = fields.Many2one("cnas.type_document", string="Type", required=True, index=True, ondelete="restrict", tracking=True,
                              domain=[("proprietaire", "!=", "feuille")])
    appartient = fields.Selection(related="type_id.proprietaire", string="Appartient à")
    courrier_id = fields.Many2one("cnas.courrier", string="Courrier", ondelete="restrict", index="btree_not_null")
    date_document = fields.Date(string="Date du document", required=True, default=lambda self: aujourd_hui(), tracking=True)
    date_depart = fields.Date(string="Se garde à compter du", required=True, tracking=True, compute="_compute_date_depart", store=True,
                              readonly=False, precompute=True, help="Le jour d'où court la durée : la fin de la convention, la clôture de l'affaire…")
    conservation_dite = fields.Char(related="type_id.conservation_dite")
    state = fields.Selection([("en_vigueur", "En vigueur"), ("remplace", "Remplacé"), ("annule", "Annulé")], string="État",
                             default="en_vigueur", required=True, readonly=True, copy=False, tracking=True)
    version = fields.Integer(string="Version", default=1, readonly=True, copy=False, group_operator=False)
    remplace_id = fields.Many2one("cnas.document", string="Remplace", copy=False, ondelete="restrict", index="btree_not_null")
    suivante_ids = fields.One2many("cnas.document", "remplace_id", string="Remplacé par", readonly=True)
    motif_annulation = fields.Char(string="Motif d'annulation", readonly=True, copy=False)

    _sql_constraints = [
        ("numero_unique", "UNIQUE (numero)", "Ce numéro de document existe déjà."),
        ("une_suivante", "UNIQUE (remplace_id)", "Ce document a déjà une version suivante : remplacez la dernière."),
    ]

    @api.depends("date_document")
    def _compute_date_depart(self):
        for document in self:
            document.date_depart = document.date_depart or document.date_document

    @api.depends("numero", "name")
    def _compute_display_name(self):
        for document in self:
            document.display_name = f"{document.numero} — {document.name}" if document._origin else document.name

    @api.onchange("type_id")
    def _onchange_type_id(self):
        """Le dossier d'une autre sorte, proposé d'où l'on vient, ne reste pas sous la fiche."""
        autres = [champ for champ in self._champs_proprietaires() if champ != f"{self.appartient}_id"]
        self.update(dict.fromkeys(autres if self.type_id else (), False))

    @api.constrains(lambda self: ("type_id", *self._champs_proprietaires()))
    def _check_type(self):
        for document in self:
            attendu = f"{document.type_id.proprietaire}_id"
            if [champ for champ in self._champs_proprietaires() if document[champ]] != [attendu]:
                raise ValidationError(_("Un document « %(type)s » appartient à un dossier, et un seul : %(quoi)s.", type=document.type_id.name,
                                        quoi=dict(self._fields["appartient"]._description_selection(self.env))[document.type_id.proprietaire]))

    @api.constrains("date_document", "date_depart")
    def _check_dates(self):
        for document in self:
            if (document.date_document or aujourd_hui()) > aujourd_hui():
                raise ValidationError(_("Un document ne peut pas être daté du futur."))
            if document.date_document and document.date_depart and document.date_depart < document.date_document:
                raise ValidationError(_("Un document ne se garde pas à compter d'un jour où il n'existait pas : vérifiez les dates."))

    # ------------------------------------------------------------------ CRUD
    def _completer_creation(self, vals_list):
        defaut = self.default_get(["remplace_id"]).get("remplace_id")
        for vals in vals_list:
            ancien = self._ancien(vals.setdefault("remplace_id", defaut))
            vals["numero"] = self.env["ir.sequence"].sudo().next_by_code("cnas.document", sequence_date=aujourd_hui())
            vals["version"] = ancien.version + 1 if ancien else 1
            if ancien:
                vals["type_id"] = ancien.type_id.id
                vals.update({champ: ancien[champ].id for champ in self._champs_proprietaires()})
        return super()._completer_creation(vals_list)

    @api.model_create_multi
    def create(self, vals_list):
        documents = super().create(vals_list)
        if any(not document.empreinte for document in documents):
            raise UserError(_("Choisissez le fichier du document."))
        for ancien in documents.remplace_id:
            ancien._changer_etat("remplace")
        return documents

    @api.model
    def _ancien(self, identifiant):
        """Rend la version à remplacer, que l'usager peut modifier."""
        ancien = self.browse(identifiant if isinstance(identifiant, int) else False).exists()
        if ancien:
            ancien.check_access_rights("write")
            ancien.check_access_rule("write")
            if ancien.state != "en_vigueur":
                raise UserError(_("« %s » n'est pas en vigueur : seule la dernière version se remplace.", ancien.display_name))
        return ancien

    # ------------------------------------------------------------------ actions
    @transition("nouvelle_version")
    def action_nouvelle_version(self):
        """Ouvre la fiche de la version suivante. Rend l'action."""
        liens = {f"default_{champ}": self[champ].id for champ in (*self._champs_proprietaires(), "type_id") if self[champ]}
        return {"type": "ir.actions.act_window", "res_model": self._name, "view_mode": "form", "name": _("Nouvelle version"),
                "context": {"default_remplace_id": self.id, "default_name": self.name, **liens}}

    @transition("annuler")
    def action_annuler(self, motif=None):
        """Écarte le document sans le supprimer. Rend True, ou l'assistant de motif."""
        self._changer_etat("annule", motif_annulation=motif)

    # ------------------------------------------------------------------ classement
    @api.model
    def _champs_proprietaires(self):
        return [*super()._champs_proprietaires(), "courrier_id"]

    @api.model
    def _attributs_du_lien(self, champ):
        sorte = champ.removesuffix("_id")
        return {**super()._attributs_du_lien(champ), "readonly": "id or remplace_id", "invisible": f"appartient != '{sorte}'",
                "required": f"appartient == '{sorte}'"}

    def _phrase_de_remplacement(self):
        return _("Un fichier déposé ne se remplace pas : ouvrez une nouvelle version, qui garde l'ancienne.")

    @api.model
    def _domaine_du_type(self, type_document):
        return [("type_id", "=", type_document.id)]

    @api.model
    def _domaine_depart(self, jour):
        return [("date_depart", "<=", jour)]

    @api.model
    def _chemins_de_gel(self):
        """Geler un dossier gèle aussi les pièces de son courrier."""
        liens = super()._chemins_de_gel()
        courrier = self.env["cnas.courrier"]._champs_proprietaires()
        return [*liens, *((lien, f"courrier_id.{champ}") for lien, champ in liens if champ in courrier), ("document_id", "id")]

    def _depart(self):
        return self.date_depart

    def _cote(self):
        return self.numero
