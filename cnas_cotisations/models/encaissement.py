from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_montant
from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_date, lire_montant, lire_texte

from .numeros import tirer
from .roles import FINANCE, SUPERVISEUR

MODES = [("guichet", "Guichet"), ("cheque", "Chèque"), ("virement", "Virement"), ("airtel", "Airtel Money"), ("moov", "Moov Money")]
# Le journal de la société où un mode s'écrit.
JOURNAL = {"guichet": "caisse", "cheque": "banque", "virement": "banque", "airtel": "mobile", "moov": "mobile"}
RECU = ("cotisant_id", "mode", "date", "montant", "reference", "payeur")


@actions
class Encaissement(models.Model):
    """Une somme reçue d'un cotisant : un reçu numéroté sans trou, une pièce, lettrée du plus ancien au plus récent.

    États : encaissé → annulé (chèque impayé, erreur), par une autre personne que qui a encaissé : la pièce est contre-passée.
    L'ordonnateur encaisse ; le superviseur ou un autre ordonnateur annule, avec un motif. Ce qui dépasse ce qui est dû reste au
    compte du cotisant (trop-perçu) et s'impute sur l'appel suivant. Une référence ne s'encaisse qu'une fois par mode.
    """

    _name = "cnas.encaissement"
    _description = "Encaissement de cotisations"
    _inherit = ["cnas.etat.mixin", "cnas.papier_cotisation.mixin", "cnas.montant.mixin", "mail.thread"]
    _order = "id desc"
    _rec_name = "numero"

    _sorte_papier = "encaissement"
    _papiers = {"rc": _lt("Reçu de cotisations")}
    _etat_initial = "encaisse"
    _actions = {
        "annuler": Action(titre=_lt("Annuler"), de=("encaisse",), vers=("annule",), roles=(FINANCE, SUPERVISEUR), motif=True,
                          quatre_yeux=("create_uid",)),
        "imprimer": Action(titre=_lt("Reçu PDF"), de=("encaisse", "annule"), seul=True, annonce=False),
    }
    _champs_geles = ("numero", "move_id", "annulation_id", "ligne_id", "reste_du", "avance", "motif_annulation", "date_annulation", "releve_ligne_id")
    _champs_fixes = ("cotisant_id",)
    _champs_journal = ("cotisant_id", "mode", "date", "montant", "reference")

    numero = fields.Char(string="N° de reçu", readonly=True, copy=False, index=True)
    cotisant_id = fields.Many2one("cnas.cotisant", string="Cotisant", required=True, index=True, ondelete="restrict")
    employeur_id = fields.Many2one(related="cotisant_id.employeur_id", string="Employeur", store=True, precompute=True, index=True)
    mode = fields.Selection(MODES, string="Mode", required=True, default="guichet")
    date = fields.Date(string="Reçu le", required=True, default=lambda self: aujourd_hui(), index=True)
    montant = fields.Monetary(string="Montant", required=True)
    reference = fields.Char(string="Référence", help="Du virement, du chèque ou de l'opérateur ; au guichet, à défaut, le numéro du reçu.")
    payeur = fields.Char(string="Remis par")
    reste_du = fields.Monetary(string="Reste dû après ce reçu", readonly=True, copy=False)
    avance = fields.Monetary(string="Dont d'avance, ce jour-là", readonly=True, copy=False)
    trop_percu = fields.Monetary(string="Pas encore imputé", compute="_compute_trop_percu", store=True, precompute=True)
    state = fields.Selection([("encaisse", "Encaissé"), ("annule", "Annulé")], string="État", default="encaisse", required=True,
                             readonly=True, copy=False, index=True, tracking=True)
    move_id = fields.Many2one("account.move", string="Pièce comptable", readonly=True, copy=False, index="btree_not_null", ondelete="restrict")
    annulation_id = fields.Many2one("account.move", string="Contre-passation", readonly=True, copy=False, ondelete="restrict")
    ligne_id = fields.Many2one("account.move.line", string="Écriture du tiers", readonly=True, copy=False, index="btree_not_null", ondelete="restrict")
    releve_ligne_id = fields.Many2one("cnas.releve_cotisation.ligne", string="Ligne de relevé", readonly=True, copy=False,
                                      index="btree_not_null", ondelete="restrict")
    motif_annulation = fields.Char(string="Motif de l'annulation", readonly=True, copy=False)
    date_annulation = fields.Date(string="Annulé le", readonly=True, copy=False)

    _sql_constraints = [
        ("numero_unique", "UNIQUE (numero)", "Ce numéro de reçu est déjà pris."),
        ("montant_positif", "CHECK (montant > 0)", "Un encaissement porte un montant positif."),
        ("reference_unique", "EXCLUDE (mode WITH =, reference WITH =) WHERE (state = 'encaisse')",
         "Cette référence est déjà encaissée par ce mode : le même versement ne s'encaisse pas deux fois."),
    ]

    @api.depends("ligne_id.amount_residual", "state")
    def _compute_trop_percu(self):
        for encaissement in self:
            encaissement.trop_percu = -encaissement.ligne_id.amount_residual if encaissement.state == "encaisse" else 0

    # ------------------------------------------------------------------ CRUD
    @api.model_create_multi
    def create(self, vals_list):
        self._exiger_groupe(FINANCE, _("encaisser des cotisations"))
        encaissements = super().create(vals_list)
        encaissements.flush_recordset()
        encaissements.sudo()._comptabiliser()
        return encaissements

    def _completer_creation(self, vals_list):
        jour, vus = aujourd_hui(), set()
        comptes = self.env["cnas.cotisant"].sudo().browse({vals["cotisant_id"] for vals in vals_list if vals.get("cotisant_id")}).exists()
        soldes = comptes._situation_au()
        par_id = {compte.id: compte for compte in comptes}
        for vals in vals_list:
            vals.update(self.default_get([champ for champ in ("mode", "date") if champ not in vals]))
            compte = par_id.get(vals.get("cotisant_id"))
            if not compte:
                raise UserError(_("Dites de quel cotisant vient cette somme."))
            vals["montant"] = lire_montant(vals.get("montant"), quoi=_("Montant reçu"))
            if vals["montant"] <= 0:
                raise UserError(_("Le montant reçu doit être d'au moins 1 franc."))
            vals["date"] = lire_date(vals.get("date"), quoi=_("Date de réception"))
            if vals["date"] > jour:
                raise UserError(_("La date de réception (%s) est à venir.", ecrire_date(vals["date"])))
            vals["reference"] = " ".join(lire_texte(vals.get("reference"), 64).upper().split()) or False
            if not vals["reference"] and vals["mode"] != "guichet":
                raise UserError(_("Écrivez la référence du versement : elle empêche de l'encaisser deux fois."))
            if vals["reference"] and (vals["mode"], vals["reference"]) in vus:
                raise UserError(_("La référence %s figure deux fois.", vals["reference"]))
            vus.add((vals["mode"], vals["reference"]))
            if compte.employeur_id.state == "radie" and soldes.get(compte.id, {}).get("solde", 0) <= 0:
                raise UserError(_("« %s » est radié et ne doit rien : vérifiez à qui est ce versement.", compte.name))
        societe = self.env["res.company"]._cnas_societe()
        societe._cnas_exiger_periode_ouverte({vals["date"] for vals in vals_list})
        self._refuser_deja_encaissees(vals_list)
        for vals, numero in zip(vals_list, tirer(self.env, "cnas.encaissement", [vals["date"].year for vals in vals_list])):
            vals["numero"] = numero
            vals["reference"] = vals["reference"] or numero
        return super()._completer_creation(vals_list)

    def write(self, vals):
        if set(RECU) & vals.keys():
            raise UserError(_("Un reçu ne se modifie pas : faites-le annuler, puis encaissez à nouveau."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _refuser_suppression(self):
        raise UserError(_("Un reçu ne se supprime pas : faites-le annuler avec un motif."))

    # ------------------------------------------------------------------ actions
    @transition("annuler")
    def action_annuler(self, motif=None):
        """Annule des reçus (chèque impayé, erreur) : la somme est de nouveau due. Rend True, ou l'assistant de motif."""
        jour = aujourd_hui()
        self._changer_etat("annule", motif_annulation=motif, date_annulation=jour)
        encaissements = self.sudo()
        noms = tirer(self.env, "cnas.contrepassation_cotisation", [jour.year] * len(encaissements))
        inverses = self.env["account.move"].sudo()._cnas_contrepasser(encaissements.move_id, noms, jour)
        for encaissement, inverse in zip(encaissements, inverses):
            encaissement._ecrire({"annulation_id": inverse.id}, suivi=False)
        self.env.flush_all()
        encaissements.cotisant_id._lettrer()

    @transition("imprimer")
    def action_imprimer(self):
        """Ouvre le reçu PDF. Rend une action d'adresse."""
        return self._ouvrir_papier()

    # ------------------------------------------------------------------ privé
    def _refuser_deja_encaissees(self, vals_list):
        """Refuse d'une phrase ce que la contrainte refuserait de toute façon, en disant par quel reçu."""
        deja = {(e.mode, e.reference): e for e in self.sudo().search([
            ("state", "=", "encaisse"), ("reference", "in", [vals["reference"] for vals in vals_list if vals["reference"]])])}
        for vals in vals_list:
            if (vals["mode"], vals["reference"]) in deja:
                raise UserError(_("La référence %(reference)s est déjà encaissée (reçu %(recu)s) : rien n'est écrit.",
                                  reference=vals["reference"], recu=deja[vals["mode"], vals["reference"]].numero))

    def _comptabiliser(self):
        """Pose les pièces, lettre, et garde ce qu'il reste dû et ce qui est d'avance."""
        societe = self.env["res.company"]._cnas_societe()._cnas_preparer_comptes()
        moves = self.env["account.move"]._cnas_poser([encaissement._piece(societe) for encaissement in self])
        moves._cnas_rattacher(self, moves, "ligne_id", "trop_percu")
        self.cotisant_id._lettrer()
        situations = self.cotisant_id._situation_au()
        self.flush_recordset()
        self.env.cr.execute("""
            UPDATE cnas_encaissement e SET reste_du = GREATEST(0, p.solde), avance = e.trop_percu
              FROM unnest(%s::int[], %s::numeric[]) AS p (cotisant_id, solde)
             WHERE e.cotisant_id = p.cotisant_id AND e.id = ANY(%s)""",
                            [list(situations), [situation["solde"] for situation in situations.values()], self.ids])
        self.invalidate_recordset(["reste_du", "avance"])

    def _rattacher(self, lignes):
        """Dit de quelle ligne de relevé vient chaque reçu."""
        for encaissement, ligne in zip(self, lignes):
            encaissement._ecrire({"releve_ligne_id": ligne.id}, suivi=False)

    def _piece(self, societe):
        """Rend la pièce du reçu, telle que la pose `_cnas_poser`."""
        journal = societe[f"cnas_journal_{JOURNAL[self.mode]}_id"]
        tiers, libelle = self.cotisant_id.partner_id.id, _("Reçu %(numero)s (%(reference)s)", numero=self.numero, reference=self.reference)
        return {"name": self.numero, "ref": self.reference, "date": self.date, "journal_id": journal.id, "lignes": [
            (journal.default_account_id.id, tiers, libelle, None, int(self.montant)),
            (societe.cnas_compte_cotisant_id.id, tiers, libelle, self.date, -int(self.montant))]}

    # ------------------------------------------------------------------ papier
    def _pdf(self):
        from ..report.recu import dessiner_recu

        return dessiner_recu(self)

    def _faits_du_papier(self, code):
        faits = [(_("Numéro"), self.numero), (_("Cotisant"), self.cotisant_id.matricule or self.cotisant_id.name),
                 (_("Reçu le"), ecrire_date(self.date)), (_("Montant"), ecrire_montant(self.montant))]
        return faits if self.state != "annule" else [*faits, (_("Annulé le"), ecrire_date(self.date_annulation))]
