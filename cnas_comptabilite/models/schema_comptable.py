from odoo import fields, models


class SchemaComptable(models.Model):
    """Le schéma dit aussi les comptes d'un indu notifié et d'une provision."""

    _inherit = "cnas.schema_comptable"

    operation = fields.Selection(
        selection_add=[("indu", "Indu notifié"), ("provision", "Provision pour prestations à liquider")],
        ondelete={"indu": "cascade", "provision": "cascade"})
