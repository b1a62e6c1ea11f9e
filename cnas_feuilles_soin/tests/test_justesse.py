from datetime import date, timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from .commun_feuille import PDF, CommunFeuille
from .commun_moteur import JOUR, CommunMoteur


@tagged("post_install", "-at_install", "cnas")
class TestDateDeDepot(CommunFeuille):
    """La date de dépôt est celle du serveur pour une formation ; un agent qui la donne laisse une trace."""

    def test_formation_ne_choisit_pas(self):
        hier, jour = (str(fields.Date.context_today(self.env.user) - timedelta(days=n)) for n in (1, 0))
        refusee, sans, du_jour = self.importer(
            self.dossier("D-1", date_depot=hier), self.dossier("D-2"), self.dossier("D-3", date_depot=jour), user=self.portail)
        self.assertIn("date_depot", refusee["erreurs"][0])
        self.assertFalse(refusee["id"])
        for resultat in (sans, du_jour):
            self.assertFalse(resultat["erreurs"])
            self.assertEqual(str(self.feuilles.browse(resultat["id"]).date_depot), jour)
            self.assertIn(f"-{jour[:4]}-", resultat["numero"])

    def test_agent_date_et_laisse_une_trace(self):
        traces = self.env["cnas.journal"].sudo()
        domaine = [("modele", "=", "cnas.feuille_soin"), ("evenement", "=", "depot_date")]
        avant = traces.search_count(domaine)
        self.deposee("D-4")
        self.assertEqual(traces.search_count(domaine), avant)
        feuille = self.deposee("D-5", date_soins="2025-11-01", date_depot="2025-11-03")
        trace = traces.search(domaine, order="id desc", limit=1)
        self.assertEqual((traces.search_count(domaine), trace.user_id), (avant + 1, self.agent))
        self.assertIn(feuille.numero, str(trace.apres))
        self.assertIn("-2025-", feuille.numero)


@tagged("post_install", "-at_install", "cnas")
class TestPrestationRetiree(CommunMoteur):
    """Une prestation archivée se juge au jour des soins."""

    def test_terrain_22_retrait_juge_au_jour_des_soins(self):
        acte = self.prestation("acte", 1000)
        acte.date_retrait = JOUR
        acte.active = False
        self.assertEqual(acte.date_retrait, JOUR)
        jour_meme = self.feuille((acte, 1, 1000), assure_id=self.creer_assure().id)
        apres = self.feuille((acte, 1, 1000), assure_id=self.creer_assure().id, date_soins=JOUR + timedelta(days=1))
        self.controler(jour_meme, apres)
        self.assertEqual((jour_meme.state, apres.state), ("validee", "rejetee"))
        self.assertEqual(apres.anomalie_ids.message, "Prestation retirée le 12/03/2026")
        self.assertEqual(self.codes(apres), ["NOM-01"])

    def test_archiver_pose_la_date(self):
        acte = self.prestation("acte", 1000)
        self.env["cnas.acte"].search([("prestation_id", "=", acte.id)]).action_archive()
        self.assertEqual(acte.date_retrait, fields.Date.context_today(acte))
        feuille = self.controler(self.feuille((acte, 1, 1000)))
        self.assertEqual(feuille.state, "validee")
        acte.active = True
        self.assertFalse(acte.date_retrait)


