from datetime import date, timedelta

from odoo import fields
from odoo.tests import tagged

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

    def test_retrait_juge_au_jour_des_soins(self):
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

    def test_son_age_et_son_taux(self):
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
