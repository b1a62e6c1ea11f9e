from odoo import _, api, fields, models
from odoo.exceptions import UserError


class FaitComptable(models.Model):
    """Un fait de la caisse (décompte, ordre payé ou rendu, indu, remboursement, provision) et la pièce qui le porte.

    Sa clé est unique : un fait ne se comptabilise qu'une fois. Le programme seul l'écrit ; l'agent comptable, l'ordonnateur et le
    superviseur lisent. Ce qui touche la trésorerie attend la ligne de relevé qui le confirme (`releve_ligne_id`).
    """

    _name = "cnas.fait_comptable"
    _description = "Fait comptabilisé"
    _inherit = ["cnas.garde.mixin", "cnas.montant.mixin"]
    _order = "date desc, id desc"
    _rec_name = "libelle"

    _champs_geles = ("cle", "cle_origine", "modele", "res_id", "evenement", "move_id", "date", "libelle", "reference", "montant", "tresorerie",
                     "compte_tresorerie_id", "releve_ligne_id")

    cle = fields.Char(string="Clé", required=True, readonly=True)
    cle_origine = fields.Char(string="Clé de ce qu'il contre-passe", readonly=True)
    modele = fields.Char(string="Nature", required=True, readonly=True)
    res_id = fields.Many2oneReference(string="Dossier", model_field="modele", required=True, readonly=True)
    evenement = fields.Char(string="Événement", required=True, readonly=True)
    move_id = fields.Many2one("account.move", string="Pièce", required=True, readonly=True, index=True, ondelete="restrict")
    date = fields.Date(string="Jour du fait", required=True, readonly=True, index=True)
    libelle = fields.Char(string="Libellé", readonly=True)
    reference = fields.Char(string="Références", readonly=True, help="Ce qu'une banque peut en redire : lot, ordre, référence, reçu.")
    montant = fields.Monetary(string="Montant", readonly=True)
    tresorerie = fields.Monetary(string="Trésorerie", readonly=True, help="Reçu, ou payé (négatif) ; 0 : rien ne bouge en trésorerie.")
    compte_tresorerie_id = fields.Many2one("account.account", string="Compte de trésorerie", readonly=True, ondelete="restrict")
    releve_ligne_id = fields.Many2one(
        "cnas.releve.ligne", string="Ligne de relevé", readonly=True, index="btree_not_null", ondelete="restrict")

    _sql_constraints = [("cle_unique", "UNIQUE (cle)", "Ce fait est déjà comptabilisé.")]

    @api.model_create_multi
    def create(self, vals_list):
        raise UserError(_("Un fait comptable vient de « Comptabiliser » : rien ne se saisit ici."))

    @api.ondelete(at_uninstall=False)
    def _refuser_suppression(self):
        raise UserError(_("Un fait comptabilisé ne se supprime pas : il se corrige par contre-passation."))

    def action_ouvrir_piece(self):
        """Ouvre la pièce comptable du fait. Rend une action de fenêtre."""
        self.ensure_one()
        return {"type": "ir.actions.act_window", "res_model": "account.move", "res_id": self.move_id.id, "view_mode": "form",
                "views": [(self.env.ref("cnas_comptabilite.piece_view_form").id, "form")]}
