from odoo import fields, models

RELEVES = [("releves", "Relevés de banque et d'opérateur")]


class Colonne(models.Model):
    """Les colonnes d'un relevé."""

    _inherit = "cnas.colonne"

    sujet = fields.Selection(selection_add=RELEVES, ondelete={"releves": "cascade"})


class ImportFichierTitre(models.Model):
    """Les titres d'un relevé s'associent comme ceux des autres fichiers."""

    _inherit = "cnas.import_fichier.titre"

    sujet = fields.Selection(selection_add=RELEVES)
