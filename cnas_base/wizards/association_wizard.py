import base64

from odoo import _, api, fields, models
from odoo.exceptions import UserError

from ..ecriture import TITRES_DU_RAPPORT


class AssociationWizard(models.TransientModel):
    """Associe les titres d'un fichier à nos colonnes : ce qu'on en dit est retenu au dictionnaire, pour son expéditeur seul (l'usager).

    L'assistant n'est lu et rempli que par son auteur.
    """

    _name = "cnas.association.wizard"
    _description = "Colonnes du fichier"

    sujet = fields.Selection(
        lambda self: self.env["cnas.colonne"]._fields["sujet"]._description_selection(self.env), string="Fichier de", required=True, readonly=True)
    attendues = fields.Char(string="Colonnes attendues", compute="_compute_attendues")
    ligne_ids = fields.One2many("cnas.association.wizard.ligne", "wizard_id", string="Titres du fichier")

    @api.depends("sujet")
    def _compute_attendues(self):
        for wizard in self:
            colonnes = self.env["cnas.colonne"]._du_sujet(wizard.sujet) if wizard.sujet else ()
            wizard.attendues = ", ".join(nom for _code, nom, obligatoire, _aide in colonnes if obligatoire)

    @api.model
    def _ouvrir(self, sujet, fichier_b64, nom_fichier):
        """Rend la fenêtre qui associe les titres de ce fichier, ceux que l'on comprend déjà compris.

        :raise UserError: fichier illisible
        """
        if not fichier_b64:
            raise UserError(_("Choisissez d'abord un fichier."))
        titres = self.env["cnas.synonyme_colonne"]._titres(sujet, base64.b64decode(fichier_b64), nom_fichier, self.env.user)
        colonnes = {c.code: c.id for c in self.env["cnas.colonne"].sudo().search([("sujet", "=", sujet)])}
        wizard = self.create({"sujet": sujet, "ligne_ids": [
            fields.Command.create({"titre": titre[:200], "colonne_id": colonnes.get(comprise, False)})
            for titre, comprise in titres if titre and titre not in TITRES_DU_RAPPORT]})
        return {"type": "ir.actions.act_window", "name": self._description, "res_model": self._name, "res_id": wizard.id,
                "view_mode": "form", "target": "new"}

    def action_retenir(self):
        """Retient les colonnes associées. Ferme l'assistant."""
        self.ensure_one()
        self.env["cnas.synonyme_colonne"]._retenir(
            self.sujet, {ligne.titre: ligne.colonne_id.code for ligne in self.ligne_ids if ligne.colonne_id}, self.env.user)
        return {"type": "ir.actions.act_window_close"}


class AssociationWizardLigne(models.TransientModel):
    """Un titre du fichier, et la colonne qu'il veut dire."""

    _name = "cnas.association.wizard.ligne"
    _description = "Titre d'un fichier"

    wizard_id = fields.Many2one("cnas.association.wizard", required=True, ondelete="cascade")
    sujet = fields.Selection(related="wizard_id.sujet")
    titre = fields.Char(string="Titre du fichier", required=True, readonly=True)
    colonne_id = fields.Many2one("cnas.colonne", string="Colonne", ondelete="cascade", domain="[('sujet', '=', sujet)]")
