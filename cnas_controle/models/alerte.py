from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL
from odoo.tools.translate import _lt, code_translations

from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.impression.langue import en_francais
from odoo.addons.cnas_feuilles_soin.regles.lecture_motif import dire

from ..indicateurs import INDICATEURS
from .indicateur import SUPERVISEUR


@actions
class Alerte(models.Model):
    """Un fait qu'un indicateur a trouvé : qui, quand, combien, pourquoi, et les feuilles en cause. Jamais deux fois le même.

    États : nouvelle → en affaire → confirmée ou infirmée, selon la suite de l'affaire ; écartée d'emblée, avec un motif. Le calcul seul
    la crée ; tant qu'elle est nouvelle, il la met à jour. Le contrôleur lit ; le superviseur ouvre l'affaire ou écarte (table `_actions`).
    L'agent qu'elle vise ne la voit pas.
    """

    _name = "cnas.alerte"
    _description = "Alerte de contrôle"
    _inherit = ["cnas.etat.mixin", "cnas.montant.mixin", "mail.thread"]
    _order = "score desc, id desc"
    _rec_name = "phrase"

    _etat_initial = "nouvelle"
    _actions = {
        "ouvrir_affaire": Action(titre=_lt("Ouvrir une affaire"), de=("nouvelle",), vers=("en_affaire",), roles=(SUPERVISEUR,)),
        "ecarter": Action(titre=_lt("Écarter"), de=("nouvelle",), vers=("ecartee",), roles=(SUPERVISEUR,), motif=True),
        "reprendre": Action(titre=_lt("Reprendre"), de=("ecartee",), vers=("nouvelle",), roles=(SUPERVISEUR,), motif=True),
    }
    _passages = {"nouvelle": ("en_affaire",), "en_affaire": ("confirmee", "infirmee", "nouvelle"), "confirmee": ("en_affaire",), "infirmee": ("en_affaire",)}
    _champs_geles = (
        "cle", "indicateur_id", "formation_id", "praticien_id", "assure_id", "usager_id", "date_debut", "date_fin", "score", "valeur", "reference",
        "nombre", "phrase", "feuille_ids", "nb_feuilles", "montant", "affaire_id", "motif")
    _champs_journal = ("affaire_id", "motif")

    cle = fields.Char(string="Clé", required=True, readonly=True, help="L'indicateur, la cible et le fait : jamais deux fois la même.")
    indicateur_id = fields.Many2one("cnas.indicateur", string="Indicateur", required=True, readonly=True, index=True, ondelete="restrict")
    risque = fields.Selection(related="indicateur_id.risque", string="Risque")
    formation_id = fields.Many2one("cnas.formation_sanitaire", string="Formation", readonly=True, index="btree_not_null", ondelete="restrict")
    praticien_id = fields.Many2one("cnas.praticien", string="Praticien", readonly=True, index="btree_not_null", ondelete="restrict")
    assure_id = fields.Many2one("cnas.assure", string="Assuré", readonly=True, index="btree_not_null", ondelete="restrict")
    usager_id = fields.Many2one("res.users", string="Agent", readonly=True, index="btree_not_null", ondelete="restrict")
    qui = fields.Char(string="Vise", compute="_compute_qui", compute_sudo=True)
    date_debut = fields.Date(string="Du", readonly=True)
    date_fin = fields.Date(string="Au", readonly=True, index=True)
    score = fields.Integer(string="Score", readonly=True, group_operator="max", help="De 1 à 100 : le risque de l'indicateur, et de combien le seuil est dépassé.")
    valeur = fields.Float(string="Valeur", digits=(16, 2), readonly=True)
    reference = fields.Float(string="Référence", digits=(16, 2), readonly=True, help="Le seuil, ou ce que font les pairs.")
    nombre = fields.Integer(string="Nombre", readonly=True)
    phrase = fields.Char(string="Constat", readonly=True)
    phrase_lue = fields.Char(string="Pourquoi", compute="_compute_phrase_lue", help="Le constat, dans la langue de qui le lit.")
    feuille_ids = fields.Many2many("cnas.feuille_soin", "cnas_alerte_feuille_rel", "alerte_id", "feuille_id", string="Feuilles en cause", readonly=True)
    nb_feuilles = fields.Integer(string="Feuilles", readonly=True)
    montant = fields.Monetary(string="Part CNAS en cause", readonly=True)
    affaire_id = fields.Many2one("cnas.affaire", string="Affaire", readonly=True, index="btree_not_null", ondelete="restrict", copy=False)
    motif = fields.Char(string="Écartée parce que", readonly=True, copy=False)
    state = fields.Selection(
        [("nouvelle", "Nouvelle"), ("en_affaire", "En affaire"), ("confirmee", "Confirmée"), ("infirmee", "Infirmée"), ("ecartee", "Écartée")],
        string="État", default="nouvelle", required=True, readonly=True, copy=False, index=True, tracking=True)

    _sql_constraints = [
        ("cle_unique", "UNIQUE (cle)", "Cette alerte existe déjà : un même fait n'alerte qu'une fois."),
        ("score_borne", "CHECK (score BETWEEN 1 AND 100)", "Un score va de 1 à 100."),
    ]

    @api.depends("formation_id", "praticien_id", "assure_id", "usager_id")
    def _compute_qui(self):
        for alerte in self:
            alerte.qui = (alerte.formation_id or alerte.praticien_id or alerte.assure_id or alerte.usager_id).display_name

    @api.depends("phrase", "indicateur_id")
    @api.depends_context("lang")
    def _compute_phrase_lue(self):
        """Le fait ne change pas de langue : sa phrase se retrouve au catalogue, traduite."""
        connues = {} if en_francais(self.env) else code_translations.get_python_translations("cnas_controle", self.env.lang)
        for alerte in self:
            sorte = INDICATEURS.get(alerte.indicateur_id.code) if connues else None
            alerte.phrase_lue = dire([(phrase._source, connues.get(phrase._source)) for phrase in sorte.phrases.values() if phrase._source in connues],
                                     alerte.phrase, self.env.lang) if sorte and alerte.phrase else alerte.phrase

    @api.depends("indicateur_id", "phrase")
    def _compute_display_name(self):
        for alerte in self:
            alerte.display_name = f"{alerte.indicateur_id.code} — {alerte.qui}" if alerte.indicateur_id else _("Nouvelle")

    @api.model_create_multi
    def create(self, vals_list):
        if not self._ouvert(("cle",)):
            raise UserError(_("Une alerte naît du calcul des indicateurs : ouvrez plutôt une affaire, ou déposez un signalement."))
        return super().create(vals_list)

    @api.ondelete(at_uninstall=False)
    def _refuser_suppression(self):
        raise UserError(_("Une alerte ne se supprime pas : écartez-la avec un motif."))

    # ------------------------------------------------------------------ actions publiques
    @transition("ouvrir_affaire")
    def action_ouvrir_affaire(self):
        """Ouvre une affaire pour ces alertes, une par personne ou formation visée. Rend l'action qui la montre."""
        affaires = self.env["cnas.affaire"]
        for alertes in self._par_cible().values():
            affaire = affaires.create({
                "name": _("%(indicateur)s : %(qui)s", indicateur=alertes[0].indicateur_id.name, qui=alertes[0].qui), "origine": "indicateur",
                **{champ: alertes[0][champ].id for champ in ("formation_id", "praticien_id", "assure_id")}, "usager_en_cause_id": alertes[0].usager_id.id})
            alertes._rattacher(affaire)
            affaires |= affaire
        return affaires._ouvrir()

    @transition("ecarter")
    def action_ecarter(self, motif=None):
        """Écarte l'alerte : le motif compte dans le taux de confirmation. Rend True ou l'assistant."""
        self._changer_etat("ecartee", motif=motif)

    @transition("reprendre")
    def action_reprendre(self, motif=None):
        """Reprend une alerte écartée. Rend True ou l'assistant."""
        self._changer_etat("nouvelle", motif=False)

    def action_feuilles(self):
        """Ouvre les feuilles en cause, avec les droits de l'usager. Rend une action de fenêtre."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("cnas_feuilles_soin.feuille_soin_action")
        return {**action, "name": _("Feuilles en cause"), "domain": [("id", "in", self.feuille_ids.ids)], "context": {}}

    # ------------------------------------------------------------------ métier
    def _par_cible(self):
        """Rend {clé de la cible: alertes}."""
        return self.grouped(lambda a: (a.formation_id.id, a.praticien_id.id, a.assure_id.id, a.usager_id.id))

    def _rattacher(self, affaire):
        """Mène les alertes dans l'affaire."""
        self._changer_etat("en_affaire", affaire_id=affaire.id)

    def _compter_feuilles(self):
        """Recompte, en une requête, les feuilles en cause et ce que la caisse y a pris en charge."""
        if not self:
            return
        self.env.cr.execute(SQL("""
            UPDATE cnas_alerte a SET nb_feuilles = s.n, montant = s.montant
              FROM (SELECT r.alerte_id, count(*) AS n, coalesce(sum(f.montant_cnas), 0) AS montant
                      FROM cnas_alerte_feuille_rel r JOIN cnas_feuille_soin f ON f.id = r.feuille_id WHERE r.alerte_id = ANY(%s) GROUP BY 1) s
             WHERE s.alerte_id = a.id""", list(self.ids)))
        self.invalidate_recordset(["nb_feuilles", "montant"])
