from odoo import api, fields, models


class RechercheDoublonsWizard(models.TransientModel):
    """Demande avant de comparer toutes les fiches : le menu ne lance rien seul."""

    _name = "cnas.recherche_doublons.wizard"
    _description = "Rechercher les doublons"

    nombre = fields.Integer(string="Fiches à comparer", readonly=True, default=lambda self: self._fiches_a_comparer())

    @api.model
    def _fiches_a_comparer(self):
        return self.env["cnas.assure"].sudo().search_count([])

    def action_lancer(self):
        """Lance la recherche en tâche de fond. :return: l'action qui montre le lot"""
        return self.env["cnas.assure"].action_detecter_doublons()