@tagged("post_install", "-at_install", "cnas")
class TestTauxLePlusFavorable(CommunMoteur):
    """Un enfant malade au long cours garde ce que son âge lui donne."""

    def taux(self, naissance, ald=90, enfant=100):
        regime = self.env["cnas.regime"].create({"numero": 8, "code": "TPF", "name": "Régime au plus favorable"})
        for nature, valeur in ((False, 80), ("ald", ald), ("enfant", enfant)):
            self.env["cnas.taux"].create({"regime_id": regime.id, "taux": valeur, "nature": nature, "date_debut": "2020-01-01"})
        self.env["cnas.panier_soin"].create({"regime_id": regime.id, "date_debut": "2020-01-01"})
        assure = self.creer_assure(naissance=naissance, droits=False, regime_id=regime.id)
        self.env["cnas.droit"].create({"assure_id": assure.id, "regime_id": regime.id, "date_debut": "2020-01-01"})
        feuille = self.feuille(assure_id=assure.id, pathologie_id=self.pathologie(ald=True).id)
        self.controler(feuille)
        self.assertEqual(feuille.nature, "ald")
        return feuille.ligne_ids.taux

    def test_enfant_de_trois_ans(self):
        self.assertEqual(self.taux("2023-01-01"), 100)

    def test_cinq_ans_ce_jour(self):
        self.assertEqual(self.taux("2021-03-12"), 90)

    def test_ald_mieux_payee_que_l_enfant(self):
        self.assertEqual(self.taux("2023-01-01", ald=95, enfant=85), 95)

    def test_le_guichet_dit_le_taux_de_la_feuille(self):
        """Sans taux à lui, un enfant prend celui de tous, pas celui des adultes : qui lit sa carte voit le même."""
        self.env["cnas.taux"].create({"regime_id": self.regime.id, "taux": 95, "nature": "ordinaire", "date_debut": "2020-01-01"})
        enfant = self.creer_assure(naissance="2023-01-01")
        feuille = self.controler(self.feuille(assure_id=enfant.id))
        self.assertEqual(feuille.ligne_ids.taux, 80)
        self.assertEqual({taux for _sorte, taux, _ticket in enfant._taux_au(self.regime.id, feuille.date_soins)}, {80})


@tagged("post_install", "-at_install", "cnas")
class TestNouveauNe(CommunMoteur):
    """Un nouveau-né sous le numéro de sa mère : son âge, son taux, sa personne."""

    def setUp(self):
        super().setUp()
        self.env["cnas.taux"].create({
            "regime_id": self.regime.id, "taux": 100, "nature": "enfant", "date_debut": "2020-01-01"})
        self.mere = self.creer_assure(genre="feminin")
        self.bebe = {"assure_id": self.mere.id, "nouveau_ne": True, "attestation_nouveau_ne": True,
                     "date_naissance_declaree": JOUR - timedelta(days=10)}

    def test_terrain_15_son_age_et_son_taux(self):
        reserve = self.prestation("acte", 1000, age_min=0, age_max=0)
        feuille = self.controler(self.feuille((reserve, 1, 1000), **self.bebe))
        self.assertEqual((feuille.state, feuille.nature, feuille.montant_cnas), ("validee", "enfant", 1000))
        adulte = self.prestation("acte", 1000, age_min=18)
        feuille = self.controler(self.feuille((adulte, 1, 1000), **self.bebe))
        self.assertIn("CLI-02", self.codes(feuille))

    def test_jumeaux_et_mere_ne_sont_pas_des_doublons(self):
        mere = self.feuille(assure_id=self.mere.id)
        jumeaux = [self.feuille(**self.bebe, rang_naissance=rang) for rang in (1, 2)]
        deux_fois = self.feuille(**self.bebe, rang_naissance=2)
        self.controler(mere, *jumeaux, deux_fois)
        self.assertEqual([f.montant_cnas for f in (mere, *jumeaux, deux_fois)], [1200, 1500, 1500, 0])
        self.assertEqual(self.codes(deux_fois), ["DBL-01"])

    def test_attestation_jointe(self):
        sans = {**self.bebe, "attestation_nouveau_ne": False}
        feuille = self.controler(self.feuille(**sans))
        self.assertEqual((feuille.state, self.codes(feuille)), ("instance", ["DRT-08"]))
        feuille = self.feuille(**sans)
        self.env["cnas.feuille_soin.piece"].sudo().create({
            "feuille_id": feuille.id, "name": "a.pdf", "contenu": PDF,
            "type_id": self.env.ref("cnas_feuilles_soin.type_piece_attestation_nn").id})
        self.assertEqual(self.controler(feuille).state, "validee")

    def test_sans_date_de_naissance_pas_d_age(self):
        """Un nouveau-né sans date serait payé à cent pour cent sur parole : la feuille attend sa date."""
        feuille = self.controler(self.feuille(**{**self.bebe, "date_naissance_declaree": False}))
        self.assertEqual((feuille.state, self.codes(feuille)), ("instance", ["REC-01"]))
        feuille_agent = feuille.with_user(new_test_user(self.env, "t_agent_nn", groups="cnas_base.group_agent"))
        with self.assertRaisesRegex(UserError, "date de naissance"):
            feuille_agent.action_regulariser()
        feuille_agent.date_naissance_declaree = self.bebe["date_naissance_declaree"]
        feuille_agent.action_regulariser()
        self.assertEqual(self.controler(feuille).state, "validee")

    def test_rattachee_a_l_enfant_immatricule(self):
        feuille = self.controler(self.feuille(**self.bebe))
        enfant = self.creer_assure(naissance=self.bebe["date_naissance_declaree"], principal=self.mere)
        feuille.action_rattacher_enfant()
        self.assertEqual(feuille.enfant_id, enfant)
        encore = self.controler(self.feuille(assure_id=enfant.id))
        self.assertEqual((encore.state, self.codes(encore)), ("rejetee", ["DBL-01"]))


