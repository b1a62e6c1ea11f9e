from odoo import _, api, fields, models
from odoo.exceptions import UserError


class AvisMedical(models.Model):
    """L'avis d'un médecin-conseil sur une feuille. Il ne se modifie pas : un nouvel avis le remplace.

    | qui | peut |
    |---|---|
    | médecin-conseil | rendre (par l'action de la feuille), lire |
    | contrôleur, superviseur | lire |
    """

    _name = "cnas.avis_medical"
    _description = "Avis médical"
    _inherit = ["cnas.garde.mixin"]
    _order = "id desc"
    _rec_name = "avis"
    _champs_lus = ("avis", "motif")
    _fichiers_comme = "cnas.feuille_soin.piece"

    feuille_id = fields.Many2one("cnas.feuille_soin", string="Feuille de soins", required=True, index=True,
                                 readonly=True, ondelete="cascade")
    avis = fields.Selection([("accord", "Accord"), ("partiel", "Accord partiel"), ("refus", "Refus")],
                            string="Avis", required=True, readonly=True)
    motif = fields.Text(string="Motif", required=True, readonly=True)
    ligne_refusee_ids = fields.Many2many(
        "cnas.feuille_soin.ligne", "cnas_avis_medical_ligne_rel", "avis_id", "ligne_id", string="Lignes refusées", readonly=True)
    medecin_id = fields.Many2one("res.users", string="Médecin-conseil", required=True, readonly=True)
    date = fields.Datetime(string="Rendu le", required=True, readonly=True, default=fields.Datetime.now)

    def write(self, vals):
        """Toujours refusé : un avis rendu ne se modifie pas."""
        self.check_access_rights("write")
        if self:
            raise UserError(_("Un avis médical ne se modifie pas : rendez un nouvel avis."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_jamais(self):
        raise UserError(_("Un avis médical ne se supprime pas."))
