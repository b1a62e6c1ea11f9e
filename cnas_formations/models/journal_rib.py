from odoo import api, models

SUIVIS = ("acc_number", "acc_holder_name", "bank_id", "partner_id", "active")


class ResPartnerBank(models.Model):
    """Un compte bancaire qui naît, change ou disparaît est au journal : c'est là que va l'argent."""

    _inherit = "res.partner.bank"

    @api.model_create_multi
    def create(self, vals_list):
        comptes = super().create(vals_list)
        comptes._journaliser_comptes("creation", {}, comptes._photo_des_comptes())
        return comptes

    def write(self, vals):
        avant = {} if vals.keys().isdisjoint(SUIVIS) else self._photo_des_comptes()
        resultat = super().write(vals)
        if avant:
            self._journaliser_comptes("modification", avant, self._photo_des_comptes())
        return resultat

    def unlink(self):
        avant = self._photo_des_comptes()
        resultat = super().unlink()
        self._journaliser_comptes("suppression", avant, {})
        return resultat

    def _photo_des_comptes(self):
        return {compte.id: {"acc_number": compte.acc_number, "acc_holder_name": compte.acc_holder_name,
                            "bank_id": compte.bank_id.id, "partner_id": compte.partner_id.id, "active": compte.active}
                for compte in self.sudo()}

    @api.model
    def _journaliser_comptes(self, evenement, avant, apres):
        journal = self.env["cnas.journal"]
        journal._ajouter(journal._changements(self._name, evenement, avant, apres))