@tagged("post_install", "-at_install", "cnas")
class TestNouveauNeImporte(CommunFeuille):
    """L'envoi dit le nouveau-né et la carte présentée."""

    def test_importer(self):
        bebe = {"nouveau_ne": True, "date_naissance_declaree": "2026-11-09"}
        un, deux, meme, faux, futur, adulte = self.importer(
            self.dossier("N-1", **bebe, rang_naissance=1), self.dossier("N-2", **bebe, rang_naissance=2),
            self.dossier("N-1", **bebe, rang_naissance=1), self.dossier("N-3", **bebe, rang_naissance=0),
            self.dossier("N-4", nouveau_ne=True, date_naissance_declaree="2026-11-11"), self.dossier("N-5", rang_naissance=1))
        self.assertFalse(un["erreurs"] or deux["erreurs"])
        self.assertEqual(meme["id"], un["id"])
        for refuse in (faux, futur, adulte):
            self.assertTrue(refuse["erreurs"] and not refuse["id"])
        feuille = self.feuilles.browse(deux["id"])
        self.assertEqual((feuille.nouveau_ne, feuille.date_naissance_declaree, feuille.rang_naissance, feuille.nature),
                         (True, date(2026, 11, 9), 2, "enfant"))

    def test_carte(self):
        carte = self.env["cnas.carte"].create({"assure_id": self.assure.id})
        nommee, lue, autre, inconnue = self.importer(
            self.dossier("K-1", carte=carte.numero), self.dossier("K-2", matricule=carte.numero),
            self.dossier("K-3", matricule=self.enfant.matricule, carte=carte.numero), self.dossier("K-4", carte="RIEN"))
        self.assertEqual(self.feuilles.browse([nommee["id"], lue["id"]]).carte_id, carte)
        for refuse in (autre, inconnue):
            self.assertIn("n'est pas celle de ce bénéficiaire", refuse["erreurs"][0])


@tagged("post_install", "-at_install", "cnas")
class TestDroitsPourLePasse(CommunFeuille):
    """Les rejets que des droits ouverts pour le passé couvrent se reprennent à leur date de dépôt d'origine."""

    def setUp(self):
        super().setUp()
        self.sans_droits = self.creer_assure("Hassan", "1980-01-01", ouvert=False)
        self.rejetee = self.deposee("P-1", matricule=self.sans_droits.matricule, date_soins="2026-06-10",
                                    date_depot="2026-06-12")
        self.rejetee._controler()
        self.assertEqual(self.rejetee.state, "rejetee")

    def ouvrir(self, debut, fin):
        return self.env["cnas.droit"].create({
            "assure_id": self.sans_droits.id, "regime_id": self.regime.id, "date_debut": debut, "date_fin": fin})

    def test_terrain_13_la_periode_liste_et_reprend(self):
        droit = self.ouvrir("2026-06-10", "2026-06-10")
        self.assertEqual(droit.rejet_couvert_ids, self.rejetee)
        droit.with_user(self.agent).action_reprendre_feuilles()
        reprise = self.rejetee.reprise_ids
        self.assertEqual((reprise.state, reprise.date_depot, reprise.origine_id),
                         ("deposee", date(2026, 6, 12), self.rejetee))
        reprise._controler()
        self.assertEqual((reprise.state, self.codes(reprise)), ("validee", []))
        self.assertFalse(droit._rejets_couverts())
        with self.assertRaisesRegex(UserError, "aucune feuille rejetée"):
            droit.with_user(self.agent).action_reprendre_feuilles()

    codes = staticmethod(CommunMoteur.codes)

    def test_hors_de_la_periode(self):
        self.assertFalse(self.ouvrir("2026-06-11", "2026-07-31").rejet_couvert_ids)

    def test_reprendre_garde_la_date_de_depot(self):
        reprise = self.feuilles.browse(self.rejetee.with_user(self.agent).action_reprendre()["res_id"])
        self.assertEqual(reprise.date_depot, date(2026, 6, 12))

    def test_renvoyer_dit_quoi_faire(self):
        encore = self.importer(self.dossier("P-1", matricule=self.sans_droits.matricule, date_soins="2026-06-10",
                                            date_depot="2026-06-12"))[0]
        self.assertEqual((encore["id"], encore["state"]), (self.rejetee.id, "rejetee"))
        self.assertRegex(encore["erreurs"][0], "rejetée le .*Droits fermés.*reprendre")


