from odoo import fields, models


class CompteurFamille(models.Model):
    """Le verrou de la consommation d'une famille : un contrôle le prend avant de lire ce qui reste.

    Les montants consommés se lisent dans les lignes acceptées ; ce compteur ne sert qu'à faire attendre
    deux contrôles de la même famille, dans un ordre stable. Personne ne l'écrit à la main.
    """

    _name = "cnas.compteur_famille"
    _description = "Compteur de contrôle d'une famille"
    _inherit = ["cnas.garde.mixin"]
    _log_access = False
    _rec_name = "famille_id"

    famille_id = fields.Many2one("cnas.assure", string="Famille", required=True, ondelete="cascade")
    passages = fields.Integer(string="Contrôles passés")

    _sql_constraints = [("famille_unique", "UNIQUE (famille_id)", "Une famille n'a qu'un compteur.")]
