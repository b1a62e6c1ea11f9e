from odoo import _, fields, models
from odoo.exceptions import UserError

from .regle_controle import SEVERITES


class Anomalie(models.Model):
    """Ce qu'une règle a constaté sur une feuille ou sur une ligne, avec le montant avant et après.

    États : ouverte → levée (avec justification). Une anomalie levée le reste quand on rejoue le contrôle.

    | qui | peut |
    |---|---|
    | agent, finance | lire |
    | contrôleur, médecin-conseil | lever un signalement ou une instance, avec justification |
    | superviseur | lever aussi un rejet ou un abattement (passer outre, tracé) |
    | formation (portail) | lire celles de ses feuilles |
    | le contrôle automatique | créer, mettre à jour, retirer ce qui n'est plus vrai |
    """

    _name = "cnas.anomalie"
    _description = "Anomalie de contrôle"
    _inherit = ["cnas.etat.mixin", "cnas.montant.mixin"]
    _order = "feuille_id, ordre, ligne_id, id"
    _rec_name = "message"

    _etat_initial = "ouverte"
    _etat_transitions = {"ouverte": ("levee",), "levee": ()}
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
    severite = fields.Selection(SEVERITES, string="Sévérité", required=True, index=True)
    message = fields.Char(string="Motif", required=True)
    montant_avant = fields.Monetary(string="Montant avant")
    montant_apres = fields.Monetary(string="Montant après")
    ordre = fields.Integer(string="Ordre", help="Rang dans l'évaluation des règles.")
    version = fields.Integer(string="Version de la règle")
    state = fields.Selection([("ouverte", "Ouverte"), ("levee", "Levée")], string="État", required=True,
                             default="ouverte", index=True)
    justification = fields.Char(string="Justification")
    levee_par_id = fields.Many2one("res.users", string="Levée par", readonly=True)
    levee_le = fields.Datetime(string="Levée le", readonly=True)

    # ------------------------------------------------------------------ actions
    def action_lever(self, motif=None):
        """Lève les anomalies avec une justification ; sans elle, rend l'assistant qui la demande.

        :param motif: la justification, obligatoire
        :return: True, ou l'action de l'assistant
        :raise UserError: anomalie déjà levée, feuille déjà décidée, rôle insuffisant
        """
        self._exiger_roles_de_levee()
        if motif and not isinstance(motif, str):
            raise UserError(_("La justification est un texte."))
        motif = " ".join((motif or "").split())[:500]
        if not motif:
            return self._demander_motif("action_lever", _("Lever l'anomalie : justification"))
        self._verifier_levable()
        self._changer_etat("levee", justification=motif, levee_par_id=self.env.uid, levee_le=fields.Datetime.now())
        for feuille in self.feuille_id:
            leves = self.filtered(lambda a, f=feuille: a.feuille_id == f)
            feuille.sudo().message_post(body=_("Anomalie levée : %(motifs)s. Justification : %(texte)s",
                                        motifs=" ; ".join(leves.mapped("message")), texte=motif))
        passees_outre = self.filtered(lambda a: a.severite in ("rejet", "abattement")).feuille_id
        if passees_outre:
            passees_outre.sudo()._recalculer()
        return True

    # ------------------------------------------------------------------ privé
    def _exiger_roles_de_levee(self):
        self._exiger_groupe(("cnas_base.group_controleur", "cnas_base.group_medecin_conseil"), _("lever une anomalie"))
        if any(a.severite in ("rejet", "abattement") for a in self):
            self._exiger_groupe("cnas_base.group_superviseur", _("passer outre un rejet ou un abattement"))

    def _verifier_levable(self):
        for anomalie in self:
            if anomalie.feuille_id.state not in ("instance", "controle", "avis_medical"):
                raise UserError(_("La feuille %s n'est pas en cours de contrôle : ses anomalies ne se lèvent plus.",
                                  anomalie.feuille_id.display_name))
