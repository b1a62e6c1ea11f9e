from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.jour import aujourd_hui

AGENT = ("cnas_base.group_agent",)


@actions
class EvenementCivil(models.Model):
    """Un décès ou une naissance que dit l'état civil : rien ne s'applique sans la décision d'un agent autre que l'importateur.

    États : à décider → appliqué (décès déclaré sur la fiche, ou enfant créé en brouillon auprès de sa mère) ou écarté, avec
    un motif. Il vient d'un fichier importé (sujet « etat_civil »).
    """

    _name = "cnas.evenement_civil"
    _description = "Événement d'état civil"
    _inherit = ["cnas.etat.mixin", "mail.thread"]
    _order = "state, date_evenement desc, id desc"
    _rec_name = "numero_acte"
    _etat_initial = "a_decider"
    _actions = {
        "appliquer": Action(titre=_lt("Appliquer"), de=("a_decider",), vers=("applique",), roles=AGENT, quatre_yeux=("recu_par_id",),
                            empeche=("_sans_dossier",)),
        "ecarter": Action(titre=_lt("Écarter"), de=("a_decider",), vers=("ecarte",), roles=AGENT, motif=True),
    }
    _champs_geles = ("nature", "numero_acte", "date_evenement", "recu_par_id", "decide_par_id", "decide_le", "motif", "enfant_id",
                     "nom", "prenom", "genre")
    _champs_journal = ("nature", "numero_acte", "assure_id", "state")

    nature = fields.Selection([("deces", "Décès"), ("naissance", "Naissance")], string="Nature", required=True, readonly=True)
    numero_acte = fields.Char(string="N° d'acte", required=True, readonly=True)
    date_evenement = fields.Date(string="Date", required=True, readonly=True)
    nom = fields.Char(string="Nom", readonly=True)
    prenom = fields.Char(string="Prénom", readonly=True)
    genre = fields.Selection([("masculin", "Masculin"), ("feminin", "Féminin")], string="Genre", readonly=True)
    assure_id = fields.Many2one("cnas.assure", string="Dossier", ondelete="restrict", index=True,
                                help="Le défunt, ou la mère de l'enfant : vérifiez-le avant d'appliquer.")
    enfant_id = fields.Many2one("cnas.assure", string="Dossier de l'enfant", readonly=True, ondelete="set null", index="btree_not_null")
    state = fields.Selection([("a_decider", "À décider"), ("applique", "Appliqué"), ("ecarte", "Écarté")], string="État", default="a_decider",
                             required=True, readonly=True, tracking=True, index=True)
    recu_par_id = fields.Many2one("res.users", string="Reçu par", readonly=True, ondelete="restrict")
    decide_par_id = fields.Many2one("res.users", string="Décidé par", readonly=True, ondelete="restrict")
    decide_le = fields.Datetime(string="Décidé le", readonly=True)
    motif = fields.Char(string="Motif", readonly=True)

    _sql_constraints = [("acte_unique", "UNIQUE (nature, numero_acte)", "Cet acte d'état civil a déjà été reçu.")]

    def write(self, vals):
        if "assure_id" in vals and not self._ouvert(vals.keys()) and any(e.state != "a_decider" for e in self):
            raise UserError(_("Cet événement est décidé : son dossier ne change plus."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_jamais(self):
        raise UserError(_("Un événement d'état civil ne se supprime pas : écartez-le, avec un motif."))

    # ------------------------------------------------------------------ actions
    @transition("appliquer")
    def action_appliquer(self):
        """Déclare le décès sur la fiche, ou crée l'enfant, en brouillon, auprès de sa mère. Rend True."""
        for evenement in self:
            enfant = evenement._appliquer_naissance() if evenement.nature == "naissance" else evenement._appliquer_deces()
            evenement._changer_etat("applique", decide_par_id=self.env.uid, decide_le=fields.Datetime.now(), enfant_id=enfant.id)

    @transition("ecarter")
    def action_ecarter(self, motif=None):
        """Écarte l'événement : homonyme, acte rectifié… Rend True, ou l'assistant sans motif."""
        self._changer_etat("ecarte", decide_par_id=self.env.uid, decide_le=fields.Datetime.now(), motif=motif)

    # ------------------------------------------------------------------ privé
    def _sans_dossier(self):
        """Rend {id: phrase} de ceux dont le dossier manque ou ne s'y prête pas."""
        raisons = {}
        for evenement in self.sudo():
            assure = evenement.assure_id
            if not assure:
                raisons[evenement.id] = _("choisissez d'abord le dossier.")
            elif evenement.nature == "deces" and assure.date_deces:
                raisons[evenement.id] = _("le décès de %s est déjà déclaré : écartez cet acte.", assure.name)
            elif evenement.nature == "naissance" and (assure.genre != "feminin" or assure.state == "radie"):
                raisons[evenement.id] = _("%s n'est pas une mère dont les droits vivent : choisissez le bon dossier.", assure.name)
        return raisons

    def _appliquer_deces(self):
        self.assure_id.action_declarer_deces(fields.Date.to_string(self.date_evenement))
        self.assure_id.message_post(body=_("Décès déclaré d'après l'acte d'état civil %s.", self.numero_acte))
        return self.env["cnas.assure"]

    def _appliquer_naissance(self):
        mere = self.assure_id
        principal = mere.assure_principal_id or mere
        enfant = self.env["cnas.assure"].create({
            "nom": self.nom or mere.nom, "prenom": self.prenom or False, "genre": self.genre or "feminin", "date_naissance": self.date_evenement,
            "regime_id": principal.regime_id.id, "type_assure": "ayant_droit", "assure_principal_id": principal.id, "lien": "enfant",
            "nom_mere": mere.name, "district_id": principal.district_id.id})
        enfant.message_post(body=_("Créé d'après l'acte de naissance %(acte)s, reçu le %(jour)s.", acte=self.numero_acte, jour=aujourd_hui()))
        return enfant
