from odoo import fields, models


class PieceExigee(models.Model):
    """Une pièce exigée au dépôt, selon ce que la feuille porte. Une case vide vaut « tous ».

    | qui | peut |
    |---|---|
    | tous les agents | lire |
    | administrateur | régler |
    """

    _name = "cnas.piece_exigee"
    _description = "Pièce exigée"
    _inherit = ["cnas.garde.mixin"]
    _order = "type_piece_id, type_prestation"
    _rec_name = "type_piece_id"
    _champs_journal = ("type_piece_id", "type_prestation", "categorie", "type_soins", "mode", "montant_min", "active")

    type_piece_id = fields.Many2one("cnas.type_piece", string="Pièce exigée", required=True, ondelete="cascade")
    type_prestation = fields.Selection(
        [("acte", "Acte"), ("examen", "Examen"), ("medicament", "Médicament"), ("consommable", "Consommable")],
        string="Si la feuille porte un", help="Vide : quelle que soit la prestation.")
    categorie = fields.Char(string="Catégorie de prestation", help="Vide : toutes.")
    type_soins = fields.Selection(
        [("ambulatoire", "Ambulatoire"), ("hospitalisation", "Hospitalisation")], string="Type de soins")
    mode = fields.Selection(
        [("tiers_payant", "Tiers payant"), ("remboursement", "Remboursement")], string="Mode")
    montant_min = fields.Integer(string="À partir de (FCFA)", help="Montant facturé de la feuille ; 0 : toujours.")
    active = fields.Boolean(string="Active", default=True)
