from odoo import fields, models


class Dhis2Reponse(models.Model):
    """Ce que DHIS2 a répondu à un envoi, ou pourquoi il n'a pas répondu : ajout seul, par le code."""

    _name = "cnas.dhis2.reponse"
    _description = "Réponse de DHIS2"
    _inherit = ["cnas.garde.mixin"]
    _order = "id desc"
    _rec_name = "resume"
    _champs_geles = ("envoi_id", "date", "statut", "resume", "importes", "mis_a_jour", "ignores", "detail")

    envoi_id = fields.Many2one("cnas.dhis2.envoi", string="Envoi", required=True, readonly=True, ondelete="cascade", index=True)
    date = fields.Datetime(string="Le", readonly=True, required=True)
    statut = fields.Integer(string="Statut HTTP", readonly=True, group_operator=None)
    resume = fields.Char(string="Réponse", readonly=True)
    importes = fields.Integer(string="Créées", readonly=True)
    mis_a_jour = fields.Integer(string="Mises à jour", readonly=True)
    ignores = fields.Integer(string="Ignorées", readonly=True)
    detail = fields.Text(string="Détail", readonly=True)
