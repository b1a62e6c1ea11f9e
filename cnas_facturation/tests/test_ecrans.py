from odoo.exceptions import AccessError
from odoo.tests.common import tagged

from .commun_facture import MOIS, CommunFacture

MODELES = (
    "cnas.facture", "cnas.decompte", "cnas.decompte.ligne", "cnas.contestation", "cnas.ordre_paiement", "cnas.indu",
    "cnas.rapprochement", "cnas.lot_paiement", "cnas.compte_paiement")
SOUS_MENUS = ("Factures", "À contrôler", "À ordonnancer", "À payer", "Décomptes", "Contestations")


@tagged("post_install", "-at_install", "cnas")
class TestEcrans(CommunFacture):
    """Menus aux étiquettes du cahier des charges, lecture par rôle, assistants."""

    def _menus(self, usager):
        racine = self.env.ref("cnas_base.menu_facturation")
        visibles = self.env["ir.ui.menu"].with_user(usager).with_context(lang="fr_FR")._visible_menu_ids()
        return [m.name for m in racine.child_id.sorted("sequence") if m.id in visibles]

    def test_menus(self):
        self.assertEqual(self._menus(self.tout)[:6], list(SOUS_MENUS))
        self.assertEqual(self._menus(self.finance)[:4], ["Factures", "À ordonnancer", "À payer", "Décomptes"])
        self.assertNotIn("À payer", self._menus(self.superviseur))
        self.assertEqual(self._menus(self.medecin), [])

    def test_lecture_par_role(self):
        facture = self.payee()
        self.env["cnas.indu"].with_user(self.controleur).create({
            "formation_id": self.formation.id, "montant": 5, "motif": "Essai"})
        interdits = {(self.agent, "cnas.rapprochement"), (self.agent, "cnas.lot_paiement")}
        for usager in (self.agent, self.superviseur, self.finance):
            for modele in MODELES:
                with self.subTest(usager=usager.login, modele=modele):
                    objets = self.env[modele].with_user(usager)
                    if (usager, modele) in interdits:
                        with self.assertRaises(AccessError):
                            objets.search([])
                        continue
                    objets.search([], limit=3).read()
                    self.assertTrue(objets.get_views([(False, "tree"), (False, "search")]))
        self.assertIn("<table", facture.with_user(self.finance).synthese_regimes)
        for modele in MODELES:
            with self.subTest(modele=modele), self.assertRaises(AccessError):
                self.env[modele].with_user(self.medecin).search([])

    def test_la_feuille_facturee_s_ouvre_au_medecin(self):
        """Vu : sans droit sur les factures, il n'ouvrait plus la fiche d'une feuille rejetée et facturée."""
        feuille = self.en_controle(nombre=1).feuille_ids
        self.decider(feuille, "rejetee")
        self.env.flush_all()
        self.env.invalidate_all()
        vue = feuille.with_user(self.medecin)
        self.assertFalse(vue.peut_retirer_facture)
        self.assertTrue(vue.raison_retirer_facture)

    def test_comparaison(self):
        facture = self.payee()
        self.assertEqual(facture.cout_moyen, facture.montant_cnas / facture.nb_feuilles)
        self.feuille(date_soins="2026-10-05")
        octobre = self.factures.browse(self.factures.with_user(self.agent2).preparer("T-CS-01", "2026-10-01"))
        octobre.with_user(self.agent2).action_soumettre()
        self.decider(octobre.feuille_ids)
        octobre._actualiser_montants()
        facture.invalidate_recordset()
        self.assertEqual(facture.moyenne_precedente, octobre.montant_cnas)
        self.assertGreater(facture.evolution, 0)

    def test_assistants(self):
        self.feuille()
        action = self.env["cnas.preparation.wizard"].with_user(self.agent2).create({
            "portee": "formation", "formation_id": self.formation.id, "periode": MOIS}).action_preparer()
        facture = self.factures.browse(action["res_id"])
        self.assertEqual(facture.nb_feuilles, 1)
        facture.with_user(self.agent2).action_soumettre()
        self.decider(facture.feuille_ids, "rejetee")
        facture.with_user(self.controleur).action_controler()
        facture.with_user(self.superviseur).action_valider()
        ligne = facture.decompte_id.ligne_ids[0]
        contestation = self.env["cnas.contestation"].with_user(self.agent2).create({
            "decompte_ligne_id": ligne.id, "motif": "Essai", "montant_demande": 500})
        self.env["cnas.decision.wizard"].with_user(self.controleur).create({
            "contestation_id": contestation.id, "montant_accorde": 300, "motif": "En partie"}).action_confirmer()
        self.assertEqual((contestation.state, contestation.montant_accorde), ("acceptee_partielle", 300))
        complement = self.factures.browse(contestation.with_user(self.agent2).action_preparer_complement()["res_id"])
        for usager, geste in ((self.agent2, "soumettre"), (self.controleur, "controler"), (self.superviseur, "valider"),
                              (self.finance, "ordonnancer")):
            getattr(complement.with_user(usager), f"action_{geste}")()
        self.env["cnas.paiement.wizard"].with_user(self.finance2).create({
            "facture_ids": [(6, 0, complement.ids)], "date": self.jour(), "reference": "V-1"}).action_confirmer()
        self.assertEqual((facture.close, complement.state, complement.net_a_payer), (True, "payee", 300))
        with self.assertRaises(AccessError):
            self.env["cnas.paiement.wizard"].with_user(self.superviseur).create({"reference": "x"})

    def test_actions_de_navigation(self):
        facture = self.ordonnancee()
        for methode in ("action_voir_feuilles", "action_voir_ordres", "action_imprimer", "action_imprimer_decompte"):
            self.assertIn("type", getattr(facture.with_user(self.finance), methode)())
        for methode in ("action_voir_lignes", "action_exporter_xlsx", "action_exporter_csv", "action_verifier"):
            self.assertIn("type", getattr(facture.decompte_id.with_user(self.agent), methode)())
        self.assertEqual(facture.feuille_ids[0].action_voir_facture()["res_id"], facture.id)
        self.assertEqual(self.formation.action_voir_factures()["domain"], [("formation_id", "=", self.formation.id)])
        self.assertEqual(self.formation.nombre_factures, 1)