@tagged("post_install", "-at_install", "cnas")
class TestNumeroAnnule(CommunFeuille):
    """Une feuille annulée rend son numéro à la bonne, et ne répond pas comme si elle vivait."""

    def test_terrain_18_an_77(self):
        a, b = self.dossier("AN-77"), self.dossier("AN-77", matricule=self.enfant.matricule)
        annulee = self.deposee("AN-77")
        annulee.with_user(self.agent).action_annuler("Mauvais bénéficiaire")
        bonne = self.importer(b)[0]
        self.assertFalse(bonne["erreurs"])
        feuille = self.feuilles.browse(bonne["id"])
        self.assertEqual((feuille.homonyme_ids, annulee.homonyme_ids), (annulee, feuille))
        encore = self.importer(a)[0]
        self.assertEqual(encore["state"], "annulee")
        self.assertRegex(encore["erreurs"][0], "annulée le .*Mauvais bénéficiaire")
        self.assertEqual(self.importer(b)[0], bonne)
        autre = self.importer(self.dossier("AN-77", urgence=True))[0]
        self.assertIn("déjà prise", autre["erreurs"][0])


@tagged("post_install", "-at_install", "cnas")
class TestApresCoup(CommunMoteur):
    """Ce qui s'apprend après la validation ramène la feuille à un contrôleur."""

    def validee(self, **champs):
        feuille = self.controler(self.feuille((self.pansement, 1, 1000), **champs))
        self.assertEqual(feuille.state, "validee")
        return feuille

    def test_terrain_23_deces(self):
        veille, jour_meme = (self.validee(date_soins=JOUR - timedelta(days=n)) for n in (2, 1))
        apres = self.validee()
        self.assure.write({"date_deces": JOUR - timedelta(days=1)})
        self.assertEqual([f.state for f in (veille, jour_meme, apres)], ["validee", "validee", "controle"])
        self.assertEqual(self.codes(apres), ["DRT-06"])
        self.assertTrue(apres.anomalie_ids.severite == "signalement" and "décédé" in apres.anomalie_ids.message)
        apres.action_controler()
        self.assertEqual(apres.state, "rejetee")

    def test_radiation_des_ayants_droit(self):
        enfant = self.creer_assure(naissance="2020-01-01", principal=self.assure)
        feuille, avant = self.validee(assure_id=enfant.id), self.validee(assure_id=enfant.id, date_soins=JOUR - timedelta(days=9))
        self.assure.action_radier("Fraude", str(JOUR))
        self.cr.flush()  # la validation : le fait est appris
        self.assertEqual((feuille.state, avant.state, self.codes(feuille)), ("controle", "validee", ["DRT-02"]))

    def test_suspension_de_formation_et_convention(self):
        feuille, veille = self.validee(), self.validee(date_soins=JOUR - timedelta(days=1))
        self.formation.action_suspendre("Enquête", str(JOUR))
        self.assertEqual((feuille.state, veille.state, self.codes(feuille)), ("controle", "validee", ["FOR-02"]))

    def test_payee_alerte_un_superviseur(self):
        feuille = self.validee()
        feuille._changer_etat("payee")
        self.assure.write({"date_deces": JOUR - timedelta(days=1)})
        self.assertEqual(feuille.state, "payee")
        self.assertIn("décédé", feuille.activity_ids.note)

    def test_terrain_14_carte_volee(self):
        carte = self.env["cnas.carte"].create({"assure_id": self.assure.id})
        carte._ecrire({"state": "active"})
        veille, jour_meme = (self.validee(date_soins=JOUR - timedelta(days=n), carte_id=carte.id) for n in (1, 0))
        carte.action_declarer_perte("Volée")
        self.assertEqual(carte.date_perte, fields.Date.context_today(carte))
        self.assertEqual((veille.state, jour_meme.state), ("validee", "validee"))
        carte._ecrire({"date_perte": JOUR})
        self.env["cnas.feuille_soin"]._revoir_apres_coup([("carte_id", "=", carte.id)])
        self.assertEqual((veille.state, jour_meme.state), ("validee", "controle"))
        neuve = self.controler(self.feuille(carte_id=carte.id))
        self.assertEqual((neuve.state, neuve.anomalie_ids.message), ("controle", "Carte déclarée perdue ou volée le 12/03/2026"))


