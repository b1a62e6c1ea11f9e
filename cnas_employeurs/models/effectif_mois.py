from odoo import fields, models, tools

from odoo.addons.cnas_base.jour import SQL_AUJOURDHUI


class EffectifMois(models.Model):
    """Courbe de l'effectif : salariés présents au dernier jour de chaque mois, sur trois ans. Lecture seule."""

    _name = "cnas.effectif_mois"
    _description = "Effectif par mois"
    _auto = False
    _order = "mois"

    employeur_id = fields.Many2one("cnas.employeur", string="Employeur", readonly=True)
    type_employeur = fields.Selection(related="employeur_id.type_employeur", string="Type d'employeur")
    mois = fields.Date(string="Mois", readonly=True)
    effectif = fields.Integer(string="Effectif", readonly=True, group_operator="sum")

    def init(self):
        tools.drop_view_if_exists(self.env.cr, self._table)
        # pylint: disable=sql-injection
        self.env.cr.execute(f"""
            CREATE VIEW cnas_effectif_mois AS
            SELECT (e.employeur_id::bigint * 100000 + extract(year FROM m) * 12 + extract(month FROM m))::bigint AS id,
                   e.employeur_id,
                   m::date AS mois,
                   count(*) FILTER (
                       WHERE e.date_debut <= (m + interval '1 month - 1 day')::date
                         AND (e.date_fin IS NULL OR e.date_fin >= (m + interval '1 month - 1 day')::date)
                   )::int AS effectif
              FROM cnas_emploi e
             CROSS JOIN generate_series(
                       date_trunc('month', {SQL_AUJOURDHUI}) - interval '35 months',
                       date_trunc('month', {SQL_AUJOURDHUI}), interval '1 month') m
             GROUP BY e.employeur_id, m
        """)
