from odoo import api, fields, models

from odoo.addons.cnas_base.ecriture import ecrire_montant


class PrixReference(models.Model):
    """Prix de référence daté d'un groupe générique : même DCI, même dosage, même forme (règle TAR-04).

    Lecture : tous les rôles internes. Écriture : administrateur.
    """

    _name = "cnas.prix_reference"
    _description = "Prix de référence"
    _inherit = ["cnas.garde.mixin", "cnas.periode.mixin", "cnas.montant.mixin"]
    _order = "dci, dosage, forme, date_debut desc"
    _rec_names_search = ["dci"]
    _champs_journal = ("dci", "dosage", "forme", "montant", "date_debut", "date_fin")

    _periode_cle = ("dci", "dosage", "forme")
    _periode_message = "Un autre prix de référence couvre déjà ce groupe à ces dates."

    dci = fields.Char(string="DCI", required=True, index=True)
    dosage = fields.Char(string="Dosage")
    forme = fields.Char(string="Forme")
    montant = fields.Monetary(string="Montant", required=True)

    _sql_constraints = [("montant_positif", "CHECK (montant >= 0)", "Un prix n'est jamais négatif.")]

    @api.depends("dci", "dosage", "forme", "montant")
    def _compute_display_name(self):
        for prix in self:
            groupe = " ".join(p for p in (prix.dci, prix.dosage, prix.forme) if p)
            prix.display_name = f"{groupe} — {ecrire_montant(prix.montant)}"
