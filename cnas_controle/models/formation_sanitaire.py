from odoo import fields, models


class FormationSanitaire(models.Model):
    """Ce que les indicateurs demandent à une formation : ses lits, et si elle ferme le dimanche."""

    _inherit = "cnas.formation_sanitaire"

    nb_lits = fields.Integer(string="Lits", help="Zéro : inconnu, le taux d'occupation n'est pas déterminé.")
    sans_garde = fields.Boolean(string="Ferme le dimanche et les jours fériés", help="N'assure aucune garde : des soins programmés ces jours-là alertent.")

    _sql_constraints = [("nb_lits_positif", "CHECK (nb_lits >= 0)", "Le nombre de lits ne peut pas être négatif.")]
