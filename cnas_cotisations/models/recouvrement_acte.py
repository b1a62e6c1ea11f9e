from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_mois, ecrire_montant, ecrire_nombre
from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.impression.langue import dans_sa_langue
from odoo.addons.cnas_base.jour import aujourd_hui

from .numeros import tirer
from .roles import AGENT

ACTES = [("relance", "Relance"), ("mise_en_demeure", "Mise en demeure"), ("majoration", "Notification de majorations"),
         ("echeancier", "Échéancier accordé"), ("taxation", "Taxation d'office")]
ENVOI = frozenset(("date_envoi", "mode_envoi", "reference_envoi", "preuve", "nom_preuve"))


@actions
class RecouvrementActe(models.Model):
    """Une lettre du recouvrement : numérotée, datée, ce qu'elle réclamait ce jour-là, et la preuve de son envoi.

    États : établie → envoyée, une fois la date, le moyen et la référence de l'envoi écrits (et la preuve jointe). L'agent prouve l'envoi.
    """

    _name = "cnas.recouvrement.acte"
    _description = "Lettre de recouvrement"
    _inherit = ["cnas.etat.mixin", "cnas.papier_cotisation.mixin", "cnas.montant.mixin"]
    _order = "id desc"
    _rec_name = "numero"

    _sorte_papier = "acte"
    _papiers = {"lr": _lt("Lettre de recouvrement")}
    _etat_initial = "etabli"
    _actions = {
        "envoyer": Action(titre=_lt("Confirmer l'envoi"), de=("etabli",), vers=("envoye",), roles=(AGENT,), empeche=("_envoi_sans_preuve",)),
        "imprimer": Action(titre=_lt("Lettre PDF"), de=("etabli", "envoye"), seul=True, annonce=False),
    }
    _champs_geles = ("recouvrement_id", "numero", "sorte", "date", "montant", "solde", "detail", "rangs")
    _champs_journal = ("numero", "sorte", "montant", "date_envoi", "mode_envoi", "reference_envoi")

    numero = fields.Char(string="Numéro", readonly=True, required=True, index=True)
    recouvrement_id = fields.Many2one("cnas.recouvrement", string="Dossier", required=True, readonly=True, index=True, ondelete="restrict")
    cotisant_id = fields.Many2one(related="recouvrement_id.cotisant_id", string="Cotisant")
    sorte = fields.Selection(ACTES, string="Lettre", required=True, readonly=True, default="relance")
    date = fields.Date(string="Établie le", required=True, readonly=True)
    montant = fields.Monetary(string="Montant réclamé", readonly=True)
    solde = fields.Monetary(string="Solde dû ce jour-là", readonly=True)
    detail = fields.Text(string="Détail", readonly=True)
    rangs = fields.Json(string="Tableau de la lettre", readonly=True, help="Les échéances accordées, ou ce qui restait échu, tel que la lettre le montre.")
    date_envoi = fields.Date(string="Envoyée le")
    mode_envoi = fields.Selection([("remise", "Remise en main propre"), ("recommande", "Recommandé"), ("huissier", "Huissier"), ("courriel", "Courriel")],
                                  string="Envoyée par")
    reference_envoi = fields.Char(string="Référence de l'envoi")
    preuve = fields.Binary(string="Preuve d'envoi", attachment=True)
    nom_preuve = fields.Char(string="Nom de la preuve")
    state = fields.Selection([("etabli", "Établie"), ("envoye", "Envoyée")], string="État", default="etabli", required=True, readonly=True,
                             copy=False, index=True)

    _sql_constraints = [("numero_unique", "UNIQUE (numero)", "Ce numéro de lettre est déjà pris.")]

    @api.model_create_multi
    def create(self, vals_list):
        if not self._ouvert(("numero",)):
            raise UserError(_("Une lettre naît d'une étape du recouvrement."))
        return super().create(vals_list)

    def write(self, vals):
        if ENVOI & vals.keys() and not self._ouvert(ENVOI & vals.keys()) and any(acte.state != "etabli" for acte in self):
            raise UserError(_("L'envoi de cette lettre est confirmé : il ne change plus."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _refuser_suppression(self):
        raise UserError(_("Une lettre de recouvrement ne se supprime pas."))

    # ------------------------------------------------------------------ actions
    @transition("envoyer")
    def action_envoyer(self):
        """Confirme l'envoi, sa preuve écrite. Rend True."""
        self._changer_etat("envoye")

    @transition("imprimer")
    def action_imprimer(self):
        """Ouvre la lettre PDF. Rend une action d'adresse."""
        return self._ouvrir_papier()

    # ------------------------------------------------------------------ privé
    def _envoi_sans_preuve(self):
        raisons = {}
        for acte in self:
            if not (acte.date_envoi and acte.mode_envoi and (acte.reference_envoi or "").strip()):
                raisons[acte._origin.id] = _("écrivez le jour, le moyen et la référence de l'envoi.")
            elif not acte.date <= acte.date_envoi <= aujourd_hui():
                raisons[acte._origin.id] = _("l'envoi va du %s à aujourd'hui.", ecrire_date(acte.date))
        return raisons

    def _champs_des_actions(self):
        return super()._champs_des_actions() | {"date_envoi", "mode_envoi", "reference_envoi"}

    @api.model
    def _etablir(self, dossier, sorte, montant, detail):
        jour = aujourd_hui()
        numero, = tirer(self.env, "cnas.recouvrement.acte", [jour.year])
        return self._creer([{"recouvrement_id": dossier.id, "numero": numero, "sorte": sorte, "date": jour, "montant": montant,
                             "solde": max(0, int(dossier.sudo().solde)), "detail": detail or False, "rangs": self._tableau(dossier.sudo(), sorte)}])

    @api.model
    def _tableau(self, dossier, sorte):
        """Rend les rangs du tableau, dans la langue de la lettre : les échéances accordées, ou ce qui reste échu ce jour-là."""
        if sorte == "echeancier":
            return [[ecrire_date(e.date), "", "", ecrire_nombre(e.montant)] for e in dossier.echeance_ids]
        with dans_sa_langue(dossier.cotisant_id) as cotisant:
            return [[a.numero, ecrire_mois(a.periode, a.periode_fin), ecrire_date(a.date_echeance), ecrire_nombre(a.reste)]
                    for a in cotisant.appel_ids.filtered("en_retard").sorted("date_echeance")]

    # ------------------------------------------------------------------ papier
    def _pdf(self):
        from ..report.lettre import dessiner_lettre

        return dessiner_lettre(self)

    def _faits_du_papier(self, code):
        return [(_("Lettre"), dict(self._fields["sorte"]._description_selection(self.env))[self.sorte]), (_("Numéro"), self.numero),
                (_("Cotisant"), self.cotisant_id.matricule or self.cotisant_id.name), (_("Établie le"), ecrire_date(self.date)),
                (_("Montant"), ecrire_montant(self.montant))]
