from odoo import fields, models, tools

from odoo.addons.cnas_base.jour import SQL_AUJOURDHUI

TRANCHES = [
    ("00", "Moins de 5 ans"), ("05", "5 à 14 ans"), ("15", "15 à 24 ans"), ("25", "25 à 49 ans"),
    ("50", "50 à 64 ans"), ("65", "65 ans et plus"), ("nd", "Âge inconnu"),
]


class Population(models.Model):
    """Un assuré immatriculé, en chiffres à additionner : ce que compte le tableau « Population ». Lecture seule.

    | qui | peut |
    |---|---|
    | superviseur | lire |
    """

    _name = "cnas.population"
    _description = "Population protégée"
    _auto = False
    _rec_name = "assure_id"

    assure_id = fields.Many2one("cnas.assure", string="Assuré", readonly=True)
    regime_id = fields.Many2one("cnas.regime", string="Régime", readonly=True)
    province_id = fields.Many2one("cnas.province", string="Province", readonly=True)
    genre = fields.Selection([("masculin", "Masculin"), ("feminin", "Féminin")], string="Genre", readonly=True)
    tranche_age = fields.Selection(TRANCHES, string="Tranche d'âge", readonly=True)
    date_immatriculation = fields.Date(string="Immatriculé le", readonly=True)
    immatricules = fields.Integer(string="Immatriculés", readonly=True)
    actifs = fields.Integer(string="Actifs", readonly=True)
    principaux = fields.Integer(string="Assurés principaux", readonly=True)
    ayants_droit = fields.Integer(string="Ayants droit", readonly=True)

    def init(self):
        tools.drop_view_if_exists(self.env.cr, self._table)
        # pylint: disable=sql-injection
        self.env.cr.execute(f"""
            CREATE VIEW cnas_population AS
            SELECT a.id, a.id AS assure_id, a.regime_id, a.province_id, a.genre, a.date_immatriculation,
                   CASE WHEN a.date_naissance IS NULL THEN 'nd'
                        WHEN a.date_naissance > {SQL_AUJOURDHUI} - interval '5 years' THEN '00'
                        WHEN a.date_naissance > {SQL_AUJOURDHUI} - interval '15 years' THEN '05'
                        WHEN a.date_naissance > {SQL_AUJOURDHUI} - interval '25 years' THEN '15'
                        WHEN a.date_naissance > {SQL_AUJOURDHUI} - interval '50 years' THEN '25'
                        WHEN a.date_naissance > {SQL_AUJOURDHUI} - interval '65 years' THEN '50'
                        ELSE '65' END AS tranche_age,
                   1 AS immatricules,
                   (a.state = 'actif')::int AS actifs,
                   (a.type_assure = 'principal')::int AS principaux,
                   (a.type_assure = 'ayant_droit')::int AS ayants_droit
              FROM cnas_assure a
             WHERE a.active AND a.state <> 'brouillon'
        """)
