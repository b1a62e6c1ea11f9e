from psycopg2.extras import Json

from odoo import _, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.jour import aujourd_hui

# Une pièce passée, telle que le module `account` l'écrirait : un essai compare les deux, colonne à colonne.
SQL_PIECES = """
INSERT INTO account_move (
    name, sequence_prefix, sequence_number, ref, date, journal_id, company_id, currency_id, state, move_type, auto_post, payment_state,
    posted_before, always_tax_exigible, is_storno, invoice_date_due, amount_untaxed, amount_tax, amount_residual, amount_untaxed_signed,
    amount_tax_signed, amount_residual_signed, amount_total, amount_total_signed, amount_total_in_currency_signed,
    cnas_cotisation, create_uid, write_uid, create_date, write_date)
SELECT p.name, regexp_replace(p.name, '[0-9]+$', ''), substring(p.name FROM '[0-9]+$')::int, p.ref, p.date, p.journal_id,
       %(societe)s, %(monnaie)s, 'posted', 'entry', 'no', 'not_paid', true, true, false, %(jour)s, 0, 0, 0, 0, 0, 0,
       p.total, p.total, p.total, true, %(uid)s, %(uid)s, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
  FROM jsonb_to_recordset(%(pieces)s) AS p (rang int, name text, ref text, date date, journal_id int, total numeric)
 ORDER BY p.rang
RETURNING id
"""
SQL_LIGNES = """
INSERT INTO account_move_line (
    move_id, move_name, parent_state, ref, date, journal_id, company_id, company_currency_id, currency_id, account_id, account_root_id,
    partner_id, name, display_type, sequence, date_maturity, debit, credit, balance, amount_currency, amount_residual,
    amount_residual_currency, quantity, price_unit, price_subtotal, price_total, discount, tax_tag_invert, reconciled, blocked,
    create_uid, write_uid, create_date, write_date)
SELECT m.id, m.name, 'posted', m.ref, m.date, m.journal_id, m.company_id, m.currency_id, m.currency_id, a.id, a.root_id,
       l.partner_id, l.libelle, 'product', 100, l.echeance, greatest(l.montant, 0), greatest(-l.montant, 0), l.montant, l.montant,
       CASE WHEN a.reconcile THEN l.montant ELSE 0 END, CASE WHEN a.reconcile THEN l.montant ELSE 0 END,
       1, 0, 0, 0, 0, false, false, false, %(uid)s, %(uid)s, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
  FROM jsonb_to_recordset(%(lignes)s) AS l (rang int, move_id int, account_id int, partner_id int, libelle text, echeance date, montant numeric)
  JOIN account_move m ON m.id = l.move_id
  JOIN account_account a ON a.id = l.account_id
 ORDER BY l.rang
"""


# Ce qu'une pièce et ses écritures disent, et qui ne se retouche pas ; le lettrage, lui, reste possible.
FIGES_PIECE = frozenset(("cnas_cotisation", "company_id", "currency_id", "date", "journal_id", "line_ids", "move_type", "name", "state"))
FIGES_LIGNE = frozenset(("account_id", "amount_currency", "balance", "credit", "date", "date_maturity", "debit", "journal_id", "move_id", "partner_id"))


