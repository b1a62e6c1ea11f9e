from odoo import fields, models, tools
from odoo.tools import SQL

from odoo.addons.cnas_base.jour import SQL_AUJOURDHUI, sql_jour

TRANCHES = [
    ("1", "Moins de 7 jours"), ("2", "7 à 30 jours"), ("3", "31 à 60 jours"), ("4", "61 à 90 jours"),
    ("5", "Plus de 90 jours"),
]

# Ce qu'une moyenne cache : ces délais se regroupent par leur quantile.
QUANTILES = {"mediane": 0.5, "p90": 0.9}


class FeuilleAnalyse(models.Model):
    """Une feuille déposée, en chiffres à additionner : ce que comptent les tableaux de bord. Lecture seule.

    Chaque indicateur est un 0 ou un 1 rattaché à la date de **réception** : un taux de traitement est alors
    celui d'une cohorte, jamais le quotient de deux mois différents.

    | qui | peut |
    |---|---|
    | superviseur, ordonnateur | lire ; aucun diagnostic n'y figure |
    """

    _name = "cnas.feuille_analyse"
    _description = "Analyse des feuilles de soins"
    _inherit = ["cnas.circuit.mixin", "cnas.montant.mixin"]
    _auto = False
    _order = "date_depot desc"
    _rec_name = "feuille_id"
    _cloison_agence, _cloison_usager = ("agence_id",), ("controleur_id",)

    feuille_id = fields.Many2one("cnas.feuille_soin", string="Feuille de soins", readonly=True)
    date_depot = fields.Date(string="Date de réception", readonly=True)
    date_soins = fields.Date(string="Date des soins", readonly=True)
    state = fields.Selection(
        selection=lambda self: self.env["cnas.feuille_soin"]._fields["state"]._description_selection(self.env), string="État", readonly=True)
    nature = fields.Selection(
        selection=lambda self: self.env["cnas.feuille_soin"]._fields["nature"]._description_selection(self.env), string="Nature", readonly=True)
    agence_id = fields.Many2one("cnas.agence", string="Agence", readonly=True)
    controleur_id = fields.Many2one("res.users", string="Contrôleur", readonly=True)
    formation_id = fields.Many2one("cnas.formation_sanitaire", string="Formation sanitaire", readonly=True)
    niveau = fields.Integer(string="Niveau au dépôt", readonly=True, group_operator="max")
    province_id = fields.Many2one("cnas.province", string="Province", readonly=True)
    regime_id = fields.Many2one("cnas.regime", string="Régime à la date des soins", readonly=True)
    age_stock = fields.Selection(TRANCHES, string="Âge du stock", readonly=True)

    recues = fields.Integer(string="Reçues", readonly=True)
    traitees = fields.Integer(string="Traitées", readonly=True, help="Validées, payées ou rejetées.")
    en_stock = fields.Integer(string="En stock", readonly=True, help="Reçues, pas encore décidées.")
    en_instance = fields.Integer(string="En instance", readonly=True)
    rejetees = fields.Integer(string="Rejetées", readonly=True)
    droits_fermes = fields.Integer(string="Droits fermés", readonly=True)
    automatiques = fields.Integer(string="Décidées sans intervention", readonly=True)
    delai = fields.Float(
        string="Délai moyen (jours)", readonly=True, group_operator="avg", help="De la réception à la décision.")

    mediane = fields.Float(string="Délai médian (jours)", readonly=True, group_operator="avg")
    p90 = fields.Float(string="Délai, 90e centile (jours)", readonly=True, group_operator="avg")

    montant_facture = fields.Monetary(string="Facturé", readonly=True)
    montant_base = fields.Monetary(string="Base", readonly=True)
    montant_cnas = fields.Monetary(string="Part CNAS", readonly=True)
    ticket_moderateur = fields.Monetary(string="Ticket modérateur", readonly=True)
    depassement = fields.Monetary(string="Dépassement", readonly=True)
    montant_rejete = fields.Monetary(string="Rejeté", readonly=True)

    def init(self):
        tools.drop_view_if_exists(self.env.cr, self._table)
        # pylint: disable=sql-injection
        self.env.cr.execute(f"""
            CREATE VIEW cnas_feuille_analyse AS
            SELECT feuille.*, delai AS mediane, delai AS p90 FROM (
            SELECT f.id, f.id AS feuille_id, f.date_depot, f.date_soins, f.state, f.nature,
                   f.agence_id, f.controleur_id, f.formation_id, f.niveau_formation AS niveau, o.province_id,
                   f.regime_id,
                   1 AS recues,
                   (f.state IN ('validee', 'payee', 'rejetee'))::int AS traitees,
                   (f.state NOT IN ('validee', 'payee', 'rejetee'))::int AS en_stock,
                   (f.state = 'instance')::int AS en_instance,
                   (f.state = 'rejetee')::int AS rejetees,
                   (f.etat_droits = 'fermes')::int AS droits_fermes,
                   (f.state IN ('validee', 'payee', 'rejetee') AND f.decidee_par_id IS NULL)::int AS automatiques,
                   CASE WHEN f.date_decision IS NOT NULL
                        THEN greatest({sql_jour("f.date_decision")} - f.date_depot, 0)::float END AS delai,
                   CASE WHEN f.state IN ('validee', 'payee', 'rejetee') THEN NULL
                        WHEN {SQL_AUJOURDHUI} - f.date_depot < 7 THEN '1'
                        WHEN {SQL_AUJOURDHUI} - f.date_depot <= 30 THEN '2'
                        WHEN {SQL_AUJOURDHUI} - f.date_depot <= 60 THEN '3'
                        WHEN {SQL_AUJOURDHUI} - f.date_depot <= 90 THEN '4'
                        ELSE '5' END AS age_stock,
                   f.montant_facture, f.montant_base, f.montant_cnas, f.ticket_moderateur, f.depassement,
                   f.montant_rejete
              FROM cnas_feuille_soin f
              LEFT JOIN cnas_formation_sanitaire o ON o.id = f.formation_id
             WHERE f.state NOT IN ('brouillon', 'annulee')) feuille
        """)

    def _read_group_select(self, aggregate_spec, query):
        """La médiane et le 90e centile d'un groupe se calculent sur ses feuilles, quel que soit le filtre."""
        champ = aggregate_spec.split(":")[0]
        if champ not in QUANTILES:
            return super()._read_group_select(aggregate_spec, query)
        colonne = self._field_to_sql(self._table, champ, query)
        return SQL("percentile_cont(%s) WITHIN GROUP (ORDER BY %s)", QUANTILES[champ], colonne), [champ]
