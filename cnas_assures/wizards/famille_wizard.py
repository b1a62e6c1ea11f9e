from odoo import _, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.jour import aujourd_hui

from ..models.assure.dossier import LIENS


class FamilleWizard(models.TransientModel):
    """Assistant de la famille : rattacher une personne, changer de principal, déclarer un décès."""

    _name = "cnas.famille.wizard"
    _description = "Relation familiale"

    operation = fields.Selection(
        selection=[("rattacher", "Rattacher à un assuré principal"), ("principal", "Changer de principal"),
                   ("deces", "Déclarer un décès"), ("maintien", "Maintenir les droits")],
        string="Opération", required=True)
    assure_id = fields.Many2one(comodel_name="cnas.assure", string="Assuré", required=True)
    principal_id = fields.Many2one(
        comodel_name="cnas.assure", string="Assuré principal",
        domain="[('type_assure', '=', 'principal'), ('state', '!=', 'radie'), ('id', '!=', assure_id)]")
    lien = fields.Selection(selection=LIENS, string="Lien")
    nouveau_id = fields.Many2one(
        comodel_name="cnas.assure", string="Nouveau principal",
        domain="[('assure_principal_id', '=', assure_id), ('state', '=', 'actif')]")
    date = fields.Date(string="Date", required=True, default=lambda self: aujourd_hui())
    motif = fields.Char(string="Motif")

    @api.onchange("operation")
    def _onchange_operation(self):
        if self.operation == "deces":
            self.date = False

    def action_confirmer(self):
        """Applique l'opération choisie. Rend l'action de fermeture."""
        self.ensure_one()
        assure = self.assure_id
        if self.operation == "rattacher":
            if not self.principal_id or not self.lien:
                raise UserError(_("Choisissez l'assuré principal et le lien."))
            assure.action_rattacher(self.principal_id.id, self.lien, self.date)
        elif self.operation == "principal":
            if not self.nouveau_id:
                raise UserError(_("Choisissez le nouveau principal."))
            assure.action_changer_principal(self.nouveau_id.id, self.motif, self.date)
        elif self.operation == "deces":
            assure.action_declarer_deces(self.date)
        else:
            assure.action_maintenir_droits(self.date, self.motif)
        return {"type": "ir.actions.act_window_close"}
