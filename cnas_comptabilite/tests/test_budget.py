from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.cnas_base.jour import aujourd_hui

from .commun import CommunCompta


@tagged("post_install", "-at_install", "cnas")
class TestBudget(CommunCompta):
    """Un crédit par chapitre, contrôlé avant d'ordonnancer."""

    def budget(self, voter=True, nature="initial", **montants):
        comptes = {"soins": "65881", "pharmacie": "65882, 65883, 65884"}
        budget = self.env["cnas.budget"].with_user(self.comptable).create({
            "name": "Budget d'essai", "exercice": aujourd_hui().year, "nature": nature, "ligne_ids": [
                Command.create({"chapitre": nom, "name": nom, "comptes": comptes[nom], "montant": montant}) for nom, montant in montants.items()]})
        if voter:
            budget.with_user(self.superviseur).action_voter()
        return budget

    def test_sans_budget_rien_ne_se_controle(self):
        self.assertEqual(self.ordonnancee().state, "ordonnancee")

    def test_engage_puis_rend(self):
        budget = self.budget(soins=10**8, pharmacie=10**8)
        facture = self.ordonnancee()
        engage = {e.chapitre: int(e.montant) for e in facture.engagement_ids}
        self.assertEqual(sum(engage.values()), int(facture.montant_cnas))
        ligne = budget.ligne_ids.filtered(lambda li: li.chapitre == "soins")
        self.assertEqual((int(ligne.engage), int(ligne.disponible)), (engage["soins"], 10**8 - engage["soins"]))
        facture.with_user(self.finance).action_annuler_ordonnancement("Erreur de compte")
        ligne.invalidate_recordset()
        self.assertEqual(int(ligne.engage), 0)

    def test_credit_insuffisant(self):
        self.budget(soins=1, pharmacie=1)
        facture = self.validee()
        with self.assertRaisesRegex(UserError, "n'a plus que"):
            facture.with_user(self.finance).action_ordonnancer()
        self.assertEqual((facture.state, len(facture.ordre_ids), len(facture.engagement_ids)), ("validee", 0, 0))
        self.assertFalse(facture.with_user(self.finance).peut_ordonnancer)
        self.budget(nature="modificatif", soins=10**8, pharmacie=10**8)
        facture.invalidate_recordset()
        facture.with_user(self.finance).action_ordonnancer()
        self.assertEqual(facture.state, "ordonnancee")

    def test_une_liste_de_budgets_se_lit_en_requetes_constantes(self):
        budgets = self.env["cnas.budget"].with_user(self.comptable).create([
            {"name": f"Budget {rang}", "ligne_ids": [Command.create({"chapitre": "s", "name": "s", "comptes": "65881", "montant": 10})]}
            for rang in range(8)]).with_user(self.superviseur)
        un = budgets.browse(budgets[0].id)
        self.requetes(lambda: un.mapped("peut_voter"))  # les caches d'identifiants se remplissent une fois
        peu = self.requetes(lambda: un.mapped("peut_voter"))
        self.assertEqual(self.requetes(lambda: budgets.mapped("peut_voter")), peu)

    def test_aucun_chapitre(self):
        facture = self.validee()
        comptes = {m.compte_debit for m in self.env["cnas.schema_comptable"].search([("operation", "=like", "liquidation%")])}
        self.assertTrue(comptes)
        budget = self.env["cnas.budget"].with_user(self.comptable).create({
            "name": "Ailleurs", "ligne_ids": [Command.create({"chapitre": "61", "name": "Transports", "comptes": "61", "montant": 10**9})]})
        budget.with_user(self.superviseur).action_voter()
        with self.assertRaisesRegex(UserError, "aucun chapitre"):
            facture.with_user(self.finance).action_ordonnancer()

    def test_vote(self):
        with self.assertRaisesRegex(UserError, "supérieur à zéro"):
            self.budget(soins=0)
        budget = self.budget(voter=False, soins=100)
        for usager in (self.comptable, self.finance):
            with self.assertRaises(AccessError):
                budget.with_user(usager).action_voter()
        budget.with_user(self.superviseur).action_voter()
        for geste in (lambda: budget.write({"name": "x"}), lambda: budget.ligne_ids.write({"montant": 5}), lambda: budget.ligne_ids.unlink()):
            with self.assertRaisesRegex(UserError, "décision modificative"):
                geste()
        with self.assertRaisesRegex(UserError, "déjà son budget initial"):
            self.budget(soins=100)
        with self.assertRaisesRegex(UserError, "engagé plus"):
            self.budget(nature="modificatif", soins=-200)
