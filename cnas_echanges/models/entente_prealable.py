from odoo import fields, models


class EntentePrealable(models.Model):
    """La référence que le logiciel d'une formation donne à sa demande : renvoyée, la demande ne se crée pas deux fois."""

    _inherit = "cnas.entente_prealable"
    _champs_geles = ("reference_logiciel",)

    reference_logiciel = fields.Char(string="Référence du logiciel", readonly=True, copy=False)

    _sql_constraints = [("reference_logiciel_unique", "UNIQUE (formation_id, reference_logiciel)",
                         "Cette formation a déjà une demande sous cette référence.")]

    def _est_celle(self, lue):
        """Dit si la demande relue par le logiciel est celle-ci."""
        self.ensure_one()
        assures = self.env["cnas.assure"].sudo()
        return (assures._resoudre_matricules([lue["matricule"]])[lue["matricule"]] == self.assure_id.id
                and self.prestation_id.code == (lue["prestation"] or "").strip().upper() and self.quantite_demandee == lue["quantite"]
                and int(self.montant_demande) == lue["montant"])