@tagged("post_install", "-at_install", "cnas")
class TestSejours(CommunMoteur):
    """Ce qui se passe pendant un séjour ; un séjour sans sortie attend."""

    def test_terrain_21_consultation_pendant_le_sejour(self):
        sejour = self.feuille((self.pansement, 1, 1000), type_soins="hospitalisation",
                              date_fin_soins=JOUR + timedelta(days=5))
        entree, dedans, sortie = (self.feuille(date_soins=JOUR + timedelta(days=n), formation_id=self.creer_formation(2).id)
                                  for n in (0, 2, 5))
        self.controler(sejour)
        self.controler(entree, dedans, sortie)
        self.assertEqual([self.codes(f) for f in (entree, dedans, sortie)], [[], ["DBL-06"], []])
        self.assertIn(sejour.numero, dedans.anomalie_ids.message)

    def test_sejour_autour_d_une_consultation(self):
        dedans = self.controler(self.feuille(date_soins=JOUR + timedelta(days=2)))
        sejour = self.controler(self.feuille((self.pansement, 1, 1000), type_soins="hospitalisation",
                                             date_fin_soins=JOUR + timedelta(days=5)))
        self.assertEqual(self.codes(sejour), ["DBL-06"])
        self.assertIn(dedans.numero, sejour.anomalie_ids.message)

    def test_terrain_21_sans_sortie(self):
        feuille = self.feuille((self.pansement, 1, 1000), type_soins="hospitalisation", date_fin_soins=False)
        feuille._ecrire({"date_depot": JOUR + timedelta(days=3)})
        self.controler(feuille)
        self.assertEqual((feuille.state, self.codes(feuille)), ("instance", ["REC-11"]))
        with self.assertRaisesRegex(UserError, "sortie"):
            feuille.action_regulariser()
        with self.assertRaises(UserError):
            feuille.action_dater_sortie(str(JOUR + timedelta(days=4)))
        feuille.action_dater_sortie(str(JOUR + timedelta(days=3)))
        self.assertEqual(feuille.state, "deposee")
        self.assertEqual(self.controler(feuille).state, "validee")


    def test_pendant_un_sejour_sans_sortie(self):
        """On n'y a pas mis fin : jusqu'à son dépôt, ce qui se passe ailleurs se signale avec son numéro."""
        ouvert = self.feuille((self.pansement, 30, 1000), type_soins="hospitalisation", date_fin_soins=False)
        ouvert._ecrire({"date_depot": JOUR + timedelta(days=30)})
        self.controler(ouvert)
        ailleurs = self.creer_formation(2).id
        dedans = self.feuille((self.pansement, 1, 1000), date_soins=JOUR + timedelta(days=10), type_soins="hospitalisation",
                              date_fin_soins=JOUR + timedelta(days=15), formation_id=ailleurs)
        entree, apres = (self.feuille(date_soins=JOUR + timedelta(days=n), formation_id=self.creer_formation(2).id) for n in (0, 30))
        self.controler(dedans, entree, apres)
        self.assertEqual([self.codes(f) for f in (dedans, entree, apres)], [["DBL-06"], [], []])
        self.assertIn(ouvert.numero, dedans.anomalie_ids.message)


