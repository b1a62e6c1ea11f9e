from odoo import _, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.ecriture import ecrire_date

# champ de la société : (numéro proposé, libellé, genre de compte, lettrable)
COMPTES = {
    "cnas_compte_cotisant_id": ("411900", "Cotisants", "asset_receivable", True),
    "cnas_compte_part_employeur_id": ("706910", "Cotisations, part patronale", "income", False),
    "cnas_compte_part_salarie_id": ("706920", "Cotisations, part salariale", "income", False),
    "cnas_compte_independant_id": ("706930", "Cotisations des indépendants", "income", False),
    "cnas_compte_dotation_id": ("706940", "Dotation de l'État, assistance médicale", "income", False),
    "cnas_compte_majoration_id": ("706950", "Majorations de retard", "income", False),
}
# champ de la société : (code, nom, genre de journal, compte par défaut : celui que débite un encaissement)
JOURNAUX = {
    "cnas_journal_appel_id": ("COTI", "Appels de cotisation", "general", None),
    "cnas_journal_banque_id": ("COTB", "Encaissements de cotisations, banque", "bank", ("521900", "Banque, cotisations", "asset_cash", False)),
    "cnas_journal_mobile_id": ("COTM", "Encaissements de cotisations, mobile money", "bank", ("552900", "Mobile money, cotisations", "asset_cash", False)),
    "cnas_journal_caisse_id": ("COTC", "Encaissements de cotisations, guichet", "cash", ("571900", "Caisse, cotisations", "asset_cash", False)),
}


class ResCompany(models.Model):
    """Les comptes et les journaux des cotisations de la caisse ; le plan de comptes les remplace en les réglant ici."""

    _inherit = "res.company"

    cnas_compte_cotisant_id = fields.Many2one("account.account", string="Compte des cotisants", ondelete="set null")
    cnas_compte_part_employeur_id = fields.Many2one("account.account", string="Compte de la part patronale", ondelete="set null")
    cnas_compte_part_salarie_id = fields.Many2one("account.account", string="Compte de la part salariale", ondelete="set null")
    cnas_compte_independant_id = fields.Many2one("account.account", string="Compte des indépendants", ondelete="set null")
    cnas_compte_dotation_id = fields.Many2one("account.account", string="Compte de la dotation de l'État", ondelete="set null")
    cnas_compte_majoration_id = fields.Many2one("account.account", string="Compte des majorations", ondelete="set null")
    cnas_journal_appel_id = fields.Many2one("account.journal", string="Journal des appels", ondelete="set null")
    cnas_journal_banque_id = fields.Many2one("account.journal", string="Journal de banque des cotisations", ondelete="set null")
    cnas_journal_mobile_id = fields.Many2one("account.journal", string="Journal de mobile money des cotisations", ondelete="set null")
    cnas_journal_caisse_id = fields.Many2one("account.journal", string="Journal de caisse des cotisations", ondelete="set null")

    def write(self, vals):
        if "cnas_compte_cotisant_id" in vals:
            self._cnas_garder_le_compte_des_cotisants(vals["cnas_compte_cotisant_id"])
        return super().write(vals)

    # ------------------------------------------------------------------ points d'extension
    @api.model
    def _cnas_societe(self):
        """Rend la société de la caisse, avec les droits du code."""
        return self.sudo().env.ref("base.main_company")

    def _cnas_preparer_comptes(self):
        """Crée les comptes et les journaux qui manquent ; rejouable, sans effet quand tout est là. Rend la société.

        Un plan de comptes (`cnas_comptabilite`) surcharge : il règle les champs `cnas_compte_…` et `cnas_journal_…` avant.
        """
        self.ensure_one()
        societe = self.sudo().with_company(self)
        if all(societe[champ] for champ in (*COMPTES, *JOURNAUX)):
            return societe
        societe._cnas_compter_en_francs()
        for champ, (numero, nom, genre, lettrable) in COMPTES.items():
            if not societe[champ]:
                societe[champ] = societe._cnas_compte(numero, nom, genre, lettrable)
        for champ, (code, nom, genre, compte) in JOURNAUX.items():
            if not societe[champ]:
                societe[champ] = societe._cnas_journal(code, nom, genre, compte)
        return societe

    def _cnas_exiger_periode_ouverte(self, jours):
        """Refuse d'écrire une pièce à l'un de ces jours si la période en est close.

        :raise UserError: période close
        """
        close = self.sudo()._get_user_fiscal_lock_date()
        for jour in jours:
            if close and jour <= close:
                raise UserError(_("La période est close jusqu'au %(close)s : rien ne s'écrit au %(jour)s. Datez d'après, ou demandez "
                                  "à l'agent comptable.", close=ecrire_date(close), jour=ecrire_date(jour)))

    # ------------------------------------------------------------------ privé
    def _cnas_garder_le_compte_des_cotisants(self, nouveau):
        """Refuse de changer le compte où se lisent les soldes : ce qui est déjà dû n'y paraîtrait plus.

        :raise UserError: des pièces de cotisation y sont passées
        """
        for compte in self.sudo().cnas_compte_cotisant_id.filtered(lambda c: c.id != nouveau):
            if self.env["account.move.line"].sudo().search_count([("account_id", "=", compte.id), ("move_id.cnas_cotisation", "=", True)], limit=1):
                raise UserError(_("Le compte des cotisants (%s) porte déjà des appels : leurs soldes s'y lisent, il ne change plus.", compte.code))

    def _cnas_compter_en_francs(self):
        """La caisse compte en francs CFA ; ses comptes pas encore mouvementés le disent.

        :raise UserError: des écritures existent déjà dans une autre monnaie
        """
        francs = self.env.ref("base.XAF")
        if self.currency_id != francs:
            if self._existing_accounting():
                raise UserError(_("La société tient déjà ses comptes en %s : les cotisations s'écrivent en francs CFA.", self.currency_id.name))
            francs.active = True
            self.currency_id = francs

    def _cnas_compte(self, numero, nom, genre, lettrable):
        """Rend le compte de ce numéro et de ce genre ; le numéro pris par un autre genre, le suivant libre."""
        comptes = self.env["account.account"].with_context(lang=None)
        deja = comptes.search([("company_id", "=", self.id), ("code", "=", numero)], limit=1)
        if deja and deja.account_type == genre and deja.reconcile == lettrable:
            return deja
        if deja:
            numero = comptes._search_new_account_code(self, len(numero), numero[:4])
        return comptes.create({"company_id": self.id, "code": numero, "name": nom, "account_type": genre, "reconcile": lettrable})

    def _cnas_journal(self, code, nom, genre, compte):
        journaux = self.env["account.journal"].with_context(lang=None)
        return journaux.search([("company_id", "=", self.id), ("code", "=", code)], limit=1) or journaux.create({
            "company_id": self.id, "code": code, "name": nom, "type": genre, "show_on_dashboard": False,
            **({"default_account_id": self._cnas_compte(*compte).id} if compte else {})})
