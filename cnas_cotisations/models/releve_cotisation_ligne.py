from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.garde import Action, actions, transition

from .roles import FINANCE, SUPERVISEUR


@actions
class ReleveCotisationLigne(models.Model):
    """Une ligne de relevé : reconnue, elle est encaissée ; inconnue, elle attend qu'un ordonnateur dise de qui elle vient.

    États : en attente → encaissée, ou écartée (elle n'est pas une cotisation) avec un motif ; une ligne écartée se reprend.
    Aucune ne se perd ni ne s'efface.
    """

    _name = "cnas.releve_cotisation.ligne"
    _description = "Ligne de relevé de cotisations"
    _inherit = ["cnas.etat.mixin", "cnas.montant.mixin"]
    _order = "releve_id desc, rang, id"
    _rec_name = "reference"

    _etat_initial = "attente"
    _actions = {
        "encaisser": Action(titre=_lt("Encaisser"), de=("attente",), vers=("encaissee",), roles=(FINANCE,), empeche=("_pas_encaissable",)),
        "ecarter": Action(titre=_lt("Écarter"), de=("attente",), vers=("ecartee",), roles=(FINANCE, SUPERVISEUR), motif=True),
        "reprendre": Action(titre=_lt("Remettre en attente"), de=("ecartee",), vers=("attente",), roles=(FINANCE,)),
    }
    _champs_geles = ("releve_id", "rang", "date", "reference", "libelle", "montant", "raison")
    _champs_journal = ("cotisant_id",)

    releve_id = fields.Many2one("cnas.releve_cotisation", string="Relevé", required=True, readonly=True, index=True, ondelete="restrict")
    rang = fields.Integer(string="Ligne", readonly=True, group_operator=None)
    date = fields.Date(string="Date", readonly=True)
    reference = fields.Char(string="Référence", readonly=True, index=True)
    libelle = fields.Char(string="Libellé", readonly=True)
    montant = fields.Monetary(string="Montant", readonly=True)
    cotisant_id = fields.Many2one("cnas.cotisant", string="Cotisant", index=True, ondelete="restrict")
    encaissement_ids = fields.One2many("cnas.encaissement", "releve_ligne_id", string="Reçu", readonly=True)
    raison = fields.Char(string="Pourquoi elle attend", readonly=True)
    state = fields.Selection([("attente", "En attente"), ("encaissee", "Encaissée"), ("ecartee", "Écartée")], string="État", default="attente",
                             required=True, readonly=True, copy=False, index=True)

    @api.model_create_multi
    def create(self, vals_list):
        if not self._ouvert(("reference",)):
            raise UserError(_("Les lignes d'un relevé viennent de son fichier."))
        return super().create(vals_list)

    def write(self, vals):
        if "cotisant_id" in vals and not self._ouvert(("cotisant_id",)) and any(ligne.state != "attente" for ligne in self):
            raise UserError(_("Seule une ligne en attente change de cotisant."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _refuser_suppression(self):
        raise UserError(_("Une ligne de relevé ne se supprime pas : écartez-la avec un motif."))

    # ------------------------------------------------------------------ actions
    @transition("encaisser")
    def action_encaisser(self):
        """Encaisse des lignes dont le cotisant est dit : un reçu chacune. Rend True.

        :raise UserError: cotisant à dire, montant illisible, référence déjà encaissée
        """
        self._encaisser()

    @transition("ecarter")
    def action_ecarter(self, motif=None):
        """Écarte des lignes qui ne sont pas des cotisations. Rend True, ou l'assistant de motif."""
        self._changer_etat("ecartee", raison=motif)

    @transition("reprendre")
    def action_reprendre(self):
        """Remet des lignes écartées en attente. Rend True."""
        self._changer_etat("attente", raison=False)

    # ------------------------------------------------------------------ privé
    def _pas_encaissable(self):
        raisons = {}
        for ligne in self:
            if not ligne.date or ligne.montant <= 0:
                raisons[ligne._origin.id] = _("la date ou le montant ne se lit pas : écartez la ligne, encaissez par le formulaire.")
            elif not ligne.cotisant_id:
                raisons[ligne._origin.id] = _("dites d'abord de quel cotisant elle vient.")
        return raisons

    def _champs_des_actions(self):
        return super()._champs_des_actions() | {"cotisant_id", "date", "montant"}

    def _encaisser(self):
        self.env["cnas.encaissement"].create([{
            "cotisant_id": ligne.cotisant_id.id, "mode": ligne.releve_id.mode, "date": ligne.date, "montant": int(ligne.montant),
            "reference": ligne.reference} for ligne in self])._rattacher(self)
        self._changer_etat("encaissee", raison=False)

    def _encaisser_reconnues(self):
        """Encaisse d'un coup ce qui est reconnu ; si l'une est refusée, par moitiés, et elle seule attend."""
        reconnues = self.filtered(lambda li: li.state == "attente" and li.cotisant_id and not li.raison)
        try:
            with self.env.cr.savepoint():
                if reconnues:
                    reconnues._encaisser()
        except UserError as refus:
            if len(reconnues) == 1:
                reconnues.sudo()._ecrire({"raison": str(refus)})
                return
            milieu = len(reconnues) // 2
            for moitie in (reconnues[:milieu], reconnues[milieu:]):
                moitie._encaisser_reconnues()
