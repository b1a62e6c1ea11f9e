from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.lecture import lire_motif


@actions
class Doublon(models.Model):
    """Deux dossiers qui pourraient être la même personne : la file d'examen.

    La machine propose, avec un score et ses raisons ; un humain écarte ou fusionne. Une paire
    écartée ne revient pas.

    États : à examiner → écarté | fusionné. L'agent lit et signale une paire ; le reste : la table `_actions`.
    """

    _name = "cnas.doublon"
    _description = "Doublon à examiner"
    _inherit = ["cnas.etat.mixin", "mail.thread"]
    _order = "score desc, id"

    _etat_initial = "a_examiner"
    _actions = {
        "ecarter": Action(titre=_lt("Ce n'est pas un doublon"), de=("a_examiner",), vers=("ecarte",),
                          roles=("cnas_base.group_agent",), motif=True),
        "fusionner": Action(titre=_lt("Fusionner"), seul=True, de=("a_examiner",), vers=("fusionne",),
                            roles=("cnas_base.group_superviseur",)),
    }
    _champs_geles = ("score", "raisons", "decideur_id", "date_decision", "motif", "garde_id", "trace")

    assure_1_id = fields.Many2one(
        comodel_name="cnas.assure", string="Premier dossier", required=True, index=True, ondelete="cascade")
    assure_2_id = fields.Many2one(
        comodel_name="cnas.assure", string="Second dossier", required=True, index=True, ondelete="cascade")
    score = fields.Integer(string="Score", group_operator="avg")
    raisons = fields.Text(string="Raisons")
    state = fields.Selection(
        selection=[("a_examiner", "À examiner"), ("ecarte", "Écarté"), ("fusionne", "Fusionné")],
        string="Statut", default="a_examiner", required=True, index=True, tracking=True)
    motif = fields.Char(string="Motif")
    decideur_id = fields.Many2one(comodel_name="res.users", string="Décidé par", ondelete="restrict")
    date_decision = fields.Datetime(string="Décidé le")
    garde_id = fields.Many2one(comodel_name="cnas.assure", string="Dossier gardé", ondelete="restrict")
    trace = fields.Json(string="Trace de la fusion", help="Dossier absorbé tel qu'il était, et ce qui l'a quitté.")

    comparaison = fields.Html(string="Comparaison", compute="_compute_comparaison", sanitize=False)

    _sql_constraints = [
        ("paire_unique", "UNIQUE (assure_1_id, assure_2_id)", "Cette paire est déjà dans la file d'examen."),
        ("paire_ordonnee", "CHECK (assure_1_id < assure_2_id)", "Les deux dossiers d'une paire doivent différer."),
    ]

    # ------------------------------------------------------------------ calculs
    @api.depends("assure_1_id.name", "assure_2_id.name")
    def _compute_display_name(self):
        for doublon in self:
            noms = filter(None, (doublon.assure_1_id.name, doublon.assure_2_id.name))
            doublon.display_name = " / ".join(noms) or _("Nouveau")

    @api.depends("assure_1_id", "assure_2_id")
    def _compute_comparaison(self):
        for doublon in self:
            doublon.comparaison = doublon.assure_1_id._tableau_comparaison(doublon.assure_2_id)

    # ------------------------------------------------------------------ CRUD
    def _completer_creation(self, vals_list):
        """Ordonne la paire et note sa ressemblance, si la détection ne l'a pas déjà fait."""
        Assure = self.env["cnas.assure"]
        for vals in vals_list:
            un, deux = vals.get("assure_1_id"), vals.get("assure_2_id")
            if un and deux:
                vals["assure_1_id"], vals["assure_2_id"] = min(un, deux), max(un, deux)
                if not vals.get("score") and un != deux:
                    vals["score"], raisons = Assure.browse(un)._comparer(Assure.browse(deux))
                    vals["raisons"] = "\n".join(raisons)
        return super()._completer_creation(vals_list)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_decide(self):
        if any(doublon.state != "a_examiner" for doublon in self):
            raise UserError(_("Une paire décidée garde la trace de sa décision : elle ne se supprime pas."))

    # ------------------------------------------------------------------ actions
    @transition("ecarter")
    def action_ecarter(self, motif=None):
        """Écarte des paires : ce sont deux personnes différentes.

        :param str motif: obligatoire ; sans lui l'assistant s'ouvre
        :return: True, ou l'action de l'assistant
        """
        self._changer_etat("ecarte", motif=motif, decideur_id=self.env.uid,
                           date_decision=fields.Datetime.now())

    @transition("fusionner")
    def action_fusionner(self, garde_id=None, motif=None):
        """Fusionne les deux dossiers : tout ce que porte l'un suit chez l'autre, rien n'est effacé.

        :param int garde_id: le dossier gardé (l'un des deux) ; sans lui l'assistant s'ouvre
        :param str motif: pourquoi c'est la même personne
        :return: True, ou l'action de l'assistant
        """
        motif = lire_motif(motif)
        if not garde_id or not motif:
            return {
                "type": "ir.actions.act_window", "name": _("Fusionner deux dossiers"),
                "res_model": "cnas.fusion.wizard", "view_mode": "form", "target": "new",
                "context": {"default_doublon_id": self.id},
            }
        paire = self.assure_1_id | self.assure_2_id
        garde = paire.filtered(lambda a: a.id == garde_id)
        if not garde:
            raise UserError(_("Le dossier gardé doit être l'un des deux de la paire."))
        trace = garde._absorber(paire - garde, motif)
        self._changer_etat("fusionne", motif=motif, garde_id=garde.id, trace=trace,
                           decideur_id=self.env.uid, date_decision=fields.Datetime.now())
        return True
