from odoo import api, fields, models

from .formation_sanitaire.fiche import NIVEAU_DU_TYPE, TYPES_FORMATION


def sql_type_au(formation, jour):
    """Rend la jointure `t` du type daté : `COALESCE(t.niveau, <fiche>.niveau)`, la fiche valant si rien ne la date.

    :param formation, jour: colonnes SQL
    """
    return f"""LEFT JOIN cnas_formation_type t ON t.formation_id = {formation} AND t.date_debut <= {jour}
                                               AND (t.date_fin IS NULL OR t.date_fin >= {jour})"""


class FormationType(models.Model):
    """Le type d'une formation pendant une période : son niveau, donc ses tarifs, à la date des soins.

    Née d'une demande acceptée (`cnas.changement`), qui dit qui l'a demandé, qui l'a décidé et pourquoi ; sans ligne, le
    type de la fiche vaut depuis toujours. Nul ne l'écrit directement.
    """

    _name = "cnas.formation_type"
    _description = "Type d'une formation, daté"
    _inherit = ["cnas.garde.mixin", "cnas.periode.mixin"]
    _order = "date_debut desc, id desc"

    _champs_geles = ("formation_id", "type_formation", "date_debut", "date_fin")
    _champs_journal = ("formation_id", "type_formation", "date_debut", "date_fin")
    _periode_cle = ("formation_id",)
    _periode_message = "Un type couvre déjà ces dates."

    formation_id = fields.Many2one(
        "cnas.formation_sanitaire", string="Formation sanitaire", required=True, index=True, ondelete="cascade")
    type_formation = fields.Selection(TYPES_FORMATION, string="Type", required=True)
    niveau = fields.Integer(string="Niveau", compute="_compute_niveau", store=True, group_operator=None)

    @api.depends("type_formation")
    def _compute_niveau(self):
        for periode in self:
            periode.niveau = NIVEAU_DU_TYPE.get(periode.type_formation, 1)
