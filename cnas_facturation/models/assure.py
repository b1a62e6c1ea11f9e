from odoo import fields, models

QUI = "cnas_base.group_agent,cnas_base.group_finance"


class Assure(models.Model):
    _inherit = "cnas.assure"

    compte_paiement_ids = fields.One2many("cnas.compte_paiement", "assure_id", string="Comptes de paiement", groups=QUI)
    nombre_comptes_paiement = fields.Integer(
        string="Nombre de comptes de paiement", compute="_compute_nombre_comptes_paiement", groups=QUI)

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
