from odoo import _, models


class EntentePrealable(models.Model):
    _inherit = "cnas.entente_prealable"

    def _annoncer_decision(self):
        """Prévient la formation qui attendait : fil et espace, courriel, SMS ; le journal le garde si rien n'est branché."""
        super()._annoncer_decision()
        for entente in self.sudo():
            self.env["cnas.avis"]._donner(
                entente, entente.formation_id, _("Entente préalable — %s", entente.numero),
                _("Entente préalable : %s", entente._phrase_decision()),
                f"{entente.get_base_url()}/my/formation/ententes/{entente.id}", entente.formation_id._contacts_du_portail(),
                _("Entente préalable : la demande %s a sa réponse.", entente.numero))
