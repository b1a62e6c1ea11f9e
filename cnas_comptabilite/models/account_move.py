from odoo import _, api, fields, models
from odoo.exceptions import UserError

# Ce qu'une pièce de la caisse dit, et qui ne se retouche pas.
FIGES_PIECE = frozenset(("date", "journal_id", "line_ids", "invoice_line_ids", "name", "ref", "state", "currency_id", "move_type", "partner_id",
                         "company_id", "reversed_entry_id"))
FIGES_LIGNE = frozenset(("account_id", "debit", "credit", "balance", "amount_currency", "currency_id", "date", "move_id", "journal_id", "name",
                         "partner_id", "tax_ids"))
# Ce qu'écrit la comptabilisation seule, de n'importe quelle pièce.
ORIGINE = frozenset(("cnas_modele", "cnas_res_id"))


class AccountMove(models.Model):
    """La pièce d'un fait de la caisse sait d'où elle vient, et ne se corrige que par la contre-passation de ce fait."""

    _inherit = "account.move"

    cnas_modele = fields.Char(string="Origine", readonly=True, copy=False, index="btree_not_null")
    cnas_res_id = fields.Many2oneReference(string="Dossier d'origine", model_field="cnas_modele", readonly=True, copy=False)
    fait_ids = fields.One2many("cnas.fait_comptable", "move_id", string="Faits", readonly=True)

    def _refuser_si_de_la_caisse(self):
        for piece in self:
            if piece.cnas_modele:
                raise UserError(_("La pièce %s vient d'un fait de la caisse : elle se corrige par la contre-passation de ce fait, jamais à la main.",
                                  piece.name))

    def write(self, vals):
        if ORIGINE & vals.keys():
            raise UserError(_("L'origine d'une pièce vient de « Comptabiliser » : elle ne se saisit pas."))
        if FIGES_PIECE & vals.keys():
            self._refuser_si_de_la_caisse()
        return super().write(vals)

    def unlink(self):
        self._refuser_si_de_la_caisse()
        return super().unlink()

    def button_draft(self):
        self._refuser_si_de_la_caisse()
        return super().button_draft()

    def _reverse_moves(self, default_values_list=None, cancel=False):
        self._refuser_si_de_la_caisse()
        return super()._reverse_moves(default_values_list, cancel)

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            vals.pop("cnas_modele", None)
            vals.pop("cnas_res_id", None)
        return super().create(vals_list)

    def action_ouvrir_origine(self):
        """Ouvre le décompte, le lot, l'indu… dont la pièce vient. Rend une action de fenêtre."""
        self.ensure_one()
        if not self.cnas_modele:
            raise UserError(_("Cette pièce a été saisie : elle n'a pas de dossier d'origine."))
        if self.cnas_modele == "cnas.facture":
            # Payée hors lot : ses ordres, que l'agent comptable lit ; la facture, elle, montre des feuilles de soins.
            action = self.env["ir.actions.act_window"]._for_xml_id("cnas_facturation.ordre_paiement_action")
            return {**action, "domain": [("facture_id", "=", self.cnas_res_id)], "context": {}}
        return {"type": "ir.actions.act_window", "res_model": self.cnas_modele, "res_id": self.cnas_res_id, "view_mode": "form"}


class AccountMoveLine(models.Model):
    """Les lignes d'une pièce de la caisse sont figées avec elle ; le lettrage, lui, reste possible."""

    _inherit = "account.move.line"

    @api.model_create_multi
    def create(self, vals_list):
        self._pieces_visees(vals_list)._refuser_si_de_la_caisse()
        return super().create(vals_list)

    def write(self, vals):
        if FIGES_LIGNE & vals.keys():
            (self.move_id | self._pieces_visees([vals]))._refuser_si_de_la_caisse()
        return super().write(vals)

    def unlink(self):
        self.move_id._refuser_si_de_la_caisse()
        return super().unlink()

    @api.model
    def _pieces_visees(self, vals_list):
        return self.env["account.move"].browse({vals["move_id"] for vals in vals_list if vals.get("move_id")})
