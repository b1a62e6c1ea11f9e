from odoo import _, api, fields, models
from odoo.exceptions import UserError


class AppelCotisationLigne(models.Model):
    """Le détail d'un appel : un régime et un barème recopiés, ce qu'ils donnent. Elle ne change plus."""

    _name = "cnas.appel_cotisation.ligne"
    _description = "Ligne d'appel de cotisation"
    _inherit = ["cnas.garde.mixin", "cnas.montant.mixin"]
    _order = "appel_id, id"

    _champs_geles = ("appel_id", "libelle", "regime_id", "mode", "forfait", "taux_employeur", "taux_salarie", "plancher", "plafond", "tetes",
                     "mois", "salaires", "exclus", "assiette", "taux_majoration", "part_employeur", "part_salarie")

    appel_id = fields.Many2one("cnas.appel_cotisation", string="Appel", required=True, readonly=True, index=True, ondelete="cascade")
    libelle = fields.Char(string="Libellé", readonly=True)
    regime_id = fields.Many2one("cnas.regime", string="Régime", readonly=True, ondelete="restrict")
    mode = fields.Selection(selection=lambda self: self.env["cnas.bareme_cotisation"]._fields["mode"]._description_selection(self.env),
                            string="Mode", readonly=True)
    forfait = fields.Monetary(string="Par tête et par mois", readonly=True, group_operator=None)
    taux_employeur = fields.Float(string="Taux patronal (%)", digits=(5, 2), readonly=True, group_operator=None)
    taux_salarie = fields.Float(string="Taux salarial (%)", digits=(5, 2), readonly=True, group_operator=None)
    plancher = fields.Monetary(string="Plancher", readonly=True, group_operator=None)
    plafond = fields.Monetary(string="Plafond", readonly=True, group_operator=None)
    tetes = fields.Integer(string="Têtes", readonly=True)
    mois = fields.Integer(string="Mois", readonly=True, default=1, group_operator=None)
    salaires = fields.Monetary(string="Salaires", readonly=True)
    exclus = fields.Monetary(string="Exclus", readonly=True)
    assiette = fields.Monetary(string="Assiette", readonly=True)
    taux_majoration = fields.Float(string="Majoration (%)", digits=(7, 2), readonly=True, group_operator=None)
    part_employeur = fields.Monetary(string="Part patronale", readonly=True)
    part_salarie = fields.Monetary(string="Part salariale", readonly=True)

    @api.model_create_multi
    def create(self, vals_list):
        if not self._ouvert(("appel_id",)):
            raise UserError(_("Le détail d'un appel vient de la déclaration ou du barème."))
        return super().create(vals_list)

    @api.ondelete(at_uninstall=False)
    def _refuser_suppression(self):
        raise UserError(_("Le détail d'un appel ne se supprime pas."))
