from odoo import models


class AssureFeuilles(models.Model):
    """Ce que la vie d'un assuré change à ses feuilles."""

    _inherit = "cnas.assure"

    def _changer_etat(self, cible, **valeurs):
        """Un enfant qu'on immatricule retrouve les feuilles payées sous le numéro de sa mère."""
        resultat = super()._changer_etat(cible, **valeurs)
        if cible == "actif":
            self.filtered(lambda a: a.lien == "enfant" and a.date_naissance)._rattacher_feuilles_de_naissance()
        return resultat

    def _rattacher_feuilles_de_naissance(self):
        """Rattache les feuilles de nouveau-né que personne d'autre ne peut réclamer ; des jumeaux attendent un agent."""
        if not self:
            return
        feuilles = self.env["cnas.feuille_soin"].sudo().search([
            ("nouveau_ne", "=", True), ("enfant_id", "=", False), ("state", "!=", "annulee"),
            ("assure_id.famille_id", "in", self.famille_id.ids),
            ("date_naissance_declaree", "in", self.mapped("date_naissance"))])
        for (_famille, _jour), siennes in feuilles.grouped(
                lambda f: (f.assure_id.famille_id, f.date_naissance_declaree)).items():
            enfants = siennes[0]._enfants_nes_ce_jour()
            if len(enfants) == 1 and len(set(siennes.mapped(lambda f: f.rang_naissance or 1))) == 1:
                for feuille in siennes:
                    feuille._rattacher_a(enfants)
