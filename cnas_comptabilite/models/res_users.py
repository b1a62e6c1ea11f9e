from odoo import _, api, models
from odoo.exceptions import ValidationError

from .roles import COMPTABLE, FINANCE


class ResUsers(models.Model):
    """L'agent comptable n'ordonnance pas : les deux rôles ne vont pas à une même personne."""

    _inherit = "res.users"

    @api.constrains("groups_id")
    def _check_comptable_n_ordonnance_pas(self):
        self._refuser_les_deux_roles([("id", "in", self.ids)])

    @api.model
    def _refuser_les_deux_roles(self, domaine):
        # Lu en base : `has_group` se souvient d'avant l'écriture.
        usager = self.sudo().with_context(active_test=False).search(
            [*domaine, *(("groups_id", "in", self.env.ref(role).ids) for role in (COMPTABLE, FINANCE))], limit=1)
        if usager:
            raise ValidationError(_("L'agent comptable n'ordonnance pas : %s ne peut pas porter aussi le rôle d'ordonnateur.", usager.name))


class ResGroups(models.Model):
    """Ni les membres d'un groupe ni ce qu'il implique ne donnent les deux rôles à une même personne."""

    _inherit = "res.groups"

    def write(self, vals):
        resultat = super().write(vals)
        if {"users", "implied_ids"} & vals.keys():
            self.env["res.users"]._refuser_les_deux_roles([])
        return resultat
