from odoo import _, fields, models

from odoo.addons.cnas_base.jour import aujourd_hui


class AttestationWizard(models.TransientModel):
    """Délivrance d'une attestation : on choisit ses dates, et rien n'est délivré avant le bouton."""

    _name = "cnas.attestation.wizard"
    _description = "Délivrer une attestation"

    assure_id = fields.Many2one("cnas.assure", string="Assuré", required=True, ondelete="cascade")
    date_debut = fields.Date(string="Valable du", required=True, default=lambda self: aujourd_hui())
    date_fin = fields.Date(
        string="Valable jusqu'au", help="Vide : 90 jours (paramètre de l'application), sans dépasser la fin des droits.")
    objet = fields.Char(string="Objet", help="Facultatif : formation de destination, démarche…")
    agence_id = fields.Many2one(
        "cnas.agence", string="Agence", ondelete="cascade", default=lambda self: self.env.user.agence_ids[:1])

    def action_delivrer(self):
        """Délivre l'attestation ; rend l'action qui l'ouvre.

        :raise UserError: droits fermés ou assuré inactif
        """
        return {"type": "ir.actions.act_window", "name": _("Attestation"), "res_model": "cnas.attestation",
                "res_id": self._delivrer().id, "view_mode": "form"}

    def action_delivrer_et_imprimer(self):
        """Délivre l'attestation ; rend l'action qui ouvre son PDF et ferme l'assistant."""
        return {**self._delivrer().action_imprimer(), "close": True}

    def _delivrer(self):
        self.ensure_one()
        return self.env["cnas.attestation"].create({
            "assure_id": self.assure_id.id, "date_debut": self.date_debut, "date_fin": self.date_fin,
            "objet": self.objet, "agence_id": self.agence_id.id})
