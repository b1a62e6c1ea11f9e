from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.impression.langue import dans_la_langue_de

from .facture.dossier import CONTROLEUR, ETATS_FIGES
from .facture.preparation import ETATS_FACTURABLES

# Ce qui ne bouge plus dès que la facture est validée. L'archivage du papier et la messagerie restent libres.
CHAMPS_FIGES = frozenset({
    "state", "numero", "reference", "formation_id", "agence_id", "assure_id", "date_soins", "date_fin_soins",
    "date_depot", "regime_id", "niveau_formation", "type_formation", "pathologie_id", "praticien_id", "urgence",
    "type_soins", "mode", "nature", "etat_droits", "completude", "ligne_ids", "anomalie_ids", "montant_facture",
    "montant_base", "montant_cnas", "ticket_moderateur", "depassement", "montant_rejete",
})
CHAMPS_SOMMES = frozenset({
    "state", "montant_facture", "montant_base", "montant_cnas", "ticket_moderateur", "depassement",
    "montant_rejete", "ligne_ids"})
# Entre ces deux états, seul le paiement de la facture mène ses feuilles.
ETATS_DE_PAIEMENT = frozenset(("validee", "payee"))


@actions
class FeuilleSoin(models.Model):
    """La feuille vue de la facturation : sa facture, son report, et le gel après validation.

    La facturation seule l'attache, la détache, la reporte et la paie (`_ecrire`, `_changer_etat`) ; personne ne
    change une feuille dont la facture est validée, ordonnancée ou payée.
    """

    _inherit = "cnas.feuille_soin"

    _actions = {
        "retirer_facture": Action(
            titre=_lt("Retirer de la facture"), de=ETATS_FACTURABLES, roles=(CONTROLEUR,), motif=True,
            empeche=("_empeche_de_quitter_sa_facture",), annonce=False),
    }
    # La banque rend un virement déjà constaté.
    _passages = {"payee": ("validee",)}
    _champs_geles = ("facture_id", "report_periode")

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
    def write(self, vals):
        if self._paie(vals):
            return super().write(vals)
        if CHAMPS_FIGES & vals.keys():
            self._refuser_si_figee()
        factures = self._factures_portees() if CHAMPS_SOMMES & vals.keys() else self.env["cnas.facture"]
        resultat = super().write(vals)
        factures._actualiser_montants()
        return resultat

    @api.ondelete(at_uninstall=False)
    def _refuser_suppression_facturee(self):
        if self.facture_id:
            raise UserError(_("La feuille est sur une facture : retirez-la d'abord de la facture."))

    # ------------------------------------------------------------------ actions
    @transition("retirer_facture")
    def action_retirer_facture(self, motif=None):
        """Retire les feuilles de leur facture non validée, avec un motif.

        :return: True, ou l'action de l'assistant de motif
        """
        for facture in self.facture_id:
            facture.action_retirer_feuilles((self & facture.feuille_ids).ids, motif)

    def action_voir_facture(self):
        """Ouvre la facture de la feuille. Rend une action de fenêtre."""
        self.ensure_one()
        return {"type": "ir.actions.act_window", "res_model": "cnas.facture", "res_id": self.facture_id.id,
                "view_mode": "form"}

    # ------------------------------------------------------------------ métier
    def _changer_etat(self, cible, *args, **valeurs):
        """Une feuille annulée quitte sa facture."""
        if cible == "annulee":
            valeurs["facture_id"] = False
        return super()._changer_etat(cible, *args, **valeurs)

    def _empeche_de_quitter_sa_facture(self):
        """Rend {id: raison} des feuilles sans facture, ou dont la facture retient les siennes."""
        # Le médecin-conseil ouvre la feuille sans droit sur les factures : la raison se lit sous ceux du programme.
        refus = self.sudo().facture_id._raisons("retirer_feuilles")
        raisons = {feuille.id: refus[feuille.facture_id.id] for feuille in self if feuille.facture_id.id in refus}
        return {**raisons, **{feuille.id: _("elle n'est sur aucune facture.") for feuille in self if not feuille.facture_id}}

    def _empeche_d_annuler(self):
        """Retient aussi une feuille dont la facture est figée."""
        figees = {feuille.id: feuille.facture_id._phrase_figee() for feuille in self.sudo()
                  if feuille.facture_id.state in ETATS_FIGES}
        return {**super()._empeche_d_annuler(), **figees}

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

    def _rappelables(self):
        """Une feuille dont la facture est figée ne revient plus : un indu la corrige."""
        return super()._rappelables().filtered(lambda f: f.facture_id.state not in ETATS_FIGES)

    def _proposer_indus(self, constats):
        """Constate un indu par feuille et par compte, que le superviseur notifie ou annule."""
        super()._proposer_indus(constats)
        self.env["cnas.indu"].sudo()._constater_feuilles(
            {feuille: " ; ".join(c.message for c in constats[feuille.id]) for feuille in self})

    def _prevenir_formation(self, ecrire):
        """Ajoute le SMS : un par formation, ou à l'assuré qui attend son remboursement ; le dossier dit ce qui manque."""
        super()._prevenir_formation(ecrire)
        textes = []
        directes = self.sudo().filtered(lambda f: f.mode == "remboursement")
        for feuille in directes:
            assure = feuille.assure_id.assure_principal_id or feuille.assure_id
            with dans_la_langue_de(assure, feuille) as dite:
                textes.append((feuille, assure.telephone_1, dite._sms_a_l_assure(ecrire(dite))))
        for formation, feuilles in (self.sudo() - directes).grouped("formation_id").items():
            with dans_la_langue_de(formation, feuilles) as dites:
                textes.append((feuilles[0], formation.telephone_1, dites._sms_a_la_formation(ecrire(dites))))
        self.env["cnas.sms"].sudo()._deposer(textes)

    def _sms_a_l_assure(self, sujet):
        return _("CNAS. %(sujet)s : dossier %(numero)s. Allez à votre agence.", sujet=sujet, numero=self.numero)

    def _sms_a_la_formation(self, sujet):
        lien = f"{self[0].get_base_url()}/my/formation/feuilles"
        return _("CNAS. %(sujet)s : %(nombre)s dossier(s). %(lien)s", sujet=sujet, nombre=len(self), lien=lien)

    # ------------------------------------------------------------------ privé
    def _paie(self, vals):
        """Dit si le code mène ces feuilles, et rien d'autre, de validée à payée (ou l'inverse)."""
        return (vals.keys() == {"state"} and self._ouvert(("state",)) and vals["state"] in ETATS_DE_PAIEMENT
                and ETATS_DE_PAIEMENT.issuperset(self.mapped("state")))

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

    def _delai_de_recours(self):
        return _("dans les %s jours qui suivent le décompte", self.env["cnas.parametre"].sudo()._au("delai_recours"))
