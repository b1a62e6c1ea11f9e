from odoo import _, api, models
from odoo.exceptions import ValidationError

from .roles import COMPTABLE, FINANCE


class ResUsers(models.Model):
    """L'agent comptable n'ordonnance pas : les deux rôles ne vont pas à une même personne."""

    _inherit = "res.users"

    @api.constrains("groups_id")
    def _check_comptable_n_ordonnance_pas(self):
        for usager in self:
            if usager.has_group(COMPTABLE) and usager.has_group(FINANCE):
                raise ValidationError(_("L'agent comptable n'ordonnance pas : %s ne peut pas porter aussi le rôle d'ordonnateur.", usager.name))
