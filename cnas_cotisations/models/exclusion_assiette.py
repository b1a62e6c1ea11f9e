from odoo import api, fields, models


class ExclusionAssiette(models.Model):
    """Un élément du salaire qui n'entre pas dans l'assiette (transport, frais…), à des dates données, au plus à hauteur d'un plafond.

    Lecture : tous les agents. Écriture : un administrateur demande, un superviseur accepte.
    """

    _name = "cnas.exclusion_assiette"
    _description = "Élément exclu de l'assiette"
    _inherit = ["cnas.changement.mixin", "cnas.periode.mixin", "cnas.montant.mixin"]
    _order = "code, date_debut desc"
    _rec_name = "name"

    _champs_journal = ("code", "name", "plafond", "date_debut", "date_fin")
    _champs_sensibles = dict.fromkeys(("code", "plafond", "date_debut", "date_fin"), "_toujours")
    _cree_a_deux = True
    _periode_cle = ("code",)
    _periode_message = "Cet élément a déjà une ligne à ces dates : fermez-la d'abord."

    code = fields.Char(string="Code", required=True, index=True)
    name = fields.Char(string="Élément exclu", required=True, translate=True)
    plafond = fields.Monetary(string="Au plus, par mois", help="0 : sans limite.")
    source = fields.Char(string="Source", required=True, default="livré")

    _sql_constraints = [("plafond_positif", "CHECK (COALESCE(plafond, 0) >= 0)", "Un plafond ne peut pas être négatif.")]

    @api.depends("name", "date_debut")
    def _compute_display_name(self):
        for exclusion in self:
            exclusion.display_name = exclusion.name or ""

    @api.model
    def _au_mois(self, periode=None):
        """Rend {code: élément} de ce qui s'exclut ce mois-là ; sans mois, de tout ce qui s'est exclu, sous sa dernière ligne."""
        elements = self.search(self._domaine_en_vigueur(periode) if periode else [], order="code, date_debut")
        return {element.code: element for element in elements}

    def _retenu(self, montant):
        """Rend ce qui, du montant déclaré, sort de l'assiette."""
        return min(int(montant), int(self.plafond)) if self.plafond else int(montant)
