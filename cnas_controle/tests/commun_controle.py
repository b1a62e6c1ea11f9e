from odoo.addons.cnas_facturation.tests.commun_facture import CommunFacture


class CommunControle(CommunFacture):
    """Une formation dont des feuilles sont payées, un deuxième contrôleur, de quoi mener affaires et campagnes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.affaires = cls.env["cnas.affaire"]
        cls.campagnes = cls.env["cnas.campagne"]

    def alerte(self, **valeurs):
        """Une alerte neuve, posée comme le calcul."""
        indicateur = self.env["cnas.indicateur"].search([("code", "=", "FRD-11")])
        return self.env["cnas.alerte"]._creer([{
            "cle": f"essai:{self.env['cnas.alerte'].search_count([])}", "indicateur_id": indicateur.id, "formation_id": self.formation.id, "score": 60, "phrase": "Essai",
            "date_debut": "2026-11-01", "date_fin": "2026-11-20", **valeurs}])

    def affaire(self, **valeurs):
        """Une affaire en instruction, menée par le contrôleur."""
        affaire = self.affaires.with_user(self.superviseur).create({
            "name": "Essai", "formation_id": self.formation.id, "responsable_id": self.controleur.id, **valeurs})
        affaire.action_instruire()
        return affaire

    def campagne(self, **valeurs):
        return self.campagnes.with_user(self.superviseur).create({
            "name": "Essai", "formation_ids": [(6, 0, self.formation.ids)], "date_debut": "2026-10-01", "date_fin": "2026-11-25", "classes": 1, **valeurs})
