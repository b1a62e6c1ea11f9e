from odoo import _, api, fields, models


class Agrement(models.Model):
    """Un agrément : acte ou spécialité qu'une formation peut facturer, pendant une période.

    Une formation sans aucun agrément en vigueur facture tout ce que son niveau permet ; dès
    qu'elle en a, elle ne facture, parmi les actes de spécialité, que ce qu'ils couvrent (règle FOR-03 du contrôle).

    | qui | peut |
    |---|---|
    | superviseur | créer, modifier, supprimer |
    | autres agents | lire |
    """

    _name = "cnas.agrement"
    _description = "Agrément"
    _inherit = ["cnas.garde.mixin", "cnas.periode.mixin"]
    _order = "formation_id, date_debut desc, id"

    _champs_journal = ("formation_id", "specialite_id", "prestation_id", "reference", "date_debut", "date_fin")
    _periode_cle = ("formation_id", "specialite_id", "prestation_id")
    _periode_message = "Cet agrément existe déjà sur ces dates."

    formation_id = fields.Many2one(
        "cnas.formation_sanitaire", string="Formation sanitaire", required=True, index=True, ondelete="cascade")
    portee = fields.Selection(
        [("specialite", "Spécialité"), ("prestation", "Prestation")], string="Portée", required=True,
        default="specialite")
    specialite_id = fields.Many2one(
        "cnas.specialite", string="Spécialité", index="btree_not_null", ondelete="restrict")
    prestation_id = fields.Many2one(
        "cnas.prestation", string="Prestation", index="btree_not_null", ondelete="restrict",
        domain="[('type_prestation', 'in', ('acte', 'examen'))]")
    reference = fields.Char(string="Décision n°", help="Arrêté ou décision d'agrément.")

    _sql_constraints = [
        ("objet_unique",
         "CHECK ((portee = 'specialite' AND specialite_id IS NOT NULL AND prestation_id IS NULL)"
         " OR (portee = 'prestation' AND prestation_id IS NOT NULL AND specialite_id IS NULL))",
         "Un agrément porte sur une spécialité ou sur une prestation, l'une des deux : complétez-le."),
    ]

    @api.depends("specialite_id", "prestation_id")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for agrement in self:
            objet = agrement.specialite_id or agrement.prestation_id
            agrement.display_name = objet.display_name or _("Nouveau")

    @api.onchange("portee")
    def _onchange_portee(self):
        if self.portee == "specialite":
            self.prestation_id = False
        else:
            self.specialite_id = False
