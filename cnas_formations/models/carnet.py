from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.jour import aujourd_hui

AGENT, SUPERVISEUR = "cnas_base.group_agent", "cnas_base.group_superviseur"



@actions
class Carnet(models.Model):
    """Un carnet de feuilles de soins remis à une formation : une plage de numéros imprimés.

    Un numéro n'appartient qu'à un carnet : la base interdit deux plages qui se chevauchent.
    États : délivré → épuisé | perdu ; qui peut quoi : la table `_actions`.
    L'agent délivre, le superviseur supprime une saisie fausse ; agents, médecin-conseil et ordonnateur lisent,
    la formation ne lit que les siens.
    """

    _name = "cnas.carnet"
    _description = "Carnet de feuilles de soins"
    _inherit = ["cnas.etat.mixin", "mail.thread"]
    _order = "debut desc"

    _etat_initial = "delivre"
    _actions = {
        "epuiser": Action(titre=_lt("Déclarer épuisé"), de=("delivre",), vers=("epuise",), roles=(AGENT,)),
        "declarer_perdu": Action(
            titre=_lt("Déclarer perdu"), de=("delivre",), vers=("perdu",), roles=(AGENT,), motif=True),
        "remettre": Action(
            titre=_lt("Remettre en service"), de=("epuise", "perdu"), vers=("delivre",), roles=(SUPERVISEUR,)),
    }
    _champs_geles = ("motif_perte",)

    formation_id = fields.Many2one(
        "cnas.formation_sanitaire", string="Formation sanitaire", required=True, index=True,
        ondelete="restrict", tracking=True)
    debut = fields.Integer(string="Premier numéro", required=True, tracking=True, group_operator=None)
    fin = fields.Integer(string="Dernier numéro", required=True, tracking=True, group_operator=None)
    nombre = fields.Integer(string="Feuilles", compute="_compute_nombre", store=True)
    date_delivrance = fields.Date(
        string="Délivré le", required=True, default=lambda self: aujourd_hui(), tracking=True)
    remis_a = fields.Char(string="Remis à", help="Nom de la personne qui a signé le bordereau de remise.")
    state = fields.Selection(
        [("delivre", "Délivré"), ("epuise", "Épuisé"), ("perdu", "Perdu")], string="Statut", required=True,
        default="delivre", copy=False, index=True, tracking=True)
    motif_perte = fields.Char(string="Circonstances de la perte", readonly=True, copy=False, tracking=True)

    _sql_constraints = [
        ("plage_ordonnee", "CHECK (debut > 0 AND fin >= debut)",
         "Le premier numéro doit être positif et le dernier ne peut pas le précéder."),
        ("plage_exclusive", "EXCLUDE USING gist (int8range(debut, fin, '[]') WITH &&)",
         "Ces numéros appartiennent déjà à un autre carnet : vérifiez la plage."),
        ("plage_raisonnable", "CHECK (fin - debut < 100000)", "Un carnet compte au plus 100 000 feuilles."),
    ]

    @api.depends("debut", "fin")
    def _compute_nombre(self):
        for carnet in self:
            carnet.nombre = carnet.fin - carnet.debut + 1 if carnet.debut and carnet.fin >= carnet.debut else 0

    @api.depends("debut", "fin")
    def _compute_display_name(self):
        for carnet in self:
            if carnet.debut and carnet.fin:
                carnet.display_name = _("Carnet %(debut)s à %(fin)s", debut=carnet.debut, fin=carnet.fin)
            else:
                carnet.display_name = _("Nouveau")

    def write(self, vals):
        if {"debut", "fin", "formation_id"} & vals.keys() and any(carnet.state != "delivre" for carnet in self):
            raise UserError(_("Un carnet épuisé ou perdu ne se modifie plus."))
        return super().write(vals)

    # ------------------------------------------------------------------ actions
    @transition("epuiser")
    def action_epuiser(self):
        """Déclare que toutes les feuilles des carnets ont servi. :return: True"""
        self._changer_etat("epuise")

    @transition("declarer_perdu")
    def action_declarer_perdu(self, motif=None):
        """Déclare perdus ou volés des carnets : leurs numéros deviennent suspects.

        :param motif: circonstances, obligatoire ; vide → l'assistant qui les demande
        :return: True, ou l'action de l'assistant
        """
        self._changer_etat("perdu", motif_perte=motif)

    @transition("remettre")
    def action_remettre(self):
        """Remet en service un carnet retrouvé ou clos par erreur. :return: True"""
        self._changer_etat("delivre", motif_perte=False)
