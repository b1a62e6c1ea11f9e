from odoo import _, fields, models
from odoo.exceptions import UserError

from ..bilan import bilan
from ..jour import aujourd_hui


class MotifWizard(models.TransientModel):
    """Demande le motif d'une action à motif de la table `_actions`, puis la rappelle.

    L'action rappelée vérifie elle-même les droits ; l'assistant n'est lu et rempli que par son auteur.
    """

    _name = "cnas.motif.wizard"
    _description = "Motif d'une décision"

    modele = fields.Char(required=True)
    ids_texte = fields.Char(required=True)
    action = fields.Char(required=True)
    avec_date = fields.Boolean()
    motif = fields.Text(string="Motif", required=True)
    date = fields.Date(string="Date", default=lambda self: aujourd_hui())
    avec_fin = fields.Boolean()
    date_fin = fields.Date(string="Dernier jour", help="Vide : sans fin connue.")

    def action_confirmer(self):
        """Rappelle l'action avec le motif saisi. Rend son action, ou ferme l'assistant."""
        self.ensure_one()
        table = getattr(self.env.get(self.modele), "_table_actions", {})
        if self.action not in table or not table[self.action].motif:
            raise UserError(_("Cette action n'existe pas."))
        if not (self.motif or "").strip():
            raise UserError(_("Écrivez le motif : il figurera dans le dossier."))
        cibles = self.env[self.modele].browse(int(i) for i in self.ids_texte.split(",") if i.isdigit())
        arguments = (self.motif, *[self.date] * self.avec_date, *[self.date_fin] * self.avec_fin)
        resultat = getattr(cibles, f"action_{self.action}")(*arguments)
        if isinstance(resultat, dict):
            return resultat
        if len(cibles) > 1:
            return bilan(_("« %(action)s » : %(nombre)s dossiers.", action=table[self.action].titre, nombre=len(cibles)))
        return {"type": "ir.actions.act_window_close"}
