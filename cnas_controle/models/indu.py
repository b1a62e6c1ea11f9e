from odoo import api, fields, models


class Indu(models.Model):
    """Un indu extrapolé que la formation conteste ne se retient pas sur ses factures tant que rien n'est tranché."""

    _inherit = "cnas.indu"

    resultat_ids = fields.One2many("cnas.campagne.resultat", "indu_id", string="Contrôle par échantillon", readonly=True, groups="cnas_base.group_controleur")

    @api.depends("resultat_ids.state")
    def _compute_exigible(self):
        super()._compute_exigible()
        for indu in self:
            if "conteste" in indu.sudo().resultat_ids.mapped("state"):
                indu.exigible = 0

    def _controle(self):
        """Rend le résultat de campagne que cet indu réclame, un ensemble vide s'il ne vient pas d'un échantillon."""
        return self.sudo().resultat_ids[:1]
