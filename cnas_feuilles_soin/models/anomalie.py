from odoo import SUPERUSER_ID, _, api, fields, models
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.garde import Action, actions, transition

from .feuille_soin.actions import CONTROLEUR, MEDECIN, SUPERVISEUR
from .regle_controle import SEVERITES


@actions
class Anomalie(models.Model):
    """Ce qu'une règle a constaté sur une feuille ou sur une ligne, avec le montant avant et après.

    États : ouverte → levée (avec justification). Une anomalie levée le reste quand on rejoue le contrôle, qui seul
    crée et retire. Un rejet ou un abattement ne se lève que par le superviseur (passer outre, tracé). Qui a fait ce que
    dit la feuille, ou révisé la ligne, ne lève pas.
    """

    _name = "cnas.anomalie"
    _description = "Anomalie de contrôle"
    _inherit = ["cnas.etat.mixin", "cnas.montant.mixin"]
    _cloison_agence = ("feuille_id.agence_id", "feuille_id.bordereau_id.destination_id")
    _cloison_usager = ("feuille_id.controleur_id", "feuille_id.saisie_par_id")
    _order = "feuille_id, ordre, ligne_id, id"
    _rec_name = "message"

    _etat_initial = "ouverte"
    _actions = {
        "lever": Action(titre=_lt("Lever l'anomalie"), de=("ouverte",), vers=("levee",), roles=(CONTROLEUR, MEDECIN),
                        motif=True, empeche=("_empeche_les_auteurs", "_empeche_de_lever")),
    }
    _champs_geles = ("feuille_id", "ligne_id", "regle_id", "severite", "message", "montant_avant", "montant_apres",
                     "justification", "levee_par_id", "levee_le", "version", "ordre")

    feuille_id = fields.Many2one("cnas.feuille_soin", string="Feuille de soins", required=True, index=True,
                                 ondelete="cascade")
    ligne_id = fields.Many2one("cnas.feuille_soin.ligne", string="Ligne", index="btree_not_null", ondelete="cascade",
                               help="Vide : l'anomalie porte sur toute la feuille.")
    prestation_id = fields.Many2one(related="ligne_id.prestation_id", string="Prestation")
    formation_id = fields.Many2one(related="feuille_id.formation_id", string="Formation sanitaire")
    regle_id = fields.Many2one("cnas.regle_controle", string="Règle", required=True, index=True, ondelete="restrict")
    code = fields.Char(related="regle_id.code", string="Code")
    famille = fields.Selection(related="regle_id.famille", string="Famille")
    severite = fields.Selection(SEVERITES, string="Sévérité", required=True)
    message = fields.Char(string="Motif", required=True)
    motif_lu = fields.Char(string="Motif constaté", compute="_compute_motif_lu", compute_sudo=True,
                           help="Le motif, dans la langue de qui le lit.")
    montant_avant = fields.Monetary(string="Montant avant")
    montant_apres = fields.Monetary(string="Montant après")
    ordre = fields.Integer(string="Ordre", help="Rang dans l'évaluation des règles.")
    version = fields.Integer(string="Version de la règle")
    state = fields.Selection([("ouverte", "Ouverte"), ("levee", "Levée")], string="État", required=True,
                             default="ouverte")
    justification = fields.Char(string="Justification")
    levee_par_id = fields.Many2one("res.users", string="Levée par", readonly=True)
    levee_le = fields.Datetime(string="Levée le", readonly=True)

    # ------------------------------------------------------------------ calculs
    @api.depends("message", "regle_id")
    @api.depends_context("lang")
    def _compute_motif_lu(self):
        """Le fait ne change pas de langue : sa phrase se retrouve au catalogue, traduite."""
        noms = self.env["cnas.type_piece"]._noms_lus()
        for anomalie in self:
            anomalie.motif_lu = anomalie.regle_id._lire_motif(anomalie.message, noms) if anomalie.regle_id else anomalie.message

    @api.depends("motif_lu")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for anomalie in self:
            anomalie.display_name = anomalie.motif_lu

    # ------------------------------------------------------------------ actions
    @transition("lever")
    def action_lever(self, motif=None):
        """Lève les anomalies avec une justification ; sans elle, rend l'assistant qui la demande.

        :param motif: la justification, obligatoire
        :return: True, ou l'action de l'assistant
        """
        self._lever(motif)

    # ------------------------------------------------------------------ privé
    def _lever(self, motif):
        """Lève les anomalies, le dit au dossier, et recalcule ce qu'elles coupaient."""
        self._changer_etat("levee", justification=motif, levee_par_id=self.env.uid, levee_le=fields.Datetime.now())
        for feuille in self.feuille_id:
            leves = self.filtered(lambda a, f=feuille: a.feuille_id == f)
            feuille.sudo().message_post(body=_("Anomalie levée : %(motifs)s. Justification : %(texte)s",
                                        motifs=" ; ".join(leves.mapped("message")), texte=motif))
        passees_outre = self.filtered(lambda a: a.severite in ("rejet", "abattement")).feuille_id
        if passees_outre:
            passees_outre.sudo()._recalculer()

    def _empeche_les_auteurs(self):
        """Rend {id: raison} : l'appelant a fait ce que dit la feuille, ou révisé ce que l'anomalie vise."""
        if self.env.uid == SUPERUSER_ID:
            return {}
        raisons, retenues = {}, self.feuille_id.sudo()._empeche_les_auteurs()
        for anomalie in self.sudo():
            feuille = anomalie.feuille_id
            if feuille.id in retenues:
                raisons[anomalie.id] = retenues[feuille.id]
            elif self.env.user in (anomalie.ligne_id or feuille.ligne_ids).revue_par_id:
                raisons[anomalie.id] = _("Quatre yeux : vous avez révisé « %s », une autre personne lève ses anomalies.",
                                         feuille.display_name)
        return raisons

    def _empeche_de_lever(self):
        """Rend {id: raison} : la feuille n'est plus en contrôle, ou seul le superviseur peut passer outre."""
        raisons, passe_outre = {}, self._a_le_role((SUPERVISEUR,))
        for anomalie in self:
            if anomalie.feuille_id.state not in ("instance", "controle", "avis_medical"):
                raisons[anomalie.id] = _(
                    "la feuille %s n'est pas en cours de contrôle : ses anomalies ne se lèvent plus.",
                    anomalie.feuille_id.display_name)
            elif anomalie.severite in ("rejet", "abattement") and not passe_outre:
                raisons[anomalie.id] = _("seul le rôle %s peut passer outre un rejet ou un abattement.",
                                         self._noms_roles((SUPERVISEUR,)))
        return raisons
