from odoo import fields, models, tools

from odoo.addons.cnas_base.jour import sql_jour


class DelaiMois(models.Model):
    """Délai de décision par mois de réception : médiane et 90e centile, que la moyenne cache. Lecture seule.

    | qui | peut |
    |---|---|
    | superviseur, ordonnateur | lire |
    """

    _name = "cnas.delai_mois"
    _description = "Délais de décision par mois"
    _auto = False
    _order = "mois"
    _rec_name = "mois"

    mois = fields.Date(string="Mois de réception", readonly=True)
    decisions = fields.Integer(string="Décisions", readonly=True)
    mediane = fields.Float(string="Médiane (jours)", readonly=True, group_operator="max")
    p90 = fields.Float(string="90e centile (jours)", readonly=True, group_operator="max")

    def init(self):
        tools.drop_view_if_exists(self.env.cr, self._table)
        delai = f"greatest({sql_jour('date_decision')} - date_depot, 0)"
        # pylint: disable=sql-injection
        self.env.cr.execute(f"""
            CREATE VIEW cnas_delai_mois AS
            SELECT to_char(date_trunc('month', date_depot), 'YYYYMM')::int AS id,
                   date_trunc('month', date_depot)::date AS mois,
                   count(*)::int AS decisions,
                   percentile_cont(0.5) WITHIN GROUP (ORDER BY {delai}) AS mediane,
                   percentile_cont(0.9) WITHIN GROUP (ORDER BY {delai}) AS p90
              FROM cnas_feuille_soin
             WHERE state IN ('validee', 'payee', 'rejetee') AND date_decision IS NOT NULL
             GROUP BY date_trunc('month', date_depot)
        """)
