from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.garde import Action, actions, transition

from .roles import COMPTABLE, SUPERVISEUR


@actions
class CorrespondanceCompte(models.Model):
    """Un compte du plan tenu, et celui d'un autre plan qui dit la même chose (CIPRES). Elle se lit dans la balance.

    Le texte complet du plan CIPRES n'est pas public : n'est livré que ce que citent des sources nommées, tout est « à confirmer ». États :
    à confirmer → confirmée, par une autre personne que son auteur ; l'agent comptable écrit, le superviseur confirme.
    """

    _name = "cnas.correspondance_compte"
    _description = "Correspondance de comptes"
    _inherit = ["cnas.etat.mixin"]
    _order = "plan, prefixe"
    _rec_name = "prefixe"

    _etat_initial = "a_confirmer"
    _actions = {
        "confirmer": Action(titre=_lt("Confirmer"), de=("a_confirmer",), vers=("confirmee",), roles=(SUPERVISEUR,),
                            quatre_yeux=("create_uid",), empeche=("_empeche_sans_cible",)),
        "rouvrir": Action(titre=_lt("Remettre à confirmer"), de=("confirmee",), vers=("a_confirmer",), roles=(COMPTABLE, SUPERVISEUR), motif=True),
    }
    _champs_journal = ("plan", "prefixe", "compte_cible", "source")

    plan = fields.Selection([("cipres", "CIPRES"), ("autre", "Autre plan")], string="Plan", required=True, default="cipres", index=True)
    prefixe = fields.Char(string="Compte tenu", required=True, size=12, help="Le début du compte SYSCOHADA : le plus long l'emporte.")
    compte_cible = fields.Char(string="Compte de l'autre plan", size=12)
    libelle = fields.Char(string="Libellé")
    source = fields.Char(string="Source", help="Le texte public qui le dit.")
    state = fields.Selection(
        [("a_confirmer", "À confirmer"), ("confirmee", "Confirmée")], string="État", default="a_confirmer", required=True, readonly=True, index=True)

    _sql_constraints = [
        ("prefixe_unique", "UNIQUE (plan, prefixe)", "Ce compte a déjà sa correspondance dans ce plan."),
        ("prefixe_numerique", "CHECK (prefixe ~ '^[0-9]{2,12}$')", "Un compte ne comporte que des chiffres (2 à 12)."),
    ]

    def write(self, vals):
        if {"plan", "prefixe", "compte_cible"} & vals.keys() and any(c.state == "confirmee" for c in self):
            raise UserError(_("Cette correspondance est confirmée : remettez-la d'abord « à confirmer »."))
        return super().write(vals)

    @transition("confirmer")
    def action_confirmer(self):
        """Confirme la correspondance. Rend True."""
        self._changer_etat("confirmee")

    @transition("rouvrir")
    def action_rouvrir(self, motif=None):
        """Remet la correspondance à confirmer. Rend True, ou l'assistant de motif."""
        self._changer_etat("a_confirmer")

    def _empeche_sans_cible(self):
        """Rend {id: raison} des correspondances sans compte de l'autre plan."""
        return {c._origin.id: _("elle ne dit pas encore quel compte de l'autre plan.") for c in self if not c.compte_cible}

    @api.model
    def _traducteur(self, plan="cipres"):
        """Rend une fonction : compte tenu → compte de l'autre plan, ou rien."""
        par_prefixe = {c.prefixe: c.compte_cible for c in self.sudo().search([("plan", "=", plan), ("compte_cible", "!=", False)])}
        return lambda code: next((par_prefixe[code[:n]] for n in range(len(code), 1, -1) if code[:n] in par_prefixe), "")
