from odoo import _, models


class EntentePrealable(models.Model):
    _inherit = "cnas.entente_prealable"

    def _annoncer_decision(self):
        """Prévient la formation qui attendait : fil et espace, courriel, SMS ; le journal le garde si rien n'est branché."""
        super()._annoncer_decision()
        for formation, ententes in self.sudo().grouped("formation_id").items():
            contacts = formation._contacts_du_portail()
            for entente in ententes:
                self.env["cnas.avis"]._donner(
                    entente, formation, _("Entente préalable — %s", entente.numero),
                    _("Entente préalable : %s", entente._phrase_decision()),
                    f"{entente.get_base_url()}/my/formation/ententes/{entente.id}", contacts,
                    _("Entente préalable : la demande %s a sa réponse.", entente.numero))
