from odoo import _, api, fields, models
from odoo.exceptions import UserError


class CotationMixin(models.AbstractModel):
    """Tarification d'un acte ou d'un examen : au forfait (montant daté) ou en cotation (coefficient × lettre-clé).

    En cotation, les montants datés de la fiche sont ignorés et l'inverse au forfait. Le mode, la lettre et le
    coefficient d'une fiche déjà liquidée ne changent plus : ils réécriraient le passé.
    """

    _name = "cnas.cotation.mixin"
    _description = "Tarification au forfait ou en cotation"
    _champs_journal = ("mode_tarif", "lettre_cle_id", "coefficient")

    mode_tarif = fields.Selection(
        [("forfait", "Forfait"), ("cotation", "Cotation")], string="Mode de tarif", required=True, default="forfait")
    lettre_cle_id = fields.Many2one("cnas.lettre_cle", string="Lettre-clé", index=True, ondelete="restrict")
    coefficient = fields.Float(string="Coefficient", digits=(8, 2))
    cotation = fields.Char(string="Cotation", compute="_compute_cotation")

    _sql_constraints = [
        ("cotation_complete",
         "CHECK (mode_tarif <> 'cotation' OR (lettre_cle_id IS NOT NULL AND coefficient > 0))",
         "En cotation, il faut une lettre-clé et un coefficient positif."),
        ("coefficient_positif", "CHECK (COALESCE(coefficient, 0) >= 0)", "Un coefficient n'est jamais négatif."),
    ]

    @api.depends("lettre_cle_id.code", "coefficient")
    def _compute_cotation(self):
        for fiche in self:
            fiche.cotation = f"{fiche.lettre_cle_id.code} {fiche.coefficient:g}" if fiche.lettre_cle_id else False

    def write(self, vals):
        changees = self.filtered(lambda f: f._cotation_change(vals))
        if changees:
            plages = [(f.id, f.prestation_id.id, False, "0001-01-01", False) for f in changees]
            utilisees = self.env["cnas.prestation"]._tarif_utilise(plages)
            if utilisees:
                raise UserError(_(
                    "%s : des feuilles sont déjà liquidées avec cette tarification. Archivez la fiche et créez-en "
                    "une autre.", ", ".join(self.browse(sorted(utilisees)[:5]).mapped("name"))))
        return super().write(vals)

    def _cotation_change(self, vals):
        self.ensure_one()
        return (
            ("mode_tarif" in vals and vals["mode_tarif"] != self.mode_tarif)
            or (self.mode_tarif == "cotation" and "lettre_cle_id" in vals
                and vals["lettre_cle_id"] != self.lettre_cle_id.id)
            or (self.mode_tarif == "cotation" and "coefficient" in vals and vals["coefficient"] != self.coefficient)
        )
