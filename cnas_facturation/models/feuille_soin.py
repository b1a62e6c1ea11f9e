from odoo import _, api, fields, models
from odoo.exceptions import UserError

from .facture.dossier import ETATS_FIGES, JETON_FACTURATION

# Ce qui ne bouge plus dès que la facture est validée. L'archivage du papier et la messagerie restent libres.
CHAMPS_FIGES = frozenset({
    "state", "numero", "reference", "formation_id", "agence_id", "assure_id", "date_soins", "date_fin_soins",
    "date_depot", "regime_id", "niveau_formation", "type_formation", "pathologie_id", "praticien_id", "urgence",
    "type_soins", "mode", "nature", "etat_droits", "completude", "ligne_ids", "anomalie_ids", "montant_facture",
    "montant_base", "montant_cnas", "ticket_moderateur", "depassement", "montant_rejete",
})
CHAMPS_FACTURATION = ("facture_id", "report_periode")
CHAMPS_SOMMES = frozenset({
    "state", "montant_facture", "montant_base", "montant_cnas", "ticket_moderateur", "depassement",
    "montant_rejete", "ligne_ids"})


class FeuilleSoin(models.Model):
    """La feuille vue de la facturation : sa facture, son report, et le gel après validation.

    | qui | peut |
    |---|---|
    | la facturation seule | attacher, détacher, reporter, passer à « payée » |
    | personne | changer une feuille dont la facture est validée, ordonnancée ou payée |
    """

    _inherit = "cnas.feuille_soin"

    facture_id = fields.Many2one(
        "cnas.facture", string="Facture", index="btree_not_null", ondelete="restrict", readonly=True, copy=False)
    facture_state = fields.Selection(related="facture_id.state", string="État de la facture")
    report_periode = fields.Date(
        string="Reportée au mois", readonly=True, copy=False,
        help="Mois de la facture qui prendra cette feuille, quand ce n'est pas celui des soins.")

    def init(self):
        super().init()
        self.env.cr.execute("""
            CREATE INDEX IF NOT EXISTS cnas_feuille_soin_a_facturer ON cnas_feuille_soin
                (formation_id, date_soins) WHERE facture_id IS NULL
        """)

    # ------------------------------------------------------------------ CRUD
    @api.model_create_multi
    def create(self, vals_list):
        if not self._facturation_ouverte() and any(v.get(c) for v in vals_list for c in CHAMPS_FACTURATION):
            raise UserError(_("Une feuille rejoint une facture par la préparation de la facture, jamais à la saisie."))
        return super().create(vals_list)

    def write(self, vals):
        if not self._facturation_ouverte():
            self._refuser_attachement(vals)
            if CHAMPS_FIGES & vals.keys():
                self._refuser_si_figee()
        if self._facturation_ouverte() or not CHAMPS_SOMMES & vals.keys():
            return super().write(vals)
        factures = self._factures_portees()
        if factures and vals.get("state") == "annulee":
            vals = {**vals, "facture_id": False}
        resultat = super().write(vals)
        factures._actualiser_montants()
        return resultat

    @api.ondelete(at_uninstall=False)
    def _refuser_suppression_facturee(self):
        if self.facture_id:
            raise UserError(_("La feuille est sur une facture : retirez-la d'abord de la facture."))

    # ------------------------------------------------------------------ actions
    def action_retirer_facture(self, motif=None):
        """Retire les feuilles de leur facture non validée, avec un motif.

        :return: True, ou l'action de l'assistant de motif
        """
        motif = (motif or "").strip()
        if not motif:
            return self._demander_motif("action_retirer_facture", _("Retirer de la facture"))
        for facture in self.facture_id:
            facture.action_retirer_feuilles((self & facture.feuille_ids).ids, motif)
        return True

    def action_voir_facture(self):
        """Ouvre la facture de la feuille. Rend une action de fenêtre."""
        self.ensure_one()
        return {"type": "ir.actions.act_window", "res_model": "cnas.facture", "res_id": self.facture_id.id,
                "view_mode": "form"}

    # ------------------------------------------------------------------ métier
    def _controler(self, *args, **kwargs):
        """Contrôle les feuilles que rien ne gèle, puis remet à jour les montants de leurs factures.

        :raise UserError: toutes les feuilles demandées sont gelées
        """
        factures = self._factures_portees()
        figees = factures.filtered(lambda f: f.state in ETATS_FIGES)
        libres = self
        if figees:
            libres -= self.sudo().search([("id", "in", self.ids), ("facture_id", "in", figees.ids)])
            if not libres:
                figees._refuser_si_figees()
        resultat = super(FeuilleSoin, libres)._controler(*args, **kwargs)
        (factures - figees)._actualiser_montants()
        return resultat

    # ------------------------------------------------------------------ privé
    def _facturation_ouverte(self):
        return self.env.context.get("cnas_facturation") is JETON_FACTURATION

    def _refuser_attachement(self, vals):
        """Refuse à tout autre que la facturation d'écrire la facture ou le report d'une feuille."""
        for champ in CHAMPS_FACTURATION:
            if champ not in vals:
                continue
            nouvelle = self._fields[champ].convert_to_cache(vals[champ], self[:1], validate=False)
            for feuille in self:
                if self._fields[champ].convert_to_cache(feuille[champ], feuille, validate=False) != nouvelle:
                    raise UserError(_(
                        "Une feuille rejoint ou quitte une facture par les actions de la facture "
                        "(préparer, retirer, reporter)."))

    def _refuser_si_figee(self):
        """Refuse toute modification d'une feuille dont la facture est validée, ordonnancée ou payée."""
        self._factures_portees()._refuser_si_figees()

    def _factures_portees(self):
        """Rend les factures de ces feuilles, par une requête légère (sans lire les feuilles)."""
        if not self.ids:
            return self.env["cnas.facture"].sudo()
        self.flush_model(["facture_id"])
        self.env.cr.execute(
            "SELECT DISTINCT facture_id FROM cnas_feuille_soin WHERE id = ANY(%s) AND facture_id IS NOT NULL",
            (self.ids,))
        return self.env["cnas.facture"].sudo().browse([facture_id for facture_id, in self.env.cr.fetchall()])
