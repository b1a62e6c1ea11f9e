from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_date

from .employeur import AGENT

DEMANDE = ("employeur_id", "matricule_declare", "nom", "prenom", "genre", "date_naissance", "nni", "telephone", "date_embauche")
GENRES = [("masculin", "Masculin"), ("feminin", "Féminin")]


@actions
class DemandeAffiliation(models.Model):
    """Un employeur demande l'affiliation d'un salarié ; un agent décide.

    États : demandée → acceptée | refusée. Acceptée, elle embauche l'assuré que l'agent a reconnu, ou ouvre le dossier en
    brouillon d'un nouvel assuré, à compléter et à immatriculer. Ce qui est demandé ne change plus (table `_actions`).
    """

    _name = "cnas.demande_affiliation"
    _description = "Demande d'affiliation"
    _inherit = ["cnas.etat.mixin", "mail.thread"]
    _order = "id desc"

    _etat_initial = "demandee"
    _actions = {
        "accepter": Action(titre=_lt("Accepter"), de=("demandee",), vers=("acceptee",), roles=(AGENT,), quatre_yeux=("create_uid",)),
        "refuser": Action(titre=_lt("Refuser"), de=("demandee",), vers=("refusee",), roles=(AGENT,), quatre_yeux=("create_uid",), motif=True),
    }
    _champs_geles = (*DEMANDE, "decideur_id", "date_decision", "motif_refus")

    employeur_id = fields.Many2one("cnas.employeur", string="Employeur", required=True, readonly=True, index=True, ondelete="restrict")
    matricule_declare = fields.Char(string="Matricule déclaré", readonly=True)
    nom = fields.Char(string="Nom", required=True, readonly=True)
    prenom = fields.Char(string="Prénom", readonly=True)
    genre = fields.Selection(GENRES, string="Genre", required=True, readonly=True)
    date_naissance = fields.Date(string="Date de naissance", required=True, readonly=True)
    nni = fields.Char(string="NNI", readonly=True)
    telephone = fields.Char(string="Téléphone", readonly=True)
    date_embauche = fields.Date(string="Date d'embauche", required=True, readonly=True)
    assure_id = fields.Many2one("cnas.assure", string="Assuré", index="btree_not_null", ondelete="restrict",
                                groups="cnas_base.group_interne",
                                help="Celui que l'agent reconnaît ; vide : un dossier neuf s'ouvrira, en brouillon.")
    state = fields.Selection([("demandee", "Demandée"), ("acceptee", "Acceptée"), ("refusee", "Refusée")],
                             string="État", default="demandee", required=True, readonly=True, copy=False, index=True, tracking=True)
    motif_refus = fields.Char(string="Motif du refus", readonly=True, copy=False)
    decideur_id = fields.Many2one("res.users", string="Décidée par", readonly=True, copy=False, ondelete="restrict")
    date_decision = fields.Datetime(string="Décidée le", readonly=True, copy=False)

    # ------------------------------------------------------------------ calculs
    @api.depends("nom", "prenom", "employeur_id")
    def _compute_display_name(self):
        for demande in self:
            demande.display_name = f"{demande.nom or ''} {demande.prenom or ''} — {demande.employeur_id.sudo().raison_sociale or ''}"

    # ------------------------------------------------------------------ CRUD
    @api.ondelete(at_uninstall=False)
    def _garder_l_historique(self):
        raise UserError(_("Une demande fait partie de l'historique : elle ne s'efface pas."))

    def write(self, vals):
        if "assure_id" in vals and not self._ouvert(("assure_id",)) and any(d.state != "demandee" for d in self):
            raise UserError(_("Une demande décidée ne se modifie plus."))
        return super().write(vals)

    # ------------------------------------------------------------------ actions
    @transition("accepter")
    def action_accepter(self):
        """Embauche l'assuré reconnu, ou ouvre son dossier en brouillon. :return: True"""
        for demande in self:
            assure = demande.assure_id or self.env["cnas.assure"].create({
                "nom": demande.nom, "prenom": demande.prenom, "genre": demande.genre, "date_naissance": demande.date_naissance,
                "nni": demande.nni, "telephone_1": demande.telephone, "regime_id": self.env.ref("cnas_base.regime_ass").id,
                "date_affiliation": demande.date_embauche})
            demande._changer_etat("acceptee", assure_id=assure.id, decideur_id=self.env.uid, date_decision=fields.Datetime.now())
            self.env["cnas.emploi"]._embaucher(demande.employeur_id, {assure.id: demande.date_embauche})

    @transition("refuser")
    def action_refuser(self, motif=None):
        """Refuse la demande. Motif obligatoire."""
        self._changer_etat("refusee", motif_refus=motif, decideur_id=self.env.uid, date_decision=fields.Datetime.now())

    # ------------------------------------------------------------------ métier
    @api.model
    def _demander(self, employeur, champs):
        """Enregistre la demande d'un employeur. Rend la demande.

        :param dict champs: ce que le formulaire a reçu, en texte
        :raise UserError: champ manquant ou illisible, date à venir, demande déjà faite
        """
        lus = {nom: str(champs.get(nom) or "").strip()[:128] for nom in DEMANDE}
        assures = self.env["cnas.assure"].sudo()
        if employeur.sudo().state != "actif":
            raise UserError(_("« %s » n'est pas un employeur actif.", employeur.sudo().raison_sociale))
        if not lus["nom"]:
            raise UserError(_("Écrivez le nom du salarié."))
        if lus["genre"] not in dict(GENRES):
            raise UserError(_("Choisissez le genre du salarié."))
        dates = {"date_naissance": lire_date(lus["date_naissance"], quoi=_("Date de naissance")),
                 "date_embauche": lire_date(lus["date_embauche"], quoi=_("Date d'embauche"))}
        if max(dates.values()) > aujourd_hui() or dates["date_naissance"] >= dates["date_embauche"]:
            raise UserError(_("La naissance précède l'embauche, et aucune des deux n'est à venir."))
        valeurs = {**{nom: texte or False for nom, texte in lus.items()}, **dates, "employeur_id": employeur.id,
                   "matricule_declare": lus["matricule_declare"] and assures._normaliser_matricule(lus["matricule_declare"]),
                   "telephone": assures._formater_telephone(lus["telephone"])}
        deja = self.sudo().search([("employeur_id", "=", employeur.id), ("state", "=", "demandee"),
                                   ("date_naissance", "=", dates["date_naissance"])])
        if any(demande.nom.casefold() == lus["nom"].casefold() for demande in deja):
            raise UserError(_("Vous avez déjà demandé l'affiliation de cette personne : attendez la réponse."))
        return self.sudo()._creer([valeurs])
