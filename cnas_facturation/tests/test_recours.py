from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests.common import tagged

from .commun_facture import CommunFacture


@tagged("post_install", "-at_install", "cnas")
class TestRecours(CommunFacture):
    """Contestations à deux degrés, compléments, indus compensés sous plafond."""

    def setUp(self):
        super().setUp()
        facture = self.en_controle(nombre=2)
        self.decider(facture.feuille_ids[0], "rejetee")
        facture.with_user(self.superviseur).action_valider()
        facture.with_user(self.finance).action_ordonnancer()
        facture.with_user(self.finance2).action_payer(self.jour(), "VIR-0")
        self.facture = facture
        self.ligne = facture.decompte_id.ligne_ids.filtered(
            lambda n: n.decision == "rejetee" and n.compte == "principal")[0]

    def contester(self, usager=None, **autres):
        return self.env["cnas.contestation"].with_user(usager or self.portail).create({
            "decompte_ligne_id": self.ligne.id, "motif": "Ordonnance jointe", "montant_demande": 1000, **autres})

    def suivante(self, nombre=3):
        """Rend la facture suivante, validée."""
        for _i in range(nombre):
            self.feuille()
        return self.validee(feuilles=self.feuilles)

    def test_depot_par_la_formation(self):
        contestation = self.contester()
        self.assertEqual((contestation.state, contestation.formation_id), ("deposee", self.formation))
        self.assertEqual((contestation.date_limite_reponse - contestation.date_depot).days, 30)

    def test_depot_refuse(self):
        for valeurs in ({"montant_demande": 0}, {"montant_demande": -1}, {"montant_demande": 10 ** 9}, {"degre": "2"}):
            with self.subTest(valeurs=valeurs), self.assertRaises(ValidationError):
                self.contester(**valeurs)
        for valeurs in ({"state": "acceptee"}, {"montant_accorde": 5}, {"facture_complement_id": self.facture.id}):
            with self.subTest(valeurs=valeurs), self.assertRaises(UserError):
                self.contester(**valeurs)
        for usager in (self.finance, self.medecin):
            with self.subTest(usager=usager.login), self.assertRaises(AccessError):
                self.contester(usager)

    def test_une_fois_par_degre(self):
        self.contester()
        with self.assertRaises(ValidationError):
            self.contester()

    def test_autre_formation_refusee(self):
        self.portail.formation_ids = self.autre_formation
        self.env.registry.clear_cache()
        with self.assertRaises(AccessError):
            self.contester()

    def test_hors_delai(self):
        with freeze_time(fields.Date.context_today(self.facture) + timedelta(days=33)), \
                self.assertRaisesRegex(ValidationError, "expiré"):
            self.contester()

    def test_dernier_jour_du_delai(self):
        """Au premier comme au second degré, le dernier jour compte et le lendemain non."""
        limite = self.facture.decompte_id.date_limite_recours
        with freeze_time(limite + timedelta(days=1)), self.assertRaisesRegex(ValidationError, "expiré"), \
                self.env.cr.savepoint():
            self.contester()
        with freeze_time(limite):
            premiere = self.contester()
            premiere.with_user(self.controleur).action_rejeter("Pièce illisible")
        delai = self.env["cnas.parametre"]._au("delai_recours", limite)
        with freeze_time(limite + timedelta(days=delai + 1)), self.assertRaisesRegex(UserError, "expiré"), \
                self.env.cr.savepoint():
            premiere.with_user(self.portail).action_second_degre("Trop tard")
        with freeze_time(limite + timedelta(days=delai)):
            self.assertIs(premiere.with_user(self.portail).action_second_degre("Pièce relue"), True)

    def test_acceptation_payee_sur_la_suivante(self):
        contestation = self.contester()
        with self.assertRaises(AccessError):
            contestation.with_user(self.agent).action_instruire()
        contestation.with_user(self.controleur).action_instruire()
        contestation.with_user(self.controleur).action_accepter()
        self.assertEqual((contestation.state, contestation.montant_accorde), ("acceptee", 1000))
        suivante = self.suivante()
        self.assertEqual(contestation.facture_complement_id, suivante)
        self.assertEqual(suivante.montant_complement, 1000)
        self.assertEqual(suivante.net_a_payer, suivante.montant_cnas + 1000)
        self.assertEqual(suivante.net_principal, suivante.montant_soins + 1000)
        suivante.with_user(self.finance).action_ordonnancer()
        self.assertEqual(sum(suivante.ordre_ids.mapped("montant")), suivante.net_a_payer)
        self.assertEqual(self.factures.with_user(self.finance).rapprocher("2026-11-01", "2026-11-01")["ecart"], 0)
        encore = self.suivante()
        self.assertFalse(encore.montant_complement, "un complément ne se paie qu'une fois")

    def test_contre_passation_rend_le_complement(self):
        contestation = self.contester()
        contestation.with_user(self.controleur).action_accepter(400, "Une seule boîte prescrite")
        self.assertEqual(contestation.state, "acceptee_partielle")
        suivante = self.suivante()
        self.assertEqual(suivante.montant_complement, 400)
        suivante.with_user(self.superviseur).action_contre_passer("Erreur")
        self.assertFalse(contestation.facture_complement_id)
        self.assertEqual(suivante.montant_complement, 0)

    def test_decision_hors_bornes(self):
        contestation = self.contester()
        for montant, motif in ((0, "x"), (-1, "x"), (1001, "x"), (1.5, "x"), (True, "x"), ("100", "x"), (400, ""), (400, None)):
            with self.subTest(montant=montant), self.assertRaises(UserError):
                contestation.with_user(self.controleur).action_accepter(montant, motif)
        self.assertEqual(contestation.state, "deposee")

    def test_quatre_yeux(self):
        contestation = self.contester(self.controleur)
        with self.assertRaisesRegex(UserError, "Quatre yeux"):
            contestation.with_user(self.controleur).action_accepter()
        self.assertTrue(contestation.with_user(self.controleur2).action_accepter())

    def test_second_degre(self):
        premiere = self.contester()
        with self.assertRaisesRegex(UserError, "à l'état « Déposée »"):
            premiere.with_user(self.portail).action_second_degre("Trop tôt")
        premiere.with_user(self.superviseur).action_rejeter("Pièce illisible")
        argument = "Pièce relue.\n" + "Le compte rendu joint justifie l'acte. " * 40
        self.assertIs(premiere.with_user(self.portail).action_second_degre(argument), True)
        seconde = premiere.second_degre_ids
        self.assertEqual(seconde.motif, argument.strip())
        self.assertEqual((seconde.degre, seconde.montant_demande), ("2", 1000))
        with self.assertRaisesRegex(UserError, "Superviseur décide un recours de second degré"):
            seconde.with_user(self.controleur).action_accepter()
        with self.assertRaises(UserError):
            seconde.with_user(self.superviseur).action_accepter()
        seconde.with_user(self.superviseur2).action_accepter(600, "Pour moitié")
        with self.assertRaisesRegex(UserError, "déjà saisie"):
            premiere.with_user(self.portail).action_second_degre("Encore")

    def test_retrait(self):
        contestation = self.contester()
        self.assertIs(contestation.with_user(self.portail).action_retirer(), True)
        self.contester()
        with self.assertRaises(UserError):
            contestation.with_user(self.controleur).action_accepter()

    def test_write_garde(self):
        contestation = self.contester()
        for valeurs in ({"state": "acceptee"}, {"montant_accorde": 9}, {"decideur_id": self.agent.id}):
            with self.assertRaises(UserError):
                contestation.with_user(self.superviseur).write(valeurs)
        with self.assertRaises(AccessError):
            contestation.with_user(self.portail).write({"motif": "x"})

    def indu(self, montant=100000):
        indu = self.env["cnas.indu"].with_user(self.controleur).create({
            "formation_id": self.formation.id, "montant": montant, "motif": "Acte fictif", "compte": "principal"})
        indu.with_user(self.superviseur).action_notifier()
        return indu

    def test_indu_compense_sous_plafond(self):
        indu = self.indu()
        suivante = self.suivante()
        attendu = (suivante.montant_cnas * 20) // 100
        self.assertEqual(suivante.montant_compense, attendu)
        self.assertEqual(suivante.net_a_payer, suivante.montant_cnas - attendu)
        self.assertEqual((indu.montant_compense, indu.state), (attendu, "notifie"))
        suivante.with_user(self.finance).action_ordonnancer()
        self.assertEqual(sum(suivante.ordre_ids.mapped("montant")), suivante.net_a_payer)
        with self.assertRaises(UserError):
            indu.with_user(self.superviseur).action_annuler("Erreur")

    def test_indu_solde_puis_rendu(self):
        indu = self.indu(50)
        suivante = self.suivante()
        self.assertEqual((indu.state, indu.solde, suivante.montant_compense), ("solde", 0, 50))
        suivante.with_user(self.superviseur).action_contre_passer("Erreur")
        self.assertEqual((indu.state, indu.solde, suivante.montant_compense), ("notifie", 50, 0))

    def test_indu_roles(self):
        with self.assertRaises(AccessError):
            self.env["cnas.indu"].with_user(self.agent).create({
                "formation_id": self.formation.id, "montant": 5, "motif": "x"})
        indu = self.env["cnas.indu"].with_user(self.superviseur).create({
            "formation_id": self.formation.id, "montant": 5, "motif": "x"})
        with self.assertRaisesRegex(UserError, "Quatre yeux"):
            indu.with_user(self.superviseur).action_notifier()
        with self.assertRaises(UserError):
            indu.with_user(self.superviseur2).write({"state": "solde"})
        self.assertFalse(self.env["cnas.indu"].with_user(self.portail).search([]), "pas avant la notification")

    def test_deces_appris_apres_le_paiement(self):
        """Une feuille payée ne se recalcule pas : ce qu'elle a reçu à tort devient un indu constaté, une seule fois."""
        facture = self.payee(nombre=1)
        feuille = facture.feuille_ids
        recu = feuille.montant_cnas
        deces = fields.Date.subtract(feuille.date_soins, days=1)
        feuille.assure_id.write({"date_deces": deces})
        indus = self.env["cnas.indu"].search([("feuille_id", "=", feuille.id)])
        self.assertEqual((feuille.state, feuille.montant_cnas, sum(indus.mapped("montant"))), ("payee", recu, recu))
        self.assertEqual(set(indus.mapped("state")), {"constate"})
        self.assertIn("décédé", indus[0].motif)
        self.env["cnas.feuille_soin"]._revoir_apres_coup([("id", "=", feuille.id)])
        self.assertEqual(self.env["cnas.indu"].search_count([("feuille_id", "=", feuille.id)]), len(indus))

    def test_deces_appris_avant_la_validation_de_la_facture(self):
        facture = self.en_controle(nombre=1)
        feuille = facture.feuille_ids
        feuille.assure_id.write({"date_deces": fields.Date.subtract(feuille.date_soins, days=1)})
        self.assertEqual(feuille.state, "controle")
        with self.assertRaises(UserError):
            facture.with_user(self.superviseur).action_valider()
