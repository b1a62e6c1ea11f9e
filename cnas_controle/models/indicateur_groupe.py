from odoo import fields, models


class IndicateurGroupe(models.Model):
    """Un groupe de pairs d'un indicateur, tel que le dernier calcul l'a lu : combien, leur moyenne, leur écart-type ; ou « n. d. ».

    Écrit par le calcul seul ; le superviseur le lit sur l'indicateur.
    """

    _name = "cnas.indicateur.groupe"
    _description = "Pairs d'un indicateur"
    _inherit = ["cnas.garde.mixin"]
    _order = "serie, type_formation, niveau"
    _rec_name = "serie"
    _champs_geles = ("indicateur_id", "serie", "type_formation", "niveau", "pairs", "moyenne", "ecart_type", "dit")

    indicateur_id = fields.Many2one("cnas.indicateur", string="Indicateur", required=True, ondelete="cascade", index=True, readonly=True)
    serie = fields.Char(string="Mesure", required=True, readonly=True)
    type_formation = fields.Selection(
        lambda self: self.env["cnas.formation_sanitaire"]._fields["type_formation"]._description_selection(self.env), string="Type", readonly=True)
    niveau = fields.Integer(string="Niveau", readonly=True)
    pairs = fields.Integer(string="Pairs", readonly=True)
    moyenne = fields.Float(string="Moyenne", digits=(16, 2), readonly=True)
    ecart_type = fields.Float(string="Écart-type", digits=(16, 2), readonly=True)
    dit = fields.Char(string="Comparaison", readonly=True, help="« n. d. » : trop peu de pairs pour comparer.")