@tagged("post_install", "-at_install", "cnas")
class TestGuerison(CommunMoteur):
    """Ce qui retient une feuille se règle, et le motif dit est le bon."""

    def test_terrain_19_total_accepte_ou_corrige(self):
        for geste in (lambda f: f.action_accepter_total(), lambda f: f.action_corriger_total(1500)):
            feuille = self.controler(self.feuille(total_declare=1600, assure_id=self.creer_assure().id))
            self.assertEqual((feuille.state, self.codes(feuille)), ("instance", ["REC-10"]))
            with self.assertRaisesRegex(UserError, "Total déclaré"):
                feuille.action_regulariser()
            geste(feuille)
            self.assertEqual((feuille.state, feuille.total_declare), ("deposee", 1500))
            self.assertEqual(self.controler(feuille).state, "validee")

    def test_total_encore_faux(self):
        feuille = self.controler(self.feuille(total_declare=1600))
        feuille.action_corriger_total(1400)
        self.assertEqual(feuille.state, "instance")
        for total in (None, "", 0, -5, "beaucoup", 1500.5):
            with self.subTest(total=total), self.assertRaisesRegex(UserError, "Le total"):
                feuille.action_corriger_total(total)

    def test_diagnostic_et_piece_laissent_une_anomalie(self):
        genre = self.env.ref("cnas_feuilles_soin.type_piece_resultat")
        self.env["cnas.piece_exigee"].create({"type_piece_id": genre.id, "categorie": "consultation"})
        feuille = self.feuille(state="brouillon", pathologie_id=False)
        feuille._ecrire({"numero": False})
        self.regler("REC-02", "obligatoire", "oui")
        feuille._deposer()
        self.assertEqual((feuille.state, set(self.codes(feuille))), ("instance", {"REC-02", "REC-03"}))

    def test_avant_la_naissance_n_est_pas_la_carence(self):
        self.regime.carence_mois = 3
        enfant = self.creer_assure(naissance=JOUR + timedelta(days=1), date_affiliation=JOUR + timedelta(days=1))
        feuille = self.controler(self.feuille(assure_id=enfant.id))
        self.assertEqual(self.codes(feuille), ["DRT-07"])

    def test_nom_03_levee_libere(self):
        sans_tarif = self.prestation("acte")
        feuille = self.controler(self.feuille((sans_tarif, 1, 700), (self.pansement, 1, 1000)))
        self.assertEqual((feuille.state, self.codes(feuille)), ("instance", ["NOM-03"]))
        feuille.anomalie_ids.action_lever("Acte offert")
        feuille.action_regulariser()
        self.controler(feuille)
        self.assertEqual((feuille.state, feuille.montant_cnas, feuille.depassement), ("validee", 800, 700))
        self.verifier_equilibre(feuille)

    def test_feuille_gratuite(self):
        gratuit = self.prestation("acte", 0)
        feuille = self.controler(self.feuille((gratuit, 1, 0)))
        self.assertEqual((feuille.state, feuille.montant_cnas), ("validee", 0))


@tagged("post_install", "-at_install", "cnas")
class TestTypeDate(CommunFeuille):
    """Une formation promue garde, pour les soins d'avant, son niveau d'avant."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.superviseur2 = new_test_user(cls.env, "t_superviseur2", groups="cnas_base.group_superviseur")

    def promouvoir(self, type_formation, jour):
        demande = self.formation.with_user(self.superviseur).action_changer_type(type_formation, "Promue", jour)
        self.assertNotEqual(self.formation.type_formation, type_formation, "un seul ne promeut pas")
        self.env["cnas.changement"].browse(demande).with_user(self.superviseur2).action_accepter()

    def test_niveau_a_la_date_des_soins(self):
        en_cours = self.deposee("TD-0", date_soins="2026-11-10")
        ancien = self.deposee("TD-1", date_soins="2026-11-09")
        self.promouvoir("hopital_district", "2026-11-10")
        apres = [self.deposee(f"TD-{n}", date_soins=f"2026-11-{n:02d}") for n in (9, 10)]
        self.assertEqual([f.niveau_formation for f in (ancien, en_cours, *apres)], [1, 2, 1, 2])
        self.assertEqual([f.type_formation for f in apres], ["centre_sante", "hopital_district"])
        self.promouvoir("hopital_provincial", "2026-11-12")
        self.assertEqual([self.deposee(f"TE-{n}", date_soins=f"2026-11-{n:02d}").niveau_formation for n in (9, 11, 12)], [1, 2, 3])

    def test_estimation_au_niveau_du_jour_des_soins(self):
        """Le brouillon de soins d'avant la promotion s'estime, et propose ses prix, au niveau d'avant."""
        self.env["cnas.config_medicament"].create(
            {"medicament_id": self.medicament.id, "niveau": 2, "montant": 900, "date_debut": "2020-01-01"})
        self.promouvoir("hopital_district", "2026-11-10")
        brouillons = [self.env["cnas.feuille_soin"].create({
            "reference": f"TF-{n}", "formation_id": self.formation.id, "assure_id": self.assure.id, "pathologie_id": self.palu.id,
            "date_soins": f"2026-11-{n:02d}", "date_depot": "2026-11-12", "agence_id": self.agence.id,
            "ligne_ids": [(0, 0, {"prestation_id": self.medicament.prestation_id.id, "quantite": 1, "prix_unitaire": 900})]})
            for n in (9, 10)]
        avant, apres = brouillons
        general = avant.ligne_ids.tarif_propose
        self.assertLess(general, 900)
        self.assertEqual((avant.depassement_estime, apres.ligne_ids.tarif_propose, apres.depassement_estime), (900 - general, 900, 0))

    def test_refus(self):
        formation = self.formation.with_user(self.superviseur)
        demain = str(fields.Date.context_today(formation) + timedelta(days=1))
        for arguments in (("centre_sante", "Rien"), ("clinique", "Inconnu"), ("hopital_district", ""),
                          ("hopital_district", "Demain", demain)):
            with self.subTest(arguments), self.assertRaises(UserError):
                formation.action_changer_type(*arguments)
        with self.assertRaises(UserError):
            self.formation.with_user(self.agent).action_changer_type("hopital_district", "Promue")


