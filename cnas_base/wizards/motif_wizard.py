from odoo import _, fields, models
from odoo.exceptions import UserError


class MotifWizard(models.TransientModel):
    """Demande un motif, puis rappelle l'action qui l'attend (`action_rejeter(motif)`…).

    Ne rappelle que des méthodes `action_…` : l'action rappelée vérifie elle-même les droits.
    """

    _name = "cnas.motif.wizard"
    _description = "Motif d'une décision"

    modele = fields.Char(required=True)
    ids_texte = fields.Char(required=True)
    methode = fields.Char(required=True)
    avec_date = fields.Boolean()
    motif = fields.Text(string="Motif", required=True)
    date = fields.Date(string="Date", default=fields.Date.context_today)

    def action_confirmer(self):
        """Rappelle l'action avec le motif saisi."""
        self.ensure_one()
        if not self.methode.startswith("action_") or self.modele not in self.env:
            raise UserError(_("Cette action n'existe pas."))
        if not (self.motif or "").strip():
            raise UserError(_("Écrivez le motif : il figurera dans le dossier."))
        cibles = self.env[self.modele].browse(int(i) for i in self.ids_texte.split(","))
        arguments = (self.motif.strip(), self.date) if self.avec_date else (self.motif.strip(),)
        resultat = getattr(cibles, self.methode)(*arguments)
        return resultat if isinstance(resultat, dict) else {"type": "ir.actions.act_window_close"}
