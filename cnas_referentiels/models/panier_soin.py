from odoo import _, api, fields, models

from .constantes import CATEGORIES, TYPES_PRESTATION


class PanierSoin(models.Model):
    """Ligne du panier de soins d'un régime : ce qui est pris en charge, et quand.

    Une ligne désigne une prestation, ou un type, ou une catégorie, ou type et catégorie ; sans rien de cela,
    tout est couvert. Une prestation est au panier si une ligne au moins la couvre ce jour-là.

    Lecture : tous les rôles internes. Écriture : administrateur.
    """

    _name = "cnas.panier_soin"
    _description = "Panier de soins"
    _inherit = ["cnas.garde.mixin", "cnas.periode.mixin"]
    _order = "regime_id, type_prestation, categorie, prestation_id, date_debut desc"
    _champs_journal = ("regime_id", "prestation_id", "type_prestation", "categorie", "date_debut", "date_fin")

    _periode_cle = ("regime_id", "prestation_id", "type_prestation", "categorie")
    _periode_message = "Le panier de ce régime couvre déjà cela à ces dates."

    regime_id = fields.Many2one("cnas.regime", string="Régime", required=True, index=True, ondelete="restrict")
    prestation_id = fields.Many2one("cnas.prestation", string="Prestation", index=True, ondelete="cascade")
    type_prestation = fields.Selection(TYPES_PRESTATION, string="Type de prestation", help="Vide : tous.")
    categorie = fields.Selection(CATEGORIES, string="Catégorie", help="Vide : toutes.")

    _sql_constraints = [
        ("cible_unique", "CHECK (prestation_id IS NULL OR (type_prestation IS NULL AND categorie IS NULL))",
         "Désignez une prestation, ou bien un type ou une catégorie, pas les deux."),
    ]

    @api.depends("regime_id", "prestation_id", "type_prestation", "categorie")
    @api.depends_context("lang")
    def _compute_display_name(self):
        types, categories = (dict(self._fields[champ]._description_selection(self.env)) for champ in ("type_prestation", "categorie"))
        for ligne in self:
            cible = ligne.prestation_id.display_name or " ".join(
                p for p in (types.get(ligne.type_prestation), categories.get(ligne.categorie)) if p)
            ligne.display_name = " — ".join((ligne.regime_id.code or "", cible or _("tout soin")))
