from odoo import _, api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.cnas_base.ecriture import ecrire_mois


class DeclarationExclusion(models.Model):
    """Ce qui, du salaire d'une ligne déclarée, n'entre pas dans l'assiette, et pour combien.

    L'agent le saisit tant que la déclaration est en brouillon ; ce qui est retenu suit la ligne datée de l'élément.
    """

    _name = "cnas.declaration_effectif.exclusion"
    _description = "Élément exclu d'une ligne déclarée"
    _inherit = ["cnas.garde.mixin", "cnas.montant.mixin"]
    _order = "ligne_id, id"

    ligne_id = fields.Many2one("cnas.declaration_effectif.ligne", string="Ligne", required=True, index=True, ondelete="cascade")
    exclusion_id = fields.Many2one("cnas.exclusion_assiette", string="Élément", required=True, index=True, ondelete="restrict")
    montant = fields.Monetary(string="Montant déclaré", required=True)
    retenu = fields.Monetary(string="Exclu de l'assiette", compute="_compute_retenu", store=True, precompute=True)

    _sql_constraints = [
        ("montant_positif", "CHECK (montant > 0)", "Un élément exclu porte un montant positif."),
        ("element_unique", "UNIQUE (ligne_id, exclusion_id)", "Cet élément figure deux fois pour ce salarié."),
    ]

    @api.depends("montant", "exclusion_id")
    def _compute_retenu(self):
        for exclu in self:
            brouillon = exclu.ligne_id.declaration_id.state == "brouillon"
            exclu.retenu = exclu.exclusion_id._retenu(exclu.montant) if brouillon else exclu._origin.retenu

    @api.constrains("exclusion_id", "ligne_id")
    def _check_date(self):
        for exclu in self:
            periode = exclu.ligne_id.declaration_id.periode
            if not exclu.exclusion_id._couvre(periode):
                raise ValidationError(_("« %(element)s » ne s'exclut pas de l'assiette en %(mois)s.",
                                        element=exclu.exclusion_id.name, mois=ecrire_mois(periode)))

    @api.constrains("montant", "exclusion_id")
    def _check_salaire(self):
        self.ligne_id._check_exclu()

    @api.model_create_multi
    def create(self, vals_list):
        exclus = super().create(vals_list)
        exclus.ligne_id.declaration_id._exiger_brouillon()
        return exclus

    def write(self, vals):
        self.ligne_id.declaration_id._exiger_brouillon()
        return super().write(vals)

    def unlink(self):
        self.ligne_id.declaration_id._exiger_brouillon()
        return super().unlink()
