from odoo import api, fields, models

from odoo.addons.cnas_base.jour import aujourd_hui


class Indu(models.Model):
    """Un indu extrapolé ne se retient pas sur les factures de la formation tant qu'elle peut le contester, ni tant que sa contestation n'est pas tranchée.

    Retenu en partie, il ne s'annulerait plus : la contestation fondée ne pourrait plus se réviser.
    """

    _inherit = "cnas.indu"

    resultat_ids = fields.One2many("cnas.campagne.resultat", "indu_id", string="Contrôle par échantillon", readonly=True, groups="cnas_base.group_controleur")

    @api.depends("resultat_ids.state", "date_notification")
    def _compute_exigible(self):
        super()._compute_exigible()
        jour = aujourd_hui()
        for indu in self:
            resultat = indu._controle()
            if resultat.state == "conteste" or resultat.state == "propose" and resultat.limite_contestation and jour <= resultat.limite_contestation:
                indu.exigible = 0

    def _controle(self):
        """Rend le résultat de campagne que cet indu réclame, un ensemble vide s'il ne vient pas d'un échantillon."""
        return self.sudo().resultat_ids[:1]
