from psycopg2.extras import Json

from odoo import api, models

# Ce qui est dû et ce qui est versé, bout à bout du plus ancien au plus récent : deux règles graduées en francs ; là où elles se recouvrent, on lettre.
SQL_MORCEAUX = """
WITH ouvertes AS (
    SELECT l.id, l.partner_id, l.company_id, l.currency_id, l.date, l.amount_residual > 0 AS due, abs(l.amount_residual) AS reste,
           sum(abs(l.amount_residual)) OVER (
               PARTITION BY l.partner_id, l.amount_residual > 0 ORDER BY COALESCE(l.date_maturity, l.date), l.id) AS fin
      FROM account_move_line l
     WHERE l.account_id = %s AND l.partner_id = ANY(%s) AND l.parent_state = 'posted' AND NOT l.reconciled AND l.amount_residual <> 0
       AND l.currency_id = l.company_currency_id),
morceaux AS (
    SELECT d.id AS due_id, v.id AS versee_id, d.company_id, d.currency_id, greatest(d.date, v.date) AS jour,
           least(d.fin, v.fin) - greatest(d.fin - d.reste, v.fin - v.reste) AS montant
      FROM ouvertes d
      JOIN ouvertes v ON v.partner_id = d.partner_id AND NOT v.due AND v.fin - v.reste < d.fin AND d.fin - d.reste < v.fin
     WHERE d.due)
INSERT INTO account_partial_reconcile (
    debit_move_id, credit_move_id, amount, debit_amount_currency, credit_amount_currency, debit_currency_id, credit_currency_id, company_id,
    max_date, create_uid, write_uid, create_date, write_date)
SELECT due_id, versee_id, montant, montant, montant, currency_id, currency_id, company_id, jour, %s, %s,
       now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
  FROM morceaux ORDER BY due_id, versee_id
RETURNING id, debit_move_id, credit_move_id
"""
SQL_RESTES = """
UPDATE account_move_line l
   SET amount_residual = l.amount_residual - p.lettre, amount_residual_currency = l.amount_residual_currency - p.lettre,
       reconciled = l.amount_residual = p.lettre
  FROM (SELECT x.ligne_id, sum(x.montant) AS lettre
          FROM account_partial_reconcile r, LATERAL (VALUES (r.debit_move_id, r.amount), (r.credit_move_id, -r.amount)) AS x (ligne_id, montant)
         WHERE r.id = ANY(%s) GROUP BY 1) AS p, account_move m
 WHERE l.id = p.ligne_id AND m.id = l.move_id
RETURNING l.id, m.cnas_cotisation
"""
# Un groupe de lignes qui se lettrent entre elles et ne laissent rien est soldé : il prend un numéro de lettrage.
SQL_SOLDES = """
SELECT array_agg(id) FROM account_move_line
 WHERE matching_number = ANY(SELECT matching_number FROM account_move_line WHERE id = ANY(%s)) AND matching_number LIKE 'P%%'
 GROUP BY matching_number HAVING bool_and(reconciled)
"""
SQL_NUMEROS = """
WITH neufs AS (
    INSERT INTO account_full_reconcile (create_uid, write_uid, create_date, write_date)
    SELECT %s, %s, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC' FROM generate_series(1, %s) RETURNING id)
SELECT id FROM neufs ORDER BY id
"""
SQL_NUMEROTER = """
WITH groupes AS (SELECT g.numero, unnest(ARRAY(SELECT jsonb_array_elements_text(g.lignes)::int)) AS ligne_id
                   FROM jsonb_to_recordset(%s) AS g (numero int, lignes jsonb)),
lignes AS (UPDATE account_move_line l SET full_reconcile_id = g.numero, matching_number = g.numero::text FROM groupes g WHERE l.id = g.ligne_id)
UPDATE account_partial_reconcile r SET full_reconcile_id = g.numero FROM groupes g WHERE r.debit_move_id = g.ligne_id
"""
# Ce que nos documents gardent du reste de leur écriture : les mêmes valeurs que leurs calculs, d'un coup.
SQL_APPELS = """
UPDATE cnas_appel_cotisation a
   SET reste = l.amount_residual, paiement = CASE l.amount_residual WHEN 0 THEN 'paye' WHEN a.montant THEN 'a_payer' ELSE 'partiel' END
  FROM account_move_line l WHERE l.id = a.ligne_due_id AND a.state = 'emis' AND l.id = ANY(%s)
"""
SQL_RECUS = """
UPDATE cnas_encaissement e SET trop_percu = -l.amount_residual
  FROM account_move_line l WHERE l.id = e.ligne_id AND e.state = 'encaisse' AND l.id = ANY(%s)
"""


class AccountMoveLine(models.Model):
    """Le lettrage des cotisants, par lots : `account` écrit un reste par ligne qu'il touche ; ici, le nombre de requêtes est constant.

    `reconcile()` sur tout le lot lettrerait un employeur avec un autre ; un plan par employeur, mesuré, coûte 88 requêtes à cinq versements et
    118 à vingt, contre 45.

    Les écritures sont celles d'`account` (un essai les compare) : il les lit, les montre et les défait comme les siennes. Tout est en francs :
    ni change, ni taxe à l'encaissement ; une écriture passée en devise se lettre à la main.
    """

    _inherit = "account.move.line"

    @api.model
    def _cnas_lettrer(self, partenaires, compte):
        """Lettre ce que ces tiers doivent et ce qu'ils ont versé sur ce compte, du plus ancien au plus récent."""
        self.env.flush_all()
        cr, uid = self.env.cr, self.env.uid
        cr.execute(SQL_MORCEAUX, [compte.id, partenaires.ids, uid, uid])
        morceaux = cr.fetchall()
        if not morceaux:
            return
        touchees = self.browse({ligne for _id, *deux in morceaux for ligne in deux})
        cr.execute(SQL_RESTES, [[identifiant for identifiant, *_deux in morceaux]])
        etrangeres = self.browse([ligne for ligne, notre in cr.fetchall() if not notre])
        self.invalidate_model()
        # Le numéro provisoire de chaque groupe est celui qu'`account` donne.
        self.env["account.partial.reconcile"]._update_matching_number(touchees)
        self.env.flush_all()
        self._cnas_numeroter_soldes(touchees)
        for requete in (SQL_APPELS, SQL_RECUS):
            cr.execute(requete, [touchees.ids])
        self.invalidate_model()
        self.env["account.partial.reconcile"].invalidate_model()
        self.env["cnas.appel_cotisation"].invalidate_model(["reste", "paiement", "en_retard"])
        self.env["cnas.encaissement"].invalidate_model(["trop_percu"])
        # Une facture ou un règlement d'`account` sur ce compte tient son état de ces restes.
        etrangeres.modified(["amount_residual", "amount_residual_currency", "reconciled"])

    @api.model
    def _cnas_numeroter_soldes(self, touchees):
        cr, uid = self.env.cr, self.env.uid
        cr.execute(SQL_SOLDES, [touchees.ids])
        groupes = [lignes for lignes, in cr.fetchall()]
        if groupes:
            cr.execute(SQL_NUMEROS, [uid, uid, len(groupes)])
            cr.execute(SQL_NUMEROTER, [Json([{"numero": numero, "lignes": lignes} for (numero,), lignes in zip(cr.fetchall(), groupes)])])
