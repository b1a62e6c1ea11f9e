from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.jour import aujourd_hui, debut_du_jour
from odoo.addons.cnas_base.lecture import lire_texte

from .indicateur import SUPERVISEUR

# Par auteur et par jour : au-delà, on noie plus qu'on ne signale.
PAR_JOUR = 3
TEXTE_MIN = 20
TEXTE_MAX = 4000


@actions
class Signalement(models.Model):
    """Ce qu'un agent, un assuré ou un employeur signale : des soins jamais reçus, un paiement demandé, un prête-nom.

    États : reçu → en affaire, ou classé avec un motif. Son auteur et le superviseur le lisent, personne d'autre ; un assuré ou un
    employeur le dépose depuis sa page et n'en lit plus rien. Un agent signale à l'écran ; le superviseur ouvre l'affaire ou classe.
    """

    _name = "cnas.signalement"
    _description = "Signalement"
    _inherit = ["cnas.etat.mixin", "mail.thread"]
    _order = "id desc"
    _rec_name = "numero"

    _etat_initial = "recu"
    _actions = {
        "ouvrir_affaire": Action(titre=_lt("Ouvrir une affaire"), de=("recu",), vers=("en_affaire",), roles=(SUPERVISEUR,), seul=True),
        "classer": Action(titre=_lt("Classer"), de=("recu",), vers=("classe",), roles=(SUPERVISEUR,), motif=True),
    }
    _champs_geles = ("numero", "auteur_assure_id", "auteur_employeur_id", "affaire_id", "motif", "origine")
    _champs_journal = ("origine", "affaire_id", "motif")

    numero = fields.Char(string="Numéro", readonly=True, copy=False, index=True)
    origine = fields.Selection(
        [("agent", "Agent"), ("assure", "Assuré"), ("employeur", "Employeur")], string="Vient d'un", required=True, readonly=True, default="agent")
    auteur_assure_id = fields.Many2one("cnas.assure", string="Assuré qui signale", readonly=True, ondelete="restrict")
    auteur_employeur_id = fields.Many2one("cnas.employeur", string="Employeur qui signale", readonly=True, ondelete="restrict")
    objet = fields.Selection(
        [("soins", "Soins facturés jamais reçus"), ("argent", "Argent demandé en plus"), ("identite", "Carte ou identité prêtée"), ("ordonnance", "Ordonnance ou papier faux"),
         ("agent", "Conduite d'un agent"), ("autre", "Autre")], string="Objet", required=True, default="soins")
    formation_id = fields.Many2one("cnas.formation_sanitaire", string="Formation", ondelete="restrict")
    date_faits = fields.Date(string="Date des faits")
    texte = fields.Text(string="Ce qui s'est passé", required=True)
    affaire_id = fields.Many2one("cnas.affaire", string="Affaire", readonly=True, index="btree_not_null", ondelete="restrict", copy=False)
    motif = fields.Char(string="Classé parce que", readonly=True, copy=False)
    state = fields.Selection(
        [("recu", "Reçu"), ("en_affaire", "En affaire"), ("classe", "Classé")], string="État", default="recu", required=True, readonly=True, copy=False,
        index=True, tracking=True)

    _sql_constraints = [("numero_unique", "UNIQUE (numero)", "Ce numéro de signalement est déjà pris.")]

    @api.constrains("texte", "date_faits")
    def _check_texte(self):
        for signalement in self:
            if len((signalement.texte or "").strip()) < TEXTE_MIN:
                raise UserError(_("Dites ce qui s'est passé en quelques mots de plus : qui, quand, où."))
            if signalement.date_faits and signalement.date_faits > aujourd_hui():
                raise UserError(_("La date des faits est future : corrigez-la."))

    # ------------------------------------------------------------------ CRUD
    def _completer_creation(self, vals_list):
        for vals in vals_list:
            vals["numero"] = self.env["ir.sequence"].sudo().next_by_code("cnas.signalement", sequence_date=aujourd_hui())
        return super()._completer_creation(vals_list)

    def write(self, vals):
        if {"objet", "formation_id", "date_faits", "texte"} & vals.keys() and any(s.state != "recu" or s.create_uid != self.env.user for s in self) and not self._ouvert(vals.keys()):
            raise UserError(_("Un signalement est la parole de son auteur : lui seul la complète, tant qu'il n'est ni classé ni en affaire."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _refuser_suppression(self):
        raise UserError(_("Un signalement ne se supprime pas : classez-le avec un motif."))

    # ------------------------------------------------------------------ actions publiques
    @transition("ouvrir_affaire")
    def action_ouvrir_affaire(self):
        """Ouvre l'affaire que ce signalement demande. Rend l'action qui la montre."""
        affaire = self.env["cnas.affaire"].create({
            "name": _("Signalement %(numero)s : %(objet)s", numero=self.numero, objet=dict(self._fields["objet"]._description_selection(self.env))[self.objet]),
            "origine": "signalement", "formation_id": self.formation_id.id, "faits": self.texte})
        self._changer_etat("en_affaire", affaire_id=affaire.id)
        return affaire._ouvrir()

    @transition("classer")
    def action_classer(self, motif=None):
        """Classe le signalement. Rend True ou l'assistant."""
        self._changer_etat("classe", motif=motif)

    # ------------------------------------------------------------------ pages
    @api.model
    def _deposer(self, auteur, champs):
        """Reçoit le signalement d'un assuré ou d'un employeur, depuis sa page ; rend son numéro.

        :param auteur: un assuré ou un employeur, déjà reconnu
        :param dict champs: « objet », « texte »
        :raise UserError: texte vide ou trop court, objet inconnu, trop de signalements le même jour
        """
        sien = "auteur_assure_id" if auteur._name == "cnas.assure" else "auteur_employeur_id"
        objet = champs.get("objet")
        if objet not in dict(self._fields["objet"].selection):
            raise UserError(_("Choisissez de quoi il s'agit dans la liste."))
        deja = self.sudo().search_count([(sien, "=", auteur.id), ("create_date", ">=", debut_du_jour(aujourd_hui()))])
        if deja >= PAR_JOUR:
            raise UserError(_("Vous avez déjà signalé %s faits aujourd'hui : revenez demain, ou allez à votre agence.", PAR_JOUR))
        # sans suivi : l'employeur qui dépose ne suit pas le fil où la caisse écrit ensuite
        return self.sudo()._creer([{
            "origine": "assure" if sien == "auteur_assure_id" else "employeur", sien: auteur.id, "objet": objet,
            "texte": lire_texte(champs.get("texte"), TEXTE_MAX)}], suivi=False).numero
