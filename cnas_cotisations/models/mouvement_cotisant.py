from odoo import fields, models, tools


class MouvementCotisant(models.Model):
    """Le compte d'un cotisant, ligne à ligne : ce qui est appelé, ce qui est versé, et le solde après chaque mouvement."""

    _name = "cnas.mouvement_cotisant"
    _description = "Mouvement de cotisant"
    _auto = False
    _inherit = ["cnas.montant.mixin"]
    _order = "date desc, id desc"
    _rec_name = "piece"

    cotisant_id = fields.Many2one("cnas.cotisant", string="Cotisant", readonly=True)
    date = fields.Date(string="Date", readonly=True)
    echeance = fields.Date(string="Échéance", readonly=True)
    piece = fields.Char(string="Pièce", readonly=True)
    libelle = fields.Char(string="Libellé", readonly=True)
    appele = fields.Monetary(string="Appelé", readonly=True)
    verse = fields.Monetary(string="Versé", readonly=True)
    solde = fields.Monetary(string="Solde après", readonly=True, group_operator=None)

    def init(self):
        tools.drop_view_if_exists(self.env.cr, self._table)
        self.env.cr.execute("""
            CREATE VIEW cnas_mouvement_cotisant AS
            SELECT l.id, c.id AS cotisant_id, l.date, l.date_maturity AS echeance, l.move_name AS piece, l.name AS libelle,
                   l.debit AS appele, l.credit AS verse,
                   sum(l.balance) OVER (PARTITION BY c.id ORDER BY l.date, l.id) AS solde
              FROM cnas_cotisant c
              JOIN account_move_line l ON l.partner_id = c.partner_id AND l.parent_state = 'posted'
              JOIN res_company s ON s.id = l.company_id AND s.cnas_compte_cotisant_id = l.account_id
        """)
