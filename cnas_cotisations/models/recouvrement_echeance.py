from odoo import _, api, fields, models
from odoo.exceptions import UserError


class RecouvrementEcheance(models.Model):
    """Une échéance de l'échéancier accordé : payée quand ce qui est versé depuis l'accord la couvre, les précédentes d'abord."""

    _name = "cnas.recouvrement.echeance"
    _description = "Échéance de recouvrement"
    _inherit = ["cnas.garde.mixin", "cnas.montant.mixin"]
    _order = "recouvrement_id, date, id"

    _champs_geles = ("recouvrement_id", "date", "montant", "verse_avant")
    _champs_journal = ("recouvrement_id", "date", "montant")

    recouvrement_id = fields.Many2one("cnas.recouvrement", string="Dossier", required=True, readonly=True, index=True, ondelete="restrict")
    date = fields.Date(string="Échéance", required=True, readonly=True)
    montant = fields.Monetary(string="Montant", required=True, readonly=True)
    verse_avant = fields.Monetary(string="Versé avant l'accord", readonly=True)
    payee = fields.Boolean(string="Payée", compute="_compute_payee")

    _sql_constraints = [("montant_positif", "CHECK (montant > 0)", "Une échéance porte un montant positif.")]

    def _compute_payee(self):
        verses = {dossier: dossier._verse() for dossier in self.recouvrement_id}
        for echeance in self:
            dossier = echeance.recouvrement_id
            avant = sum(e.montant for e in dossier.echeance_ids if e.date <= echeance.date)
            echeance.payee = verses.get(dossier, 0) - echeance.verse_avant >= avant

    @api.model_create_multi
    def create(self, vals_list):
        if not self._ouvert(("montant",)):
            raise UserError(_("Un échéancier s'accorde depuis le dossier : « Échelonner »."))
        return super().create(vals_list)

    @api.ondelete(at_uninstall=False)
    def _refuser_suppression(self):
        if not self._ouvert(("unlink",)):
            raise UserError(_("Un échéancier s'accorde depuis le dossier : « Échelonner » remplace celui-ci."))
