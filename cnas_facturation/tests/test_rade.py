import psycopg2

from odoo.exceptions import AccessError, UserError
from odoo.tests.common import tagged
from odoo.tools import mute_logger

from .commun_facture import MOIS, CommunFacture


class CommunRade(CommunFacture):
    def rejetee_en_entier(self):
        """Rend une facture validée dont toutes les feuilles sont rejetées."""
        facture = self.soumise()
        self.decider(facture.feuille_ids, "rejetee")
        facture.with_user(self.controleur).action_controler()
        facture.with_user(self.superviseur).action_valider()
        return facture

    def recours_accepte(self, facture, montant=1000):
        """Rend un recours de la formation, accepté par le contrôleur, contre une ligne de la facture."""
        ligne = facture.decompte_id.ligne_ids.filtered(lambda n: n._montant_contestable() >= montant and not n.contestation_ids)[0]
        recours = self.env["cnas.contestation"].with_user(self.portail).create({
            "decompte_ligne_id": ligne.id, "motif": "Ordonnance jointe", "montant_demande": montant})
        recours.with_user(self.controleur).action_accepter()
        return recours

    def mener_au_paiement(self, facture):
        for usager, geste in ((self.agent2, "soumettre"), (self.controleur, "controler"), (self.superviseur, "valider"),
                              (self.finance, "ordonnancer")):
            getattr(facture.with_user(usager), f"action_{geste}")()
        facture.with_user(self.finance2).action_payer(self.jour(), "VIR-C")

    def ecart(self):
        return self.factures.with_user(self.finance).rapprocher(MOIS, MOIS)["ecart"]


@tagged("post_install", "-at_install", "cnas")
class TestClose(CommunRade):
    """Une facture sans rien à payer s'arrête à sa validation."""

    def test_cas_28_t62_facture_entierement_rejetee(self):
        facture = self.rejetee_en_entier()
        self.assertEqual((facture.state, facture.close, facture.ordre_ids.ids), ("validee", True, []))
        self.assertFalse(facture.reference_paiement or facture.date_paiement)
        with self.assertRaisesRegex(UserError, "rien à payer"):
            facture.with_user(self.finance).action_ordonnancer()
        with self.assertRaises(UserError):
            facture.with_user(self.finance2).action_payer(self.jour(), "SANS OBJET")
        self.assertEqual((self.ecart(), facture.decompte_id.montant_rejete), (0, facture.montant_facture))
        self.assertIn(facture, self.factures.search([("close", "=", True)]))
        self.assertNotIn(facture, self.factures.search([("close", "=", False)]))
        avis = facture.message_ids.filtered(lambda m: m.subject and "close" in m.subject)
        self.assertIn("rien à payer", avis.body)
        self.assertIn(f"/my/formation/decomptes/{facture.decompte_id.id}", avis.body)
        facture.with_user(self.superviseur).action_contre_passer("Décidées à tort")
        self.assertEqual((facture.state, facture.close), ("controle", False))

    def test_close_n_attend_pas_l_ordonnateur(self):
        """« À faire » ne compte que ce que la liste « À ordonnancer » montre : une close n'attend personne."""
        def a_ordonnancer():
            taches = self.env["cnas.accueil"].with_user(self.finance).a_faire()
            return next(tache for tache in taches if tache["titre"] == "Factures à ordonnancer")
        avant = a_ordonnancer()["nombre"]
        close = self.rejetee_en_entier()
        self.assertEqual(a_ordonnancer()["nombre"], avant)
        self.assertNotIn(close, self.factures.search(a_ordonnancer()["action"]["domain"]))

    def test_remboursement_entierement_rejete(self):
        assure = self.creer_assure("Rejet", "1980-01-01")
        self.importer(self.dossier(self._reference(), matricule=assure.matricule, mode="remboursement"))
        facture = self.factures.browse(self.factures.with_user(self.agent2).preparer_remboursement(assure.matricule, MOIS))
        facture.with_user(self.agent2).action_soumettre()
        self.decider(facture.feuille_ids, "rejetee")
        facture.with_user(self.controleur).action_controler()
        facture.with_user(self.superviseur).action_valider()
        self.assertTrue(facture.close)

    def test_la_base_refuse_de_payer_zero(self):
        facture = self.rejetee_en_entier()
        with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.errors.CheckViolation), self.env.cr.savepoint():
            self.env.cr.execute(
                "UPDATE cnas_facture SET state = 'payee', ordonnateur_id = %s, date_paiement = now(), reference_paiement = 'X' "
                "WHERE id = %s", (self.finance.id, facture.id))


