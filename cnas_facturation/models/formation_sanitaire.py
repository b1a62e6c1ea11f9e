from odoo import _, fields, models
from odoo.exceptions import UserError


class FormationSanitaire(models.Model):
    _inherit = "cnas.formation_sanitaire"

    facture_ids = fields.One2many("cnas.facture", "formation_id", string="Factures")

    def action_voir_factures(self):
        """Ouvre les factures de la formation. Rend une action de fenêtre."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("cnas_facturation.facture_action")
        return {**action, "domain": [("formation_id", "=", self.id)], "context": {}}

    def _preparer_facture_du_mois(self, periode):
        """Prépare la facture du mois de chaque formation (tâche de lot, rejouable).

        :param str periode: le 1er du mois
        """
        Facture = self.env["cnas.facture"]
        mois = Facture._premier_du_mois(periode)
        for formation in self:
            try:
                Facture._preparer_mois(
                    {"formation_id": formation.id, "mode": "tiers_payant"}, mois,
                    Facture._domaine_feuilles_a_facturer(mois, formation=formation))
            except UserError:
                # Une autre session l'a facturée entre-temps : rien à faire pour cette formation.
                continue
        return _("%s formation(s) traitée(s)", len(self))
