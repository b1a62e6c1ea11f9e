from datetime import timedelta

from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_date

AGENT = ("cnas_base.group_agent",)
# La personne de la feuille `f` était affiliée `c`, et y avait consenti, le jour de ses soins ; ce consentement tient encore.
SQL_CONSENTIE = """c.assure_id = f.assure_id AND c.state = 'active' AND c.date_consentement <= f.date_soins
       AND c.date_debut <= f.date_soins AND (c.date_fin IS NULL OR c.date_fin >= f.date_soins)"""


@actions
class AffiliationComplementaire(models.Model):
    """L'affiliation datée d'un assuré à un organisme complémentaire, et son consentement à ce que ses décisions lui partent.

    États : brouillon → active (consentement écrit) → retirée (consentement retiré : plus rien ne part) ou close à sa fin.
    Une personne n'a qu'un organisme à la fois : la base l'exclut. L'agent saisit et active ; le superviseur retire aussi.
    """

    _name = "cnas.affiliation_complementaire"
    _description = "Affiliation à un complémentaire"
    _inherit = ["cnas.etat.mixin", "cnas.periode.mixin", "mail.thread"]
    _order = "date_debut desc, id desc"
    _rec_name = "assure_id"
    _periode_cle = ("assure_id",)
    _periode_condition = "state <> 'retiree'"
    _periode_message = "Cette personne a déjà un organisme complémentaire à ces dates : le cumul est interdit."
    _actions = {
        "activer": Action(titre=_lt("Activer"), de=("brouillon",), vers=("active",), roles=AGENT, empeche=("_sans_consentement",)),
        "retirer": Action(titre=_lt("Retirer le consentement"), de=("active",), vers=("retiree",), roles=AGENT, motif=True),
        "clore": Action(titre=_lt("Clore"), de=("active",), roles=AGENT, seul=True, motif=True, date=True),
    }
    _champs_geles = ("date_retrait", "motif_retrait")
    _champs_fixes = ("organisme_id", "assure_id")
    _champs_journal = ("organisme_id", "assure_id", "date_debut", "date_fin", "consentement", "date_consentement", "state")

    organisme_id = fields.Many2one("cnas.complementaire", string="Organisme", required=True, ondelete="restrict", index=True)
    assure_id = fields.Many2one("cnas.assure", string="Assuré", required=True, ondelete="restrict", index=True)
    matricule = fields.Char(related="assure_id.matricule", string="Matricule")
    numero_adherent = fields.Char(string="N° d'adhérent", help="Celui que l'organisme donne à la personne ; seize signes au plus.")
    consentement = fields.Boolean(string="Consentement écrit", help="La personne a signé que ses décisions partent à cet organisme.")
    date_consentement = fields.Date(string="Consentement du")
    state = fields.Selection([("brouillon", "Brouillon"), ("active", "Active"), ("retiree", "Consentement retiré")], string="État",
                             default="brouillon", required=True, readonly=True, tracking=True, copy=False, index=True)
    date_retrait = fields.Date(string="Retiré le", readonly=True, copy=False)
    motif_retrait = fields.Char(string="Pourquoi", readonly=True, copy=False)

    _sql_constraints = [
        ("numero_court", "CHECK (length(numero_adherent) <= 16)", "Le numéro d'adhérent porte seize signes au plus."),
        ("consentie", "CHECK (state <> 'active' OR (consentement AND date_consentement IS NOT NULL))",
         "Une affiliation active porte un consentement daté."),
    ]

    def write(self, vals):
        if not self._ouvert(vals.keys()) and {"consentement", "date_consentement", "date_debut", "date_fin", "numero_adherent"} & vals.keys():
            if any(affiliation.state != "brouillon" for affiliation in self):
                raise UserError(_("Une affiliation active ne se change plus : close ou retirée, on en ouvre une autre."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_brouillon(self):
        if any(affiliation.state != "brouillon" for affiliation in self):
            raise UserError(_("Une affiliation qui a servi ne se supprime pas : close-la, ou retirez le consentement."))

    # ------------------------------------------------------------------ actions
    @transition("activer")
    def action_activer(self):
        """Active des affiliations consenties : leurs décisions partent désormais. Rend True."""
        self._changer_etat("active")

    @transition("retirer")
    def action_retirer(self, motif=None):
        """Retire le consentement : plus rien ne part. Rend True, ou l'assistant sans motif."""
        self._changer_etat("retiree", date_retrait=aujourd_hui(), motif_retrait=motif)

    @transition("clore")
    def action_clore(self, motif=None, date=None):
        """Clôt une affiliation la veille de ce jour (aujourd'hui à défaut) ; les soins d'avant restent les siens. Rend True."""
        fin = lire_date(date, aujourd_hui(), stricte=True) - timedelta(days=1)
        if fin < self.date_debut:
            raise UserError(_("L'affiliation commence le jour même ou plus tard : retirez plutôt le consentement."))
        if self.date_fin and fin > self.date_fin:
            raise UserError(_("L'affiliation est déjà close : pour la suite, ouvrez-en une autre, avec son consentement."))
        self._ecrire({"date_fin": fin})
        self.message_post(body=_("Close : %s", motif))

    def _sans_consentement(self):
        """Rend {id: phrase} de celles dont la personne n'a pas consenti par écrit."""
        jour = aujourd_hui()
        return {a.id: _("le consentement écrit et sa date manquent.") for a in self
                if not a.consentement or not a.date_consentement or a.date_consentement > jour}
