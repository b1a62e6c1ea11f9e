from odoo import fields, models


class ArchivageWizard(models.TransientModel):
    """Verse le papier des dossiers choisis dans une boîte."""

    _name = "cnas.archivage.wizard"
    _description = "Archiver le papier"

    feuille_ids = fields.Many2many("cnas.feuille_soin", string="Dossiers", required=True,
                                   default=lambda self: self.env.context.get("active_ids"))
    boite_id = fields.Many2one("cnas.boite_archive", string="Boîte", required=True, domain=[("state", "=", "ouverte")])

    def action_confirmer(self):
        """Archive."""
        self.feuille_ids.action_archiver_papier(self.boite_id.id)
        return {"type": "ir.actions.act_window_close"}
