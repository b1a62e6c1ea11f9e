from odoo import fields, models, tools

from odoo.addons.cnas_base.jour import sql_jour


class FactureChiffres(models.Model):
    """Une facture soumise, en chiffres à additionner : ce que compte le tableau « Formations ». Lecture seule.

    | qui | peut |
    |---|---|
    | superviseur, ordonnateur | lire |
    """

    _name = "cnas.facture_chiffres"
    _description = "Chiffres des factures"
    _inherit = "cnas.montant.mixin"
    _auto = False
    _order = "periode desc"
    _rec_name = "facture_id"

    facture_id = fields.Many2one("cnas.facture", string="Facture", readonly=True)
    formation_id = fields.Many2one("cnas.formation_sanitaire", string="Formation sanitaire", readonly=True)
    niveau = fields.Integer(
        string="Niveau", readonly=True, group_operator="max", help="Celui de la formation au dépôt des feuilles.")
    periode = fields.Date(string="Mois facturé", readonly=True)
    factures = fields.Integer(string="Factures", readonly=True)
    payees = fields.Integer(string="Payées", readonly=True)
    a_payer = fields.Monetary(string="Reste à payer", readonly=True, help="Part CNAS validée, pas encore payée.")
    paye = fields.Monetary(string="Payé", readonly=True)
    delai = fields.Float(
        string="Délai de paiement (jours)", readonly=True, group_operator="avg", help="De la soumission au paiement.")

    def init(self):
        tools.drop_view_if_exists(self.env.cr, self._table)
        # pylint: disable=sql-injection
        self.env.cr.execute(f"""
            CREATE VIEW cnas_facture_chiffres AS
            SELECT f.id, f.id AS facture_id, f.formation_id,
                   (SELECT max(fs.niveau_formation) FROM cnas_feuille_soin fs WHERE fs.facture_id = f.id) AS niveau,
                   f.periode,
                   1 AS factures,
                   (f.state = 'payee')::int AS payees,
                   CASE WHEN f.state IN ('validee', 'ordonnancee') AND f.net_a_payer > 0 THEN f.montant_cnas ELSE 0 END AS a_payer,
                   CASE WHEN f.state = 'payee' THEN f.montant_cnas ELSE 0 END AS paye,
                   CASE WHEN f.state = 'payee' AND f.date_soumission IS NOT NULL
                        THEN greatest(f.date_paiement - {sql_jour("f.date_soumission")}, 0)::float END AS delai
              FROM cnas_facture f
             WHERE f.formation_id IS NOT NULL AND f.state NOT IN ('brouillon', 'annulee')
        """)
