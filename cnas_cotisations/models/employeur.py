from odoo import _, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_montant
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_date

SORTE_ATTESTATION = "cnas-cotisation-1"


class Employeur(models.Model):
    """Le compte de l'employeur : ce qu'il doit, ce qu'il a versé, et l'attestation qui le dit."""

    _inherit = "cnas.employeur"

    cotisant_ids = fields.One2many("cnas.cotisant", "employeur_id", string="Compte de cotisant", readonly=True, groups="cnas_base.group_agent,cnas_base.group_finance")
    solde_cotisations = fields.Monetary(string="Solde dû", compute="_compute_solde_cotisations", compute_sudo=True, currency_field="cotisations_currency_id")
    echu_cotisations = fields.Monetary(string="Dont échu", compute="_compute_solde_cotisations", compute_sudo=True, currency_field="cotisations_currency_id")
    cotisations_currency_id = fields.Many2one("res.currency", string="Monnaie des cotisations", compute="_compute_cotisations_currency_id")
    appel_cotisation_ids = fields.One2many("cnas.appel_cotisation", "employeur_id", string="Appels", readonly=True, groups="cnas_base.group_agent,cnas_base.group_finance")
    encaissement_ids = fields.One2many("cnas.encaissement", "employeur_id", string="Versements", readonly=True, groups="cnas_base.group_agent,cnas_base.group_finance")

    def _compute_cotisations_currency_id(self):
        self.cotisations_currency_id = self.env["ir.model.data"]._xmlid_to_res_id("base.XAF")

    @api.depends("cotisant_ids")
    def _compute_solde_cotisations(self):
        comptes = self.sudo().cotisant_ids
        situations = comptes._situation_au()
        for employeur in self:
            situation = situations.get(employeur.sudo().cotisant_ids.id, {})
            employeur.solde_cotisations, employeur.echu_cotisations = situation.get("solde", 0), situation.get("echu", 0)

    # ------------------------------------------------------------------ écrans
    def action_voir_compte(self):
        """Ouvre le compte de cotisant, ouvert au besoin."""
        self.ensure_one()
        self.check_access_rule("read")
        compte = self.env["cnas.cotisant"]._de(self)[self]
        return {"type": "ir.actions.act_window", "name": _("Compte de cotisant"), "res_model": "cnas.cotisant", "res_id": compte.id,
                "view_mode": "form"}

    def action_situation_cotisations(self):
        """Ouvre l'attestation de situation des cotisations, en PDF."""
        self.ensure_one()
        return {"type": "ir.actions.act_url", "url": f"/cnas/cotisations/situation/{self.id}/pdf", "target": "new"}

    # ------------------------------------------------------------------ situation
    def situation_cotisations(self, date=None):
        """Rend la situation d'un employeur : {"date", "solde", "echu", "a_jour"}.

        :param str date: AAAA-MM-JJ, aujourd'hui par défaut
        """
        self.ensure_one()
        self.check_access_rights("read")
        self.check_access_rule("read")
        jour = lire_date(date, aujourd_hui(), _("Date"), stricte=True)
        situation = self._situation_cotisations(jour)
        return {"date": str(jour), "solde": situation["solde"], "echu": situation["echu"], "a_jour": situation["a_jour"]}

    def _situation_cotisations(self, jour=None):
        """Rend {"jour", "solde", "echu", "avance", "a_jour", "plus_ancienne", "accord"} ce jour-là ; un recours ou un échéancier tenu vaut accord."""
        self.ensure_one()
        jour = jour or aujourd_hui()
        compte = self.sudo().cotisant_ids
        situation = compte._situation_au(jour).get(compte.id, {})
        solde, echu = int(situation.get("solde", 0)), int(situation.get("echu", 0))
        accord = compte.recouvrement_ids._accorde(jour)
        return {"jour": jour, "solde": max(0, solde), "avance": max(0, -solde), "echu": echu, "accord": accord,
                "plus_ancienne": situation.get("plus_ancienne"), "a_jour": not echu or accord}

    def _phrase_cotisations(self, situation):
        """Rend la phrase de l'attestation."""
        if situation["a_jour"] and not situation["echu"]:
            return _("est à jour de ses cotisations au %s : rien de ce qui est échu ne reste dû.", ecrire_date(situation["jour"]))
        if situation["a_jour"]:
            return _("est tenu pour à jour de ses cotisations au %(jour)s : un recours ou un échéancier couvre les %(echu)s échus.",
                     jour=ecrire_date(situation["jour"]), echu=ecrire_montant(situation["echu"]))
        return _("n'est pas à jour de ses cotisations au %(jour)s : %(echu)s sont échus, depuis le %(depuis)s.",
                 jour=ecrire_date(situation["jour"]), echu=ecrire_montant(situation["echu"]), depuis=ecrire_date(situation["plus_ancienne"]))

    @api.model
    def _attestations(self):
        return {**super()._attestations(), SORTE_ATTESTATION: (_("à jour de ses cotisations"), _("pas à jour de ses cotisations"))}

    def telecharger_situation(self):
        """Rend les octets de l'attestation de situation des cotisations.

        :raise UserError: employeur qui n'est pas actif
        """
        self.ensure_one()
        self.check_access_rights("read")
        self.check_access_rule("read")
        if self.state != "actif":
            raise UserError(_("« %s » n'est pas un employeur actif.", self.raison_sociale))
        from ..report.situation import dessiner_situation

        self.env["cnas.journal"]._ajouter_une_fois({"modele": "cnas.employeur", "res_id": self.id, "evenement": "attestation"})
        return dessiner_situation(self.sudo())
