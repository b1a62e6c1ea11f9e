from odoo import _, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.jour import aujourd_hui


class FeuilleSoin(models.Model):
    """Ce qu'un organisme complémentaire prend, le passage confirmé au guichet, et la borne de l'export à tous."""

    _inherit = "cnas.feuille_soin"

    prise_complementaire_ids = fields.One2many("cnas.prise_complementaire", "feuille_id", string="Présentée au complémentaire", readonly=True, groups="cnas_base.group_agent,cnas_base.group_finance")
    montant_complementaire = fields.Monetary(string="Pris par le complémentaire", compute="_compute_reste_a_charge", compute_sudo=True)
    reste_a_charge = fields.Monetary(string="Reste à charge", compute="_compute_reste_a_charge", compute_sudo=True,
                                     help="Ticket modérateur et dépassement, moins ce que l'organisme complémentaire a pris.")

    @api.depends("ticket_moderateur", "depassement", "prise_complementaire_ids.montant_pris")
    def _compute_reste_a_charge(self):
        pris = {feuille.id: montant for feuille, montant in self.env["cnas.prise_complementaire"]._read_group(
            [("feuille_id", "in", self.ids)], ["feuille_id"], ["montant_pris:sum"])}
        for feuille in self:
            feuille.montant_complementaire = pris.get(feuille._origin.id, 0)
            feuille.reste_a_charge = feuille.ticket_moderateur + feuille.depassement - feuille.montant_complementaire

    @api.model
    def exporter_decisions(self, date_debut, date_fin, forme="csv"):
        """Voir le contrat ; la caisse peut le fermer (« decisions_a_tous » à non) : chaque organisme a alors son fichier.

        :raise UserError: fermé par la caisse
        """
        self._exiger_groupe(("cnas_base.group_superviseur", "cnas_base.group_finance"), _("exporter les décisions"))
        if not self.env["cnas.parametre"].sudo()._au("decisions_a_tous", aujourd_hui()):
            raise UserError(_("L'export de toutes les décisions est fermé : chaque organisme complémentaire a son fichier, limité à ses "
                              "affiliés consentants (« cnas.complementaire.exporter_decisions »)."))
        return super().exporter_decisions(date_debut, date_fin, forme)

    @api.model
    def _completer_lot(self, lot):
        """Ajoute au lot les passages confirmés, si la règle du code de passage est allumée ce jour-là."""
        super()._completer_lot(lot)
        lot.passages = set()
        vises = [f for f in lot.feuilles if lot.valeur("PAS-01", "exige", f.date_soins)]
        if vises:
            lot.passages = self.env["cnas.passage"].sudo()._confirmes({(f.assure_id, f.formation_id) for f in vises})
