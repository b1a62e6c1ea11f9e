from odoo import _, api, models
from odoo.exceptions import ValidationError

from .constantes import CATEGORIE_PAR_TYPE

CHAMPS_SUIVIS = (
    "code", "name", "categorie", "active", "date_retrait", "niveau_min", "sexe", "age_min", "age_max", "quantite_max",
    "frequence_min_jours", "entente_prealable", "unique_vie", "type_soins", "acte_technique", "remboursable",
)


class SpecialisationMixin(models.AbstractModel):
    """Ce que partagent les quatre spécialisations d'une prestation (acte, examen, médicament, consommable).

    La spécialisation crée sa prestation avec le bon type, la supprime avec elle, et suit dans son historique
    les champs portés par la prestation.
    """

    _name = "cnas.specialisation.mixin"
    _description = "Spécialisation d'une prestation"
    _inherit = ["cnas.archivage.mixin", "mail.thread"]

    _type_prestation = None

    @api.model
    def default_get(self, fields_list):
        valeurs = super().default_get(fields_list)
        if "type_prestation" in fields_list:
            valeurs["type_prestation"] = self._type_prestation
        if "categorie" in fields_list:
            valeurs.setdefault("categorie", CATEGORIE_PAR_TYPE.get(self._type_prestation, "autre"))
        return valeurs

    @api.depends("name")
    def _compute_display_name(self):
        for specialisation in self:
            specialisation.display_name = specialisation.name

    @api.model_create_multi
    def create(self, vals_list):
        normaliser = self.env["cnas.prestation"]._normaliser
        return super().create([
            vals if vals.get("prestation_id") else {**normaliser(vals), "type_prestation": self._type_prestation}
            for vals in vals_list])

    def write(self, vals):
        return super().write(self.env["cnas.prestation"]._normaliser(vals))

    def unlink(self):
        prestations = self.prestation_id
        resultat = super().unlink()
        prestations.unlink()
        return resultat

    @api.constrains("prestation_id")
    def _check_type_prestation(self):
        for specialisation in self:
            if specialisation.type_prestation != self._type_prestation:
                raise ValidationError(_(
                    "La prestation %s est d'un autre type.", specialisation.prestation_id.display_name))

    def _track_get_fields(self):
        return super()._track_get_fields() | {nom for nom in CHAMPS_SUIVIS if nom in self._fields}

    def action_voir_tarifs(self):
        """Ouvre l'historique des tarifs de la fiche, en graphe et en liste."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("cnas_referentiels.tarif_action")
        action["domain"] = [("prestation_id", "=", self.prestation_id.id)]
        action["display_name"] = _("Tarifs — %s", self.name)
        return action