@tagged("post_install", "-at_install", "cnas")
class TestPlafondLibere(CommunMoteur):
    """Annuler la feuille qui avait pris le plafond signale celles qu'elle avait réduites, et les rejoue d'un geste."""

    def test_annuler_puis_rejouer(self):
        self.env["cnas.plafond"].create({
            "regime_id": self.regime.id, "portee": "beneficiaire", "montant_max": 1200, "date_debut": "2020-01-01"})
        actes = [self.prestation("acte", 1000) for _rang in range(3)]
        prise, reduite, vide = (self.feuille((acte, 1, 1000), date_soins=JOUR + timedelta(days=rang))
                                for rang, acte in enumerate(actes))
        autre = self.feuille((actes[0], 1, 1000), assure_id=self.creer_assure().id)
        self.controler(prise, reduite, vide, autre)
        self.assertEqual([f.montant_cnas for f in (prise, reduite, vide, autre)], [800, 400, 0, 800])
        with self.assertRaisesRegex(UserError, "aucun plafond"):
            reduite.action_rejouer_plafond()
        prise.action_annuler("Erreur de personne")
        self.assertEqual([f.plafond_libere for f in (reduite, vide, autre)], [True, True, False])
        self.assertEqual([f.montant_cnas for f in (reduite, vide)], [400, 0])
        (reduite | vide).action_rejouer_plafond()
        self.assertEqual([f.montant_cnas for f in (reduite, vide)], [800, 400])
        self.assertEqual([f.state for f in (reduite, vide)], ["validee", "validee"])
        self.assertFalse(reduite.plafond_libere or vide.plafond_libere)


@tagged("post_install", "-at_install", "cnas")
class TestSanctionDeFormation(CommunMoteur):
    """Une sanction a un dernier jour ; les soins d'après sont payés."""

    def test_bornes(self):
        debut, fin = JOUR, JOUR + timedelta(days=2)
        feuilles = [self.feuille((self.pansement, 1, 1000), date_soins=JOUR + timedelta(days=n)) for n in (-1, 0, 2, 3)]
        self.formation.action_suspendre("Sanction", str(debut), str(fin))
        self.assertEqual(self.formation.state, "active")
        self.controler(*feuilles)
        self.assertEqual([f.state for f in feuilles], ["validee", "rejetee", "rejetee", "validee"])
        convention = self.formation.convention_ids
        convention.action_suspendre("Autre sanction", str(JOUR + timedelta(days=10)), str(JOUR + timedelta(days=10)))
        self.assertEqual(convention.state, "active")
        situations = self.formation._situation_par_lot([(self.formation.id, JOUR + timedelta(days=n)) for n in (9, 10, 11)])
        self.assertEqual([situations[cle] for cle in sorted(situations)], ["active", "suspendue", "active"])
        with self.assertRaises(UserError):
            convention.action_suspendre("À l'envers", str(JOUR), str(JOUR - timedelta(days=1)))
