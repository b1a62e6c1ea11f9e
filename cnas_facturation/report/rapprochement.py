from odoo import fields, models, tools


class Rapprochement(models.Model):
    """Vue SQL : par facture, feuilles = facture = décompte = ordres = paiements, et l'écart."""

    _name = "cnas.rapprochement"
    _description = "Rapprochement liquidé, ordonnancé, payé"
    _inherit = ["cnas.montant.mixin"]
    _auto = False
    _order = "periode desc, id desc"

    facture_id = fields.Many2one("cnas.facture", string="Facture", readonly=True)
    formation_id = fields.Many2one("cnas.formation_sanitaire", string="Formation sanitaire", readonly=True)
    periode = fields.Date(string="Période", readonly=True)
    state = fields.Selection(
        lambda self: self.env["cnas.facture"]._fields["state"]._description_selection(self.env), string="État", readonly=True)
    montant_feuilles = fields.Monetary(string="Part CNAS des feuilles", readonly=True)
    montant_facture = fields.Monetary(string="Part CNAS de la facture", readonly=True)
    montant_decompte = fields.Monetary(string="Part CNAS du décompte", readonly=True)
    net_a_payer = fields.Monetary(string="Net à payer", readonly=True)
    montant_ordonnance = fields.Monetary(string="Ordonnancé", readonly=True)
    montant_paye = fields.Monetary(string="Payé", readonly=True)
    ecart = fields.Monetary(
        string="Écart", readonly=True, help="Somme des écarts entre étapes déjà franchies ; 0 : tout concorde.")

    def init(self):
        tools.drop_view_if_exists(self.env.cr, self._table)
        self.env.cr.execute("""
            CREATE VIEW cnas_rapprochement AS
            SELECT f.id, f.id AS facture_id, f.formation_id, f.periode, f.state,
                   COALESCE(fe.total, 0) AS montant_feuilles, COALESCE(f.montant_cnas, 0) AS montant_facture,
                   COALESCE(de.total, 0) AS montant_decompte, COALESCE(f.net_a_payer, 0) AS net_a_payer,
                   COALESCE(o.ordonnance, 0) AS montant_ordonnance, COALESCE(o.paye, 0) AS montant_paye,
                   ABS(COALESCE(fe.total, 0) - COALESCE(f.montant_cnas, 0))
                   + CASE WHEN f.state IN ('validee', 'ordonnancee', 'payee')
                          THEN ABS(COALESCE(de.total, 0) - f.montant_cnas) ELSE ABS(COALESCE(de.total, 0)) END
                   + CASE WHEN f.state IN ('ordonnancee', 'payee')
                          THEN ABS(COALESCE(o.ordonnance, 0) - f.net_a_payer) ELSE COALESCE(o.ordonnance, 0) END
                   + CASE WHEN f.state = 'payee' THEN ABS(COALESCE(o.paye, 0) - f.net_a_payer) ELSE 0 END AS ecart
              FROM cnas_facture f
              LEFT JOIN (SELECT facture_id, SUM(montant_cnas) AS total FROM cnas_feuille_soin
                          WHERE facture_id IS NOT NULL GROUP BY 1) fe ON fe.facture_id = f.id
              LEFT JOIN (SELECT facture_id, SUM(montant_cnas) AS total FROM cnas_decompte GROUP BY 1) de
                     ON de.facture_id = f.id
              LEFT JOIN (SELECT facture_id,
                                SUM(montant) FILTER (WHERE state IN ('emis', 'en_lot', 'transmis', 'paye')) AS ordonnance,
                                SUM(montant) FILTER (WHERE state = 'paye') AS paye
                           FROM cnas_ordre_paiement GROUP BY 1) o ON o.facture_id = f.id
             WHERE f.state NOT IN ('rejetee', 'annulee')
        """)
