from odoo import _, api, fields, models, tools

from odoo.addons.cnas_base.ecriture import ecrire_xlsx
from odoo.addons.cnas_base.jour import SQL_AUJOURDHUI, aujourd_hui
from odoo.addons.cnas_base.lecture import lire_date

# Un débit reste dû pour ce que les crédits du compte, imputés du plus ancien au plus récent, n'ont pas couvert.
REQUETE = """
WITH mouvements AS (
    SELECT c.id AS cotisant_id, l.balance AS montant, COALESCE(l.date_maturity, l.date) AS echeance, l.id
      FROM cnas_cotisant c
      JOIN account_move_line l ON l.partner_id = c.partner_id AND l.parent_state = 'posted' AND l.date <= {jour}
      JOIN res_company s ON s.id = l.company_id AND s.cnas_compte_cotisant_id = l.account_id
     WHERE true {condition}
), sommes AS (
    SELECT cotisant_id, sum(montant) AS solde, -sum(LEAST(montant, 0)) AS verse FROM mouvements GROUP BY cotisant_id
), dus AS (
    SELECT m.cotisant_id, m.echeance, GREATEST(0, LEAST(m.montant, sum(m.montant) OVER (
               PARTITION BY m.cotisant_id ORDER BY m.echeance, m.id) - s.verse)) AS reste
      FROM mouvements m JOIN sommes s ON s.cotisant_id = m.cotisant_id
     WHERE m.montant > 0
)
SELECT s.cotisant_id AS id, s.cotisant_id, max(s.solde) AS solde,
       COALESCE(sum(d.reste) FILTER (WHERE d.echeance < {jour}), 0) AS echu,
       COALESCE(sum(d.reste) FILTER (WHERE d.echeance >= {jour}), 0) AS non_echu,
       COALESCE(sum(d.reste) FILTER (WHERE d.echeance < {jour} AND d.echeance >= {jour} - 30), 0) AS j30,
       COALESCE(sum(d.reste) FILTER (WHERE d.echeance < {jour} - 30 AND d.echeance >= {jour} - 60), 0) AS j60,
       COALESCE(sum(d.reste) FILTER (WHERE d.echeance < {jour} - 60 AND d.echeance >= {jour} - 90), 0) AS j90,
       COALESCE(sum(d.reste) FILTER (WHERE d.echeance < {jour} - 90), 0) AS plus,
       min(d.echeance) FILTER (WHERE d.reste > 0) AS plus_ancienne
  FROM sommes s LEFT JOIN dus d ON d.cotisant_id = s.cotisant_id
 GROUP BY s.cotisant_id
"""


class BalanceAgee(models.Model):
    """La balance âgée des cotisants, aujourd'hui : ce que chacun doit, depuis combien de jours. À une autre date : `balance`."""

    _name = "cnas.balance_agee"
    _description = "Balance âgée des cotisants"
    _auto = False
    _inherit = ["cnas.montant.mixin"]
    _order = "echu desc, id"
    _rec_name = "cotisant_id"

    cotisant_id = fields.Many2one("cnas.cotisant", string="Cotisant", readonly=True)
    matricule = fields.Char(related="cotisant_id.matricule", string="Matricule")
    type_cotisant = fields.Selection(related="cotisant_id.type_cotisant", string="Sorte", store=False)
    solde = fields.Monetary(string="Solde dû", readonly=True)
    echu = fields.Monetary(string="Échu", readonly=True)
    non_echu = fields.Monetary(string="Pas encore échu", readonly=True)
    j30 = fields.Monetary(string="1 à 30 jours", readonly=True)
    j60 = fields.Monetary(string="31 à 60 jours", readonly=True)
    j90 = fields.Monetary(string="61 à 90 jours", readonly=True)
    plus = fields.Monetary(string="Plus de 90 jours", readonly=True)
    plus_ancienne = fields.Date(string="Dû depuis le", readonly=True)

    def init(self):
        tools.drop_view_if_exists(self.env.cr, self._table)
        self.env.cr.execute(f"CREATE VIEW cnas_balance_agee AS {self._requete(SQL_AUJOURDHUI, '')}")  # pylint: disable=sql-injection

    @api.model
    def _requete(self, jour, condition):
        """Rend le SQL de la balance. Entrées : l'expression du jour, une condition sur « c » ; l'une et l'autre écrites par le code."""
        return REQUETE.format(jour=jour, condition=condition)

    @api.model
    def balance(self, date=None):
        """Rend la balance âgée un jour donné : [{"cotisant", "matricule", "solde", "echu", "non_echu", "j30", "j60", "j90", "plus"}].

        :param str date: AAAA-MM-JJ, aujourd'hui par défaut
        :raise UserError: date illisible
        """
        self.check_access_rights("read")
        jour = lire_date(date, aujourd_hui(), _("Date"), stricte=True)
        cotisants = self.env["cnas.cotisant"].search([])
        situations = cotisants._situation_au(jour)
        return [{"cotisant": c.name, "matricule": c.matricule or "", **{
            cle: int(situations[c.id][cle]) for cle in ("solde", "echu", "non_echu", "j30", "j60", "j90", "plus")}}
            for c in cotisants if c.id in situations]

    @api.model
    def _classeur(self, jour):
        """Rend les octets du classeur de la balance à ce jour."""
        titres = [_("Matricule"), _("Cotisant"), _("Solde dû"), _("Échu"), _("Pas encore échu"), _("1 à 30 jours"), _("31 à 60 jours"),
                  _("61 à 90 jours"), _("Plus de 90 jours")]
        rangs = [(rang["matricule"], rang["cotisant"], *(rang[cle] for cle in ("solde", "echu", "non_echu", "j30", "j60", "j90", "plus")))
                 for rang in self.balance(str(jour))]
        return ecrire_xlsx(titres, rangs, _("Balance âgée"))