@tagged("post_install", "-at_install", "cnas")
class TestComplement(CommunRade):
    """Un recours accepté se paie seul quand nulle feuille n'est à facturer."""

    def test_cas_29_t66_complement_seul(self):
        """Le recours fait droit après paiement ; rien à facturer, formation fermée : il se paie quand même, une fois."""
        payee = self.payee()
        recours = self.recours_accepte(payee, 100)
        self.formation._ecrire({"state": "fermee"})
        facture = self.factures.browse(self.factures.with_user(self.agent2).preparer("T-CS-01", MOIS))
        self.assertEqual((facture.nature, facture.nb_feuilles, facture.net_a_payer), ("complement", 0, 100))
        self.assertTrue(facture.numero.startswith("CPL-T-CS-01-"))
        self.assertEqual(self.factures.with_user(self.agent2).preparer("T-CS-01", MOIS), facture.id, "rejouable")
        self.mener_au_paiement(facture)
        self.assertEqual((facture.state, recours.facture_complement_id), ("payee", facture))
        self.assertEqual(sum(facture.ordre_ids.mapped("montant")), 100)
        self.assertEqual((facture.decompte_id.net_a_payer, self.ecart()), (100, 0))
        self.assertTrue(facture.decompte_id.telecharger("pdf")["contenu"])
        self.assertTrue(facture.telecharger("pdf")["contenu"])
        with self.assertRaisesRegex(UserError, "Rien à facturer"):
            self.factures.with_user(self.agent2).preparer("T-CS-01", MOIS)

    def test_recours_sur_une_facture_close(self):
        close = self.rejetee_en_entier()
        recours = self.recours_accepte(close, 300)
        action = recours.with_user(self.portail).action_preparer_complement()
        facture = self.factures.browse(action["res_id"])
        self.assertEqual((facture.net_a_payer, facture.preparateur_id), (300, self.portail))
        with self.assertRaisesRegex(UserError, "réglé sur"):
            recours.with_user(self.portail).action_preparer_complement()
        self.feuille()
        self.validee(feuilles=self.feuilles)
        self.assertEqual(recours.facture_complement_id, facture, "la facture du mois ne le reprend pas")
        facture.with_user(self.agent2).action_annuler("Réglé avec la suivante")
        self.assertFalse(recours.facture_complement_id, "annulée, elle le rend")

    def test_assure_rembourse(self):
        assure = self.creer_assure("Direct", "1980-01-01")
        payee = self.remboursement(assure)
        ligne = payee.decompte_id.ligne_ids.filtered(lambda n: n._montant_contestable())[0]
        recours = self.env["cnas.contestation"].with_user(self.agent).create({
            "decompte_ligne_id": ligne.id, "motif": "Ticket à tort", "montant_demande": 10})
        recours.with_user(self.controleur).action_accepter()
        facture = self.factures.browse(self.factures.with_user(self.agent2).preparer_remboursement(assure.matricule, MOIS))
        self.assertEqual((facture.nature, facture.net_a_payer, facture.assure_id), ("complement", 10, assure))
        self.mener_au_paiement(facture)
        self.assertEqual(facture.ordre_ids.mapped("compte"), ["assure"])

    def test_decompte_contre_passe_le_reprend(self):
        validee = self.validee()
        recours = self.recours_accepte(validee, 100)
        facture = self.factures.browse(recours.with_user(self.agent2).action_preparer_complement()["res_id"])
        validee.with_user(self.superviseur).action_contre_passer("Erreur de taux")
        self.assertEqual((recours.facture_complement_id.ids, facture.net_a_payer), ([], 0))
        with self.assertRaisesRegex(UserError, "aucun recours"):
            facture.with_user(self.agent2).action_soumettre()

    def test_cloison(self):
        recours = self.recours_accepte(self.payee(), 100)
        self.portail.formation_ids = self.autre_formation
        self.env.registry.clear_cache()
        with self.assertRaises(AccessError):
            recours.with_user(self.portail).action_preparer_complement()
        with self.assertRaises(AccessError):
            recours.with_user(self.finance).action_preparer_complement()
        with self.assertRaises(UserError):
            self.factures.with_user(self.agent).create(
                {"formation_id": self.formation.id, "periode": MOIS, "nature": "complement"})

    def test_sommes_au_franc(self):
        """Feuilles = factures = décomptes = ordres = paiements, une close et un complément compris."""
        close, payee = self.rejetee_en_entier(), None
        self.feuille()
        payee = self.payee(feuilles=self.feuilles)
        self.recours_accepte(close, 500)
        complement = self.factures.browse(self.factures.with_user(self.agent2).preparer("T-CS-01", MOIS))
        self.mener_au_paiement(complement)
        toutes = close | payee | complement
        feuilles = sum(toutes.feuille_ids.mapped("montant_cnas"))
        self.assertEqual(feuilles, sum(toutes.mapped("montant_cnas")))
        self.assertEqual(feuilles, sum(toutes.decompte_ids.mapped("montant_cnas")))
        self.assertEqual(feuilles + 500, sum(toutes.decompte_ids.mapped("net_a_payer")))
        ordres = toutes.ordre_ids.filtered(lambda o: o.state == "paye")
        self.assertEqual(feuilles + 500, sum(ordres.mapped("montant")))
        self.assertEqual(self.ecart(), 0)


