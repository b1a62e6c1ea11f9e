from odoo import models


class JournalWizard(models.TransientModel):
    """L'export d'avant cet addon lit le schéma général : ce qui vise un régime, un type ou une voie n'est pas pour lui."""

    _inherit = "cnas.journal.wizard"

    def _schema(self, schemas, operation, jour):
        generaux = {cle: lignes.filtered(lambda s: not (s.regime_id or s.type_prestation or s.voie)) for cle, lignes in schemas.items()}
        return super()._schema(generaux, operation, jour)
