from odoo import fields, models


class CompteurDepot(models.Model):
    """Derniers numéros de dépôt donnés, par agence et par année : voir `cnas.compteur.mixin`.

    Un dépôt annulé rend ses numéros, il n'y a donc jamais de trou ; deux dépôts de la même agence se suivent.
    """

    _name = "cnas.compteur_depot"
    _description = "Compteur des dépôts"
    _inherit = ["cnas.compteur.mixin"]
    _order = "agence_id, annee desc, dernier desc"
    _cles = ("agence_id", "annee")

    agence_id = fields.Many2one("cnas.agence", string="Agence", required=True, readonly=True, ondelete="restrict")
    annee = fields.Integer(string="Année", required=True, readonly=True)

    _sql_constraints = [
        ("dernier_unique", "UNIQUE (agence_id, annee, dernier)", "Ce numéro est déjà donné."),
    ]
