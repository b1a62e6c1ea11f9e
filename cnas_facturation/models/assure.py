from odoo import _, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.age import age_en_annees

QUI = "cnas_base.group_agent,cnas_base.group_finance"


class Assure(models.Model):
    _inherit = "cnas.assure"
    _champs_geles = ("dossier_ouvert_a_id",)

    compte_paiement_ids = fields.One2many("cnas.compte_paiement", "assure_id", string="Comptes de paiement", groups=QUI)
    nombre_comptes_paiement = fields.Integer(
        string="Nombre de comptes de paiement", compute="_compute_nombre_comptes_paiement", groups=QUI)

    dossier_ouvert_a_id = fields.Many2one(
        "cnas.assure", string="Laisse lire son dossier à", readonly=True, copy=False, ondelete="set null", groups=QUI,
        help="L'assuré principal à qui ce membre majeur permet, depuis son propre dossier, de lire ses droits, sa carte et où en sont ses remboursements.")

    # ------------------------------------------------------------------ le dossier d'une famille
    def _famille_du_dossier(self, jour):
        """Rend (membres que ce principal lit, membres qui lisent seuls leur dossier).

        Il lit les mineurs, et les majeurs qui le lui ont permis : un conjoint, un enfant majeur ne se lisent pas sans leur accord.
        """
        self.ensure_one()
        membres = self.ayant_droit_ids.filtered(lambda a: a.state in ("actif", "suspendu") and not a.date_deces)
        majeurs = membres.filtered(lambda a: a._est_majeur(jour))
        permis = majeurs.filtered(lambda a: a.dossier_ouvert_a_id == self)
        return (membres - majeurs) | permis, majeurs - permis

    def _est_majeur(self, jour):
        """Une naissance inconnue ne fait pas un mineur : dans le doute, le dossier ne s'ouvre pas à un autre."""
        self.ensure_one()
        majorite = self.env["cnas.parametre"].sudo()._au("age_majorite", jour)
        return not self.date_naissance or age_en_annees(self.date_naissance, jour) >= majorite

    def _permettre_de_lire(self, permet, jour):
        """Un membre majeur permet à son principal de lire son dossier, ou le reprend.

        :raise UserError: mineur, ou sans principal
        """
        self.ensure_one()
        if not self.assure_principal_id or not self._est_majeur(jour):
            raise UserError(_("Ce choix est celui d'un membre majeur de la famille d'un assuré."))
        self._ecrire({"dossier_ouvert_a_id": permet and self.assure_principal_id.id})
        self.env["cnas.journal"]._ajouter([{
            "modele": self._name, "res_id": self.id, "evenement": "dossier_permis" if permet else "dossier_repris",
            "apres": {"principal": self.assure_principal_id.matricule}}])

    def _sortir_de_famille(self, jour, motif):
        """L'accord finit avec le lien : revenir dans la famille ne le rend pas."""
        super()._sortir_de_famille(jour, motif)
        self.sudo().filtered("dossier_ouvert_a_id")._ecrire({"dossier_ouvert_a_id": False})

    # ------------------------------------------------------------------ comptes de paiement
    def _compute_nombre_comptes_paiement(self):
        nombres = dict(self.env["cnas.compte_paiement"]._read_group(
            [("assure_id", "in", self.ids)], ["assure_id"], ["__count"]))
        for assure in self:
            assure.nombre_comptes_paiement = nombres.get(assure, 0)

    def action_voir_comptes_paiement(self):
        """Ouvre les comptes de paiement de l'assuré. Rend une action de fenêtre."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("cnas_facturation.compte_paiement_action")
        return {**action, "domain": [("assure_id", "=", self.id)], "context": {"default_assure_id": self.id}}
