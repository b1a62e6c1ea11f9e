from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_montant
from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_date, lire_montant, lire_texte

from .facture.dossier import FINANCE, SUPERVISEUR

RECU = ("indu_id", "mode", "date", "montant", "reference")


@actions
class InduReglement(models.Model):
    """Somme reçue en remboursement d'un indu, par chèque ou versement : un reçu numéroté, qui ne se modifie pas.

    États : encaissé → annulé (chèque impayé, erreur), par une autre personne que qui l'a encaissé. L'ordonnateur
    encaisse ; le superviseur ou un autre ordonnateur annule, avec un motif (table `_actions`).
    """

    _name = "cnas.indu.reglement"
    _description = "Remboursement d'indu"
    _inherit = ["cnas.etat.mixin", "cnas.telechargement.mixin", "cnas.montant.mixin", "cnas.papier.mixin"]
    _papiers = {"ri": _lt("Reçu")}
    _order = "id desc"
    _rec_name = "numero"

    _etat_initial = "encaisse"
    _actions = {
        "annuler": Action(
            titre=_lt("Annuler"), de=("encaisse",), vers=("annule",), roles=(FINANCE, SUPERVISEUR), motif=True,
            quatre_yeux=("create_uid",)),
        "imprimer": Action(titre=_lt("Reçu PDF"), de=("encaisse", "annule"), seul=True, annonce=False),
    }
    _champs_geles = ("numero", "reste", "motif_annulation", "date_annulation")
    _champs_journal = ("indu_id", "mode", "date", "montant", "reference")

    numero = fields.Char(string="N° de reçu", readonly=True, copy=False, index=True)
    indu_id = fields.Many2one("cnas.indu", string="Indu", required=True, index=True, ondelete="restrict")
    mode = fields.Selection([("cheque", "Chèque"), ("versement", "Versement")], string="Mode", required=True, default="versement")
    date = fields.Date(string="Reçu le", required=True, default=lambda self: aujourd_hui())
    montant = fields.Monetary(string="Montant", required=True)
    reference = fields.Char(string="Référence", required=True, help="Numéro du chèque, ou du bordereau de versement.")
    reste = fields.Monetary(string="Reste après ce reçu", readonly=True, copy=False)
    state = fields.Selection(
        [("encaisse", "Encaissé"), ("annule", "Annulé")], string="État", default="encaisse", required=True, readonly=True,
        copy=False, index=True)
    motif_annulation = fields.Char(string="Motif de l'annulation", readonly=True, copy=False)
    date_annulation = fields.Date(string="Annulé le", readonly=True, copy=False)

    _sql_constraints = [
        ("numero_unique", "UNIQUE (numero)", "Ce numéro de reçu est déjà pris."),
        ("montant_positif", "CHECK (montant > 0)", "Un remboursement porte un montant positif."),
        ("reference_unique", "EXCLUDE (indu_id WITH =, mode WITH =, reference WITH =) WHERE (state = 'encaisse')",
         "Ce chèque ou ce versement est déjà encaissé pour cet indu."),
    ]

    # ------------------------------------------------------------------ CRUD
    @api.model_create_multi
    def create(self, vals_list):
        self._exiger_groupe(FINANCE, _("encaisser un remboursement"))
        reglements = super().create(vals_list)
        reglements.flush_recordset()
        for reglement in reglements.sudo():
            reglement.indu_id._prevenir(lambda self, reglement=reglement: (_("Remboursement reçu — %s", reglement.numero), _(
                "La CNAS a reçu %(montant)s le %(jour)s pour %(indu)s (reçu %(numero)s). Reste : %(reste)s.",
                montant=ecrire_montant(reglement.montant), jour=ecrire_date(reglement.date), indu=self.numero,
                numero=reglement.numero, reste=ecrire_montant(reglement.reste))))
        reglements.indu_id._solder_ou_rouvrir()
        return reglements

    def _completer_creation(self, vals_list):
        restes = {}
        for vals in vals_list:
            vals.update(self.default_get([champ for champ in RECU if champ not in vals]))
            indu = self.env["cnas.indu"].browse(vals.get("indu_id") or ()).exists()
            if not indu:
                raise UserError(_("Dites quel indu ce remboursement règle."))
            indu._exiger("encaisser")
            vals["montant"] = lire_montant(vals.get("montant"), quoi=_("Montant reçu"))
            vals["date"] = lire_date(vals.get("date"), stricte=True, quoi=_("Date de réception"))
            vals["reference"] = lire_texte(vals.get("reference"), 64)
            if not vals["reference"]:
                raise UserError(_("Écrivez le numéro du chèque, ou du bordereau de versement."))
            if not indu.date_notification <= vals["date"] <= aujourd_hui():
                raise UserError(_("La date de réception va du %(debut)s (notification) à aujourd'hui.",
                                  debut=ecrire_date(indu.date_notification)))
            reste = restes.get(indu, int(indu.solde))
            if not 0 < vals["montant"] <= reste:
                raise UserError(_("Le montant reçu va de 1 franc à %s, ce qu'il reste à récupérer.", ecrire_montant(reste)))
            restes[indu] = vals["reste"] = reste - vals["montant"]
            vals["numero"] = self.env["ir.sequence"].sudo().next_by_code("cnas.indu.reglement", sequence_date=aujourd_hui())
        return super()._completer_creation(vals_list)

    def write(self, vals):
        if set(RECU) & vals.keys():
            raise UserError(_("Un reçu ne se modifie pas : annulez-le, puis encaissez à nouveau."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _refuser_suppression(self):
        raise UserError(_("Un reçu ne se supprime pas : annulez-le avec un motif."))

    # ------------------------------------------------------------------ actions publiques
    @transition("annuler")
    def action_annuler(self, motif=None):
        """Annule des reçus (chèque impayé, erreur) : la somme est de nouveau due. Rend True, ou l'assistant de motif."""
        self._changer_etat("annule", motif_annulation=motif, date_annulation=aujourd_hui())
        self.flush_recordset()
        for reglement in self.sudo():
            faits = {"numero": reglement.numero, "montant": ecrire_montant(reglement.montant)}
            reglement.indu_id._prevenir(lambda self, faits=faits: (
                _("Reçu annulé — %s", faits["numero"]),
                _("Le reçu %(numero)s de %(montant)s est annulé : %(motif)s.", motif=motif.rstrip("."), **faits),
                _("Le reçu %(numero)s de %(montant)s est annulé.", **faits)))
            reglement.indu_id._solder_ou_rouvrir()

    @transition("imprimer")
    def action_imprimer(self):
        """Ouvre le reçu PDF. Rend une action d'adresse."""
        return self._ouvrir_fichier()

    # ------------------------------------------------------------------ privé
    def _formats(self):
        return {"pdf": self._pdf}

    def _nom_fichier(self):
        return f"Recu_{self.numero}"

    def _faits_du_papier(self, code):
        faits = [(_("Reçu"), self.numero), (_("Débiteur"), self.indu_id._debiteur_public()), (_("Reçue le"), ecrire_date(self.date)),
                 (_("Montant"), ecrire_montant(self.montant)), (_("Référence"), self.reference)]
        return faits if self.state != "annule" else [*faits, (_("Annulé le"), ecrire_date(self.date_annulation))]

    def _destinataire(self):
        return self.indu_id._destinataire()

    def _pdf(self):
        from ..report.pdf_recu import dessiner_recu

        return dessiner_recu(self.sudo())
