from odoo import _, api, fields, models
from odoo.exceptions import UserError


class PriseComplementaire(models.Model):
    """Une ligne de soins transmise à un organisme complémentaire, et ce qu'il en prend.

    Une ligne ne se présente qu'à un organisme, une fois : le cumul est impossible en base. Le code seul écrit ; la
    finance, le superviseur et les agents lisent. Le reste à charge vrai de la personne en est tiré.
    """

    _name = "cnas.prise_complementaire"
    _description = "Prise en charge complémentaire"
    _inherit = ["cnas.garde.mixin", "cnas.montant.mixin"]
    _order = "fichier_id, rang"
    _rec_name = "feuille_id"
    _champs_geles = ("fichier_id", "rang", "affiliation_id", "feuille_id", "ligne_id", "montant_presente", "montant_pris", "retour_le", "motif")

    fichier_id = fields.Many2one("cnas.fichier_complementaire", string="Fichier", required=True, readonly=True, ondelete="restrict", index=True)
    organisme_id = fields.Many2one(related="fichier_id.organisme_id", string="Organisme", store=True)
    rang = fields.Integer(string="Rang", readonly=True, group_operator=None)
    affiliation_id = fields.Many2one("cnas.affiliation_complementaire", string="Affiliation", readonly=True, required=True, ondelete="restrict")
    feuille_id = fields.Many2one("cnas.feuille_soin", string="Feuille de soins", readonly=True, required=True, ondelete="restrict", index=True)
    ligne_id = fields.Many2one("cnas.feuille_soin.ligne", string="Ligne", readonly=True, required=True, ondelete="restrict")
    montant_presente = fields.Monetary(string="Reste présenté", readonly=True, help="Ticket modérateur et dépassement de la ligne.")
    montant_pris = fields.Monetary(string="Pris en charge", readonly=True)
    retour_le = fields.Date(string="Retour du", readonly=True)
    motif = fields.Char(string="Motif", readonly=True)

    _sql_constraints = [
        ("ligne_unique", "UNIQUE (ligne_id)", "Cette ligne a déjà été présentée à un organisme complémentaire : le cumul est interdit."),
        ("pris_borne", "CHECK (COALESCE(montant_pris, 0) >= 0 AND COALESCE(montant_pris, 0) <= montant_presente)",
         "Un organisme ne prend pas plus que ce qui reste à la personne."),
    ]

    @api.ondelete(at_uninstall=False)
    def _unlink_jamais(self):
        raise UserError(_("Ce qui a été présenté à un organisme ne se supprime pas."))
