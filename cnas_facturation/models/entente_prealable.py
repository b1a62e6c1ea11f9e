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
                    entente, formation, type(self)._avis_de_decision,
                    f"{entente.get_base_url()}/my/formation/ententes/{entente.id}", contacts)

    def _avis_de_decision(self):
        return (_("Entente préalable — %s", self.numero), _("Entente préalable : %s", self._phrase_decision()),
                _("Entente préalable : la demande %s a sa réponse.", self.numero))
