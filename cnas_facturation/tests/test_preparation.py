from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests.common import tagged

from .commun_facture import MOIS, CommunFacture


@tagged("post_install", "-at_install", "cnas")
class TestPreparation(CommunFacture):
    """Préparer : les bonnes feuilles, une seule fois, des montants justes."""

    def test_rassemble_le_mois_et_somme(self):
        feuilles = self.feuille() | self.feuille()
        ailleurs = self.feuille(date_soins="2026-10-05")
        facture = self.preparee(feuilles=feuilles)
        self.assertEqual(facture.feuille_ids, feuilles)
        self.assertFalse(ailleurs.facture_id)
        self.assertEqual(facture.nb_feuilles, 2)
        self.assertEqual(facture.montant_facture, sum(feuilles.mapped("montant_facture")))
        self.assertEqual(facture.state, "brouillon")
        self.assertEqual(facture.numero, "FAC-T-CS-01-202611-01")

    def test_rejouer_rend_le_meme_id_et_ajoute(self):
        facture = self.preparee()
        tardive = self.feuille()
        self.assertEqual(self.preparee(feuilles=tardive), facture)
        self.assertEqual(facture.nb_feuilles, 3)
        self.assertEqual(tardive.facture_id, facture)

    def test_un_jour_quelconque_du_mois(self):
        self.feuille()
        identifiant = self.factures.with_user(self.agent).preparer("T-CS-01", "2026-11-17")
        self.assertEqual(str(self.factures.browse(identifiant).periode), MOIS)

    def test_rien_a_facturer(self):
        with self.assertRaisesRegex(UserError, "Rien à facturer"):
            self.factures.with_user(self.agent).preparer("T-CS-01", MOIS)
        facture = self.soumise()
        with self.assertRaisesRegex(UserError, facture.numero):
            self.factures.with_user(self.agent).preparer("T-CS-01", MOIS)

    def test_entrees_fausses(self):
        preparer = self.factures.with_user(self.agent).preparer
        for code in ("INCONNU", "", None, False, 12):
            with self.subTest(code=code), self.assertRaises(ValidationError):
                preparer(code, MOIS)
        for periode in ("", None, "2026", "2026-13-01", "novembre", "2999-01-01", "1890-01-01", [], 20261101):
            with self.subTest(periode=periode), self.assertRaises(UserError):
                preparer("T-CS-01", periode)

    def test_feuille_tardive_apres_soumission(self):
        premiere = self.soumise()
        tardive = self.feuille()
        seconde = self.preparee(feuilles=tardive)
        self.assertNotEqual(seconde, premiere)
        self.assertEqual(seconde.feuille_ids, tardive)
        self.assertTrue(seconde.numero.endswith("-02"))

    def test_facture_rejetee_ou_annulee_libere_ses_feuilles(self):
        facture = self.soumise()
        feuilles = facture.feuille_ids
        facture.with_user(self.controleur).action_rejeter("Bordereau illisible")
        nouvelle = self.preparee(feuilles=feuilles)
        self.assertEqual(nouvelle.feuille_ids, feuilles)
        self.assertEqual((facture.nb_feuilles, facture.montant_facture), (0, 0))

    def test_roles(self):
        self.feuille()
        for usager in (self.finance, self.medecin):
            with self.subTest(usager=usager.login), self.assertRaises(AccessError):
                self.factures.with_user(usager).preparer("T-CS-01", MOIS)
        self.assertTrue(self.factures.with_user(self.portail).preparer("T-CS-01", MOIS))

    def test_portail_cloisonne(self):
        self.feuille(formation="T-HD-01")
        with self.assertRaises(ValidationError):
            self.factures.with_user(self.portail).preparer("T-HD-01", MOIS)
        autre = self.factures.browse(self.factures.with_user(self.agent).preparer("T-HD-01", MOIS))
        self.assertFalse(self.factures.with_user(self.portail).search([("id", "=", autre.id)]))
        for action in ("action_soumettre", "action_reporter_instances", "action_rassembler", "telecharger"):
            with self.subTest(action=action), self.assertRaises(AccessError):
                getattr(autre.with_user(self.portail), action)()
        with self.assertRaises(AccessError):
            autre.with_user(self.portail).action_annuler("essai")
        with self.assertRaises(AccessError):
            autre.with_user(self.portail).read(["numero"])

    def test_remboursement_a_part(self):
        tiers = self.feuille()
        assure = self.creer_assure("Payeur", "1990-01-01")
        resultat = self.importer(self.dossier(self._reference(), matricule=assure.matricule, mode="remboursement"))[0]
        direct = self.feuilles.browse(resultat["id"])
        facture = self.preparee(feuilles=tiers)
        self.assertEqual(facture.feuille_ids, tiers)
        remboursement = self.factures.browse(
            self.factures.with_user(self.agent2).preparer_remboursement(assure.matricule, MOIS))
        self.assertEqual(remboursement.feuille_ids, direct)
        self.assertEqual((remboursement.mode, remboursement.assure_id), ("remboursement", assure))

    def test_reporter_les_instances(self):
        facture = self.soumise(nombre=3)
        en_instance = facture.feuille_ids[0]
        en_instance._ecrire({"state": "instance"})
        self.assertIs(facture.with_user(self.agent2).action_reporter_instances(), True)
        self.assertEqual((facture.nb_feuilles, facture.nb_instances), (2, 0))
        self.assertEqual(str(en_instance.report_periode), "2026-12-01")
        self.assertFalse(en_instance.facture_id)

    def test_retirer_une_feuille(self):
        facture = self.soumise(nombre=2)
        feuille = facture.feuille_ids[0]
        with self.assertRaises(UserError):
            facture.with_user(self.controleur).action_retirer_feuilles(feuille.ids, " ")
        with self.assertRaises(AccessError):
            facture.with_user(self.agent2).action_retirer_feuilles(feuille.ids, "Doublon")
        self.assertTrue(facture.with_user(self.controleur).action_retirer_feuilles(feuille.ids, "Doublon"))
        self.assertEqual(facture.nb_feuilles, 1)

    def test_lot_toutes_formations(self):
        self.feuille()
        self.feuille(formation="T-HD-01")
        self.assertIs(self.factures.with_user(self.controleur).preparer_lot(MOIS), True)
        factures = self.factures.search([("formation_id", "in", (self.formation | self.autre_formation).ids)])
        self.assertEqual(factures.mapped("nb_feuilles"), [1, 1])

    def test_create_garde(self):
        valeurs = {"formation_id": self.formation.id, "periode": MOIS}
        Facture = self.factures.with_user(self.agent)
        for champ, valeur in (("state", "validee"), ("montant_cnas", 5), ("numero", "X"), ("validateur_id", 1),
                              ("net_a_payer", 9), ("preparateur_id", self.agent2.id)):
            with self.subTest(champ=champ), self.assertRaises(UserError):
                Facture.create({**valeurs, champ: valeur})
        feuille = self.feuille()
        for commande in ((4, feuille.id), (6, 0, feuille.ids)):
            with self.assertRaises(UserError):
                Facture.create({**valeurs, "feuille_ids": [commande]})
        for champ in ("decompte_ids", "ordre_ids"):
            with self.assertRaises(UserError):
                Facture.create({**valeurs, champ: [(0, 0, {})]})
        facture = Facture.create(valeurs)
        self.assertEqual((facture.state, facture.preparateur_id), ("brouillon", self.agent))

    def test_feuille_ne_choisit_pas_sa_facture(self):
        facture = self.preparee()
        feuille = self.feuille()
        with self.assertRaises(UserError):
            feuille.with_user(self.superviseur).write({"facture_id": facture.id})
        with self.assertRaises(UserError):
            facture.feuille_ids[0].with_user(self.superviseur).write({"facture_id": False})
        with self.assertRaises(UserError):
            facture.with_user(self.superviseur).write({"feuille_ids": [(4, feuille.id)]})
        with self.assertRaises(UserError):
            self.brouillon(reference="B-9", facture_id=facture.id)

    def test_requetes_constantes(self):
        petites = [self.feuille() for _i in range(3)]
        facture = self.preparee(feuilles=petites)
        comptes = []
        for _taille in (3, 30):
            self.env.flush_all()
            self.env.invalidate_all()
            avant = self.env.cr.sql_log_count
            facture._actualiser_montants()
            facture.read(["numero", "montant_cnas", "feuille_ids"])
            facture.feuille_ids[:2].read(["numero", "montant_cnas"])
            comptes.append(self.env.cr.sql_log_count - avant)
            if facture.nb_feuilles == 3:
                for _i in range(27):
                    self.feuille()
                facture.with_user(self.agent2).action_rassembler()
        self.assertEqual(facture.nb_feuilles, 30)
        self.assertEqual(comptes[0], comptes[1])
