from odoo import fields, models

from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_date


class Indu(models.Model):
    """L'indu retient le jour de son annulation : sa contre-passation s'y date."""

    _inherit = "cnas.indu"
    _champs_geles = ("date_annulation",)

    date_annulation = fields.Date(string="Annulé le", readonly=True, copy=False)

    def _changer_etat(self, cible, motif_journal=None, **valeurs):
        if cible == "annule":
            valeurs.setdefault("date_annulation", aujourd_hui())
        return super()._changer_etat(cible, motif_journal, **valeurs)


class InduReglement(models.Model):
    """Un remboursement ne s'encaisse pas à un jour d'un mois clos."""

    _inherit = "cnas.indu.reglement"

    def _completer_creation(self, vals_list):
        vals_list = super()._completer_creation(vals_list)
        self.env["cnas.comptabilite"]._exiger_mois_ouvert({lire_date(vals["date"]) for vals in vals_list})
        return vals_list
