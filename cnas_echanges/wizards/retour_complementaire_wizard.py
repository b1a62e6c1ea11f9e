from odoo import _, fields, models

from odoo.addons.cnas_base.ecriture import ecrire_debut


class RetourComplementaireWizard(models.TransientModel):
    """Reçoit l'accusé ou le retour d'un organisme complémentaire."""

    _name = "cnas.retour_complementaire.wizard"
    _description = "Retour d'un complémentaire"

    fichier_id = fields.Many2one("cnas.fichier_complementaire", string="Fichier", required=True, ondelete="cascade")
    contenu = fields.Binary(string="Accusé ou retour de l'organisme", required=True, attachment=False)
    nom = fields.Char(string="Nom du fichier")

    def action_importer(self):
        """Importe le fichier et écrit au fil ce qui en est sorti."""
        self.ensure_one()
        contenu = self.contenu
        bilan = self.fichier_id.importer_retour(contenu.decode() if isinstance(contenu, bytes) else contenu)
        self.fichier_id.message_post(body=_(
            "Retour reçu : %(pris)s ligne(s) notée(s), %(vus)s déjà vue(s), %(inconnus)s inconnue(s). %(refus)s", pris=bilan["pris"],
            vus=bilan["deja_vus"], inconnus=bilan["inconnus"], refus=ecrire_debut(bilan["refuses"], 10, " ")))
        return {"type": "ir.actions.act_window_close"}
