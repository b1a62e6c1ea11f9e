from odoo import fields, models


class ConfigLettreCle(models.Model):
    """Valeur datée d'une lettre-clé (voir `cnas.config.mixin`) : elle tarife tous les actes et examens qu'elle cote."""

    _name = "cnas.config_lettre_cle"
    _description = "Valeur de lettre-clé"
    _inherit = ["cnas.config.mixin"]
    _rec_names_search = ["lettre_cle_id.code", "lettre_cle_id.name"]

    _order = "lettre_cle_id, niveau nulls first, date_debut desc"

    _cle_tarif = "lettre_cle_id"
    _periode_cle = ("lettre_cle_id", "niveau")

    lettre_cle_id = fields.Many2one(
        "cnas.lettre_cle", string="Lettre-clé", required=True, index=True, ondelete="restrict", tracking=True)

    def _prestations_tarifees(self):
        cotees = [("mode_tarif", "=", "cotation")]
        lettre = self.lettre_cle_id.with_context(active_test=False)
        return (lettre.acte_ids.filtered_domain(cotees).prestation_id
                | lettre.examen_ids.filtered_domain(cotees).prestation_id).ids
