from datetime import date

from odoo import _, api, models
from odoo.exceptions import ValidationError

from odoo.addons.cnas_base.ecriture import ecrire_mois


class ResCompany(models.Model):
    """Un mois clos ne se rouvre pas : le verrou de la société de la caisse ne recule pas sous sa dernière clôture."""

    _inherit = "res.company"

    @api.constrains("fiscalyear_lock_date")
    def _check_verrou_des_clotures(self):
        cloture = self.env["cnas.cloture"].sudo().search([("state", "=", "clos")], order="mois desc", limit=1)
        for societe in self & self.env["cnas.plan_comptes"].societe():
            if cloture and (societe.fiscalyear_lock_date or date.min) < cloture._dernier_jour():
                raise ValidationError(_("Le mois est clos (%s) : il ne se rouvre pas.", ecrire_mois(cloture.mois)))