class AccountMove(models.Model):
    """Les pièces des cotisations : posées par lots, et qui ne se défont que par une contre-passation de leur document."""

    _inherit = "account.move"

    cnas_cotisation = fields.Boolean(string="Pièce de cotisation", readonly=True, copy=False)

    @api.model
    def _cnas_poser(self, pieces):
        """Pose des pièces passées, en deux requêtes quel que soit leur nombre : l'ORM en ferait une douzaine par pièce.

        :param pieces: [{"name", "ref", "date", "journal_id", "lignes": [(compte, partenaire, libellé, échéance, montant)]}] ;
            un montant positif est un débit
        :return: les pièces, dans l'ordre
        :raise UserError: pièce qui ne s'équilibre pas, ou période close
        """
        if not pieces:
            return self.browse()
        societe = self.env["res.company"]._cnas_societe()
        societe._cnas_exiger_periode_ouverte({piece["date"] for piece in pieces})
        for piece in pieces:
            if not (piece["journal_id"] and all(ligne[0] for ligne in piece["lignes"])):
                raise UserError(_("Un journal ou un compte des cotisations n'est pas réglé sur la société : la pièce %s ne s'écrit pas.", piece["name"]))
            if sum(ligne[4] for ligne in piece["lignes"]):
                raise UserError(_("La pièce %s ne s'équilibre pas.", piece["name"]))
        self.env.flush_all()
        commun = {"societe": societe.id, "monnaie": societe.currency_id.id, "uid": self.env.uid, "jour": aujourd_hui()}
        self.env.cr.execute(SQL_PIECES, {**commun, "pieces": Json([
            {"rang": rang, "name": piece["name"], "ref": piece["ref"], "date": str(piece["date"]), "journal_id": piece["journal_id"],
             "total": sum(max(ligne[4], 0) for ligne in piece["lignes"])} for rang, piece in enumerate(pieces)])})
        ids = [identifiant for identifiant, in self.env.cr.fetchall()]
        self.env.cr.execute(SQL_LIGNES, {**commun, "lignes": Json([
            {"rang": rang, "move_id": ids[place], "account_id": compte, "partner_id": partenaire, "libelle": libelle,
             "echeance": str(echeance) if echeance else None, "montant": montant}
            for rang, (place, (compte, partenaire, libelle, echeance, montant)) in enumerate(
                (place, ligne) for place, piece in enumerate(pieces) for ligne in piece["lignes"] if ligne[4])])})
        self.invalidate_model()
        self.line_ids.invalidate_model()
        return self.browse(ids)

    @api.model
    def _cnas_rattacher(self, documents, pieces, lien, solde, **valeurs):
        """Dit à chaque document sa pièce et l'écriture de son tiers, en deux requêtes.

        :param documents: appels ou encaissements, un par pièce
        :param lien: le champ du document qui porte l'écriture du tiers
        :param solde: le champ qui vaut d'abord tout le montant (le reste dû, ce qui n'est pas imputé)
        """
        compte = self.env["res.company"]._cnas_societe().cnas_compte_cotisant_id
        poses = {f"{champ} = %({champ})s" for champ in valeurs}
        documents.flush_recordset()
        self.env.cr.execute(f"""
            UPDATE {documents._table} d SET {", ".join(("move_id = l.move_id", f"{lien} = l.id", f"{solde} = d.montant", *sorted(poses)))}
              FROM unnest(%(documents)s, %(pieces)s) AS p (document_id, move_id)
              JOIN account_move_line l ON l.move_id = p.move_id AND l.account_id = %(compte)s
             WHERE d.id = p.document_id""", {"documents": documents.ids, "pieces": pieces.ids, "compte": compte.id, **valeurs})
        documents.invalidate_recordset()

    @api.model
    def _cnas_contrepasser(self, pieces, noms, jour):
        """Pose la pièce inverse de chacune, à `jour`, et lettre les deux. Rend les contre-passations.

        L'écriture inverse garde l'échéance de l'autre : un chèque impayé ne rajeunit pas la dette.

        :param pieces: les pièces d'origine, une par nom
        """
        inverses = self._cnas_poser([{
            "name": nom, "ref": _("Annulation de %s", piece.name), "date": jour, "journal_id": piece.journal_id.id,
            "lignes": [(ligne.account_id.id, ligne.partner_id.id, _("Annulation : %s", ligne.name), ligne.date_maturity or None,
                        -ligne.balance) for ligne in piece.line_ids]} for piece, nom in zip(pieces, noms)])
        compte = self.env["res.company"]._cnas_societe().cnas_compte_cotisant_id
        plans = [(piece | inverse).line_ids.filtered(lambda ligne: ligne.account_id == compte) for piece, inverse in zip(pieces, inverses)]
        self.env["account.move.line"].union(*plans).remove_move_reconcile()
        self.env["account.move.line"]._reconcile_plan(plans)
        return inverses

    # ------------------------------------------------------------------ ce qui ne se défait pas ici
    @api.model_create_multi
    def create(self, vals_list):
        return super().create([{champ: valeur for champ, valeur in vals.items() if champ != "cnas_cotisation"} for vals in vals_list])

    def write(self, vals):
        if FIGES_PIECE & vals.keys():
            self._cnas_refuser_de_defaire()
        return super().write(vals)

    def button_draft(self):
        """Une pièce de cotisation se corrige depuis son appel ou son encaissement."""
        self._cnas_refuser_de_defaire()
        return super().button_draft()

    def button_cancel(self):
        """Une pièce de cotisation s'annule depuis son appel ou son encaissement."""
        self._cnas_refuser_de_defaire()
        return super().button_cancel()

    def _reverse_moves(self, default_values_list=None, cancel=False):
        self._cnas_refuser_de_defaire()
        return super()._reverse_moves(default_values_list, cancel)

    def unlink(self):
        self._cnas_refuser_de_defaire()
        return super().unlink()

    def _cnas_refuser_de_defaire(self):
        if any(piece.cnas_cotisation for piece in self.sudo()):
            raise UserError(_("Cette pièce vient d'un appel ou d'un encaissement : annulez-le, il se contre-passe."))

    def _get_last_sequence_domain(self, relaxed=False):
        """Une pièce saisie à la main dans nos journaux suit sa propre suite : elle ne prend pas le numéro du reçu suivant."""
        ou, parametres = super()._get_last_sequence_domain(relaxed)
        return f"{ou} AND cnas_cotisation IS NOT TRUE ", parametres


class AccountMoveLine(models.Model):
    """Les écritures d'une pièce de cotisation sont figées avec elle : le solde d'un cotisant s'y lit."""

    _inherit = "account.move.line"

    @api.model_create_multi
    def create(self, vals_list):
        self.env["account.move"].browse({vals["move_id"] for vals in vals_list if vals.get("move_id")})._cnas_refuser_de_defaire()
        return super().create(vals_list)

    def write(self, vals):
        if FIGES_LIGNE & vals.keys():
            self.move_id._cnas_refuser_de_defaire()
        return super().write(vals)

    def unlink(self):
        self.move_id._cnas_refuser_de_defaire()
        return super().unlink()