@tagged("post_install", "-at_install", "cnas")
class TestEcartDeclare(CommunRade):
    """Le total déclaré qui ne tombe pas juste se voit et s'accepte, avant la soumission puis avant la validation."""

    def test_accepte_deux_fois(self):
        facture = self.preparee()
        facture.with_user(self.agent2).write({"montant_declare": facture.montant_facture + 100})
        with self.assertRaisesRegex(UserError, "écart : 100"):
            facture.with_user(self.agent2).action_soumettre()
        facture.with_user(self.agent2).action_accepter_ecart()
        facture.with_user(self.agent2).action_soumettre()
        self.decider(facture.feuille_ids)
        facture.with_user(self.controleur).action_controler()
        with self.assertRaisesRegex(UserError, "acceptez l'écart"):
            facture.with_user(self.superviseur).action_valider()
        with self.assertRaises(AccessError):
            facture.with_user(self.agent2).action_accepter_ecart()
        facture.with_user(self.controleur).action_accepter_ecart()
        facture.with_user(self.superviseur).action_valider()
        self.assertEqual((facture.decompte_id.montant_declare, facture.decompte_id.ecart_declare),
                         (facture.montant_facture + 100, 100))
        self.assertTrue(facture.decompte_id.verifier()[facture.decompte_id.numero])

    def test_un_autre_ecart_se_redemande(self):
        facture = self.preparee()
        facture.with_user(self.agent2).write({"montant_declare": facture.montant_facture + 100})
        facture.with_user(self.agent2).action_accepter_ecart()
        facture.with_user(self.agent2).write({"montant_declare": facture.montant_facture + 200})
        with self.assertRaisesRegex(UserError, "écart : 200"):
            facture.with_user(self.agent2).action_soumettre()
        with self.assertRaises(UserError):
            facture.with_user(self.agent2).write({"ecart_accepte": 200})
        facture.with_user(self.agent2).write({"montant_declare": facture.montant_facture})
        facture.with_user(self.agent2).action_soumettre()

    def test_rien_a_accepter(self):
        with self.assertRaisesRegex(UserError, "aucun écart"):
            self.preparee().with_user(self.agent2).action_accepter_ecart()
