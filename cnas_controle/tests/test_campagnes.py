import random
from datetime import timedelta

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.tests.common import TransactionCase

from .. import estimation
from .commun_controle import CommunControle


@tagged("post_install", "-at_install", "cnas")
class TestCampagnes(CommunControle):
    """Un tirage qu'on refait, un verdict par ligne, un indu proposé, notifié, contesté."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.preparees = cls.feuilles

    def setUp(self):
        super().setUp()
        for _rang in range(6):
            feuille = self.feuille()
            self.decider(feuille)
            self.preparees |= feuille

    def tiree(self, **valeurs):
        campagne = self.campagne(**valeurs)
        campagne.action_tirer()
        return campagne

    def juger(self, campagne, fausses=2):
        lignes = campagne.with_user(self.controleur).ligne_ids
        fausses = lignes[:fausses]
        (lignes - fausses).juger("juste")
        fausses.juger("rejetee", motif="Acte absent du registre")

    def test_un_verdict_par_lot_a_requetes_constantes(self):
        lignes = self.tiree().with_user(self.controleur).ligne_ids
        self.assertGreater(len(set(lignes.mapped("montant_facture"))), 1, "des montants distincts")
        lignes.juger("rejetee", motif="À reprendre")
        _chauffe, peu, beaucoup = (self.requetes(quelques.action_juste) for quelques in (lignes[:1], lignes[1:3], lignes[3:]))
        self.assertEqual(peu, beaucoup)
        self.assertEqual(lignes.mapped("montant_juste"), lignes.mapped("montant_facture"))

    def test_parcours(self):
        campagne = self.campagne()
        self.assertIn("6 feuilles sur 6", campagne.justification)
        campagne.action_tirer()
        self.assertEqual((campagne.population, campagne.nb_feuilles, campagne.nb_lignes, campagne.nb_jugees), (6, 6, len(self.preparees.ligne_ids), 0))
        with self.assertRaisesRegex(UserError, "attendent leur verdict"):
            campagne.action_conclure()
        self.juger(campagne)
        campagne.action_conclure()
        resultat = campagne.resultat_ids
        # tout est tiré : rien n'est estimé
        fausses = campagne.ligne_ids.filtered(lambda n: n.verdict == "rejetee")
        perdu = sum(fausses.mapped("montant_cnas"))
        self.assertEqual((resultat.observe, resultat.estimation, resultat.bas, resultat.haut, resultat.montant_propose), (perdu,) * 5)
        self.assertEqual(resultat.en_erreur, len(fausses.feuille_id))
        with self.assertRaisesRegex(UserError, "tiré, avant la conclusion"):
            fausses.with_user(self.controleur).juger("juste")
        resultat = resultat.with_user(self.superviseur)
        resultat.action_proposer()
        self.assertEqual((resultat.indu_id.montant, resultat.indu_id.state), (perdu, "constate"))
        self.assertIn("intervalle à 95 %", resultat.indu_id.motif)
        with self.assertRaisesRegex(UserError, "pas encore notifié"):
            resultat.action_contester("Nous contestons")
        resultat.indu_id.with_user(self.superviseur2).action_notifier()
        resultat.with_user(self.controleur).action_contester("Le registre était au district")
        with self.assertRaisesRegex(UserError, "Quatre yeux"):
            resultat.action_maintenir("Non")
        autre = resultat.with_user(self.superviseur2)
        with self.assertRaisesRegex(UserError, "plus bas"):
            resultat._ecrire({"montant_revise": perdu})
            autre.action_reviser("Une ligne de moins")
        autre.montant_revise = perdu - 100
        ancien = resultat.indu_id
        autre.action_reviser("Une ligne de moins")
        self.assertEqual((ancien.state, resultat.indu_id.montant, resultat.state), ("annule", perdu - 100, "revise"))

    def test_contestation_hors_delai(self):
        campagne = self.tiree()
        self.juger(campagne)
        campagne.action_conclure()
        resultat = campagne.resultat_ids.with_user(self.superviseur)
        resultat.action_proposer()
        resultat.indu_id.with_user(self.superviseur2).action_notifier()
        resultat.indu_id._ecrire({"date_notification": aujourd_hui() - timedelta(days=40)})
        with self.assertRaisesRegex(UserError, "délai pour contester"):
            resultat.with_user(self.controleur).action_contester("Trop tard")

    def test_ce_que_l_assure_a_recu(self):
        """Une feuille remboursée à l'assuré n'est pas dans la population : la formation n'en a rien reçu."""
        self.env.flush_all()
        self.env.cr.execute("UPDATE cnas_feuille_soin SET mode = 'remboursement' WHERE id = %s", [self.preparees[:1].id])
        self.env.invalidate_all()
        self.assertIn("5 feuilles sur 5", self.campagne().justification)

    def test_indu_annule(self):
        """Un indu contesté qu'on annule à la main ne se maintient pas : la révision à zéro clôt la contestation."""
        campagne = self.tiree()
        self.juger(campagne)
        campagne.action_conclure()
        resultat = campagne.resultat_ids.with_user(self.superviseur)
        resultat.action_proposer()
        indu = resultat.indu_id.with_user(self.superviseur2)
        indu.action_notifier()
        resultat.with_user(self.controleur).action_contester("Le registre était au district")
        indu.action_annuler("Mauvais registre")
        with self.assertRaisesRegex(UserError, "est annulé"):
            resultat.with_user(self.superviseur2).action_maintenir("Non")
        resultat.with_user(self.superviseur2).action_reviser("Rien n'est dû")
        self.assertEqual((resultat.state, resultat.indu_id, indu.state), ("revise", indu, "annule"))

    def test_pas_deux_fois(self):
        """Deux campagnes des mêmes soins ne réclament pas deux fois le même trop payé."""
        resultats = []
        for _rang in range(2):
            campagne = self.tiree()
            self.juger(campagne)
            campagne.action_conclure()
            resultats.append(campagne.resultat_ids.with_user(self.superviseur))
        premier, second = resultats
        premier.action_proposer()
        with self.assertRaisesRegex(UserError, "réclame déjà"):
            second.action_proposer()
        premier.indu_id.with_user(self.superviseur2).action_annuler("Mauvais registre")
        second.action_proposer()
        self.assertTrue(second.indu_id)

    def test_taux_d_audit(self):
        campagne = self.tiree()
        self.juger(campagne)
        campagne.action_conclure()
        resultat = campagne.resultat_ids.with_user(self.superviseur)
        self.assertTrue(2 <= resultat.taux_audit <= 50)
        demande = self.env["cnas.changement"].browse(resultat.action_regler_audit()["res_id"])
        self.assertEqual(demande.state, "demande")
        demande.with_user(self.superviseur2).action_accepter()
        self.assertEqual(self.env["cnas.parametre"]._au(f"PLF-04.taux:{self.formation.code}"), resultat.taux_audit)

    def test_tirage_reproductible_et_fige(self):
        campagne = self.tiree()
        self.assertEqual(campagne.verifier_tirage(), {"population_inchangee": True, "echantillon_identique": True})
        for vals in ({"graine": 1}, {"date_debut": "2026-09-01"}, {"formation_ids": [(5,)]}, {"precision": 1}):
            with self.subTest(vals=vals), self.assertRaisesRegex(UserError, "L'échantillon est tiré"):
                campagne.write(vals)
        with self.assertRaisesRegex(UserError, "figé"):
            campagne.sudo().ligne_ids[:1].unlink()
        with self.assertRaises(UserError):
            campagne.write({"ligne_ids": [(0, 0, {"ligne_id": campagne.ligne_ids[0].ligne_id.id})]})
        with self.assertRaises(UserError):
            campagne.feuille_ids[:1].write({"montant_cnas": 1})
        with self.assertRaises(UserError):
            campagne.ligne_ids[:1].with_user(self.controleur).write({"montant_facture": 10 ** 6})
        self.decider(self.feuille())
        self.assertFalse(campagne.verifier_tirage()["population_inchangee"])

    def test_entrees_fausses(self):
        with self.assertRaisesRegex(UserError, "vide"):
            self.campagne(date_debut="2020-01-01", date_fin="2020-02-01").action_tirer()
        with self.assertRaisesRegex(UserError, "au moins une formation"):
            self.campagne(formation_ids=False).action_tirer()
        with self.assertRaisesRegex(ValidationError, "futur"):
            self.campagne(date_fin=str(aujourd_hui() + timedelta(days=1)))
        with self.assertRaisesRegex(ValidationError, "avant de commencer"):
            self.campagne(date_debut="2026-11-02", date_fin="2026-11-01")
        ligne = self.tiree().ligne_ids[0].with_user(self.controleur)
        with self.assertRaisesRegex(UserError, "dépasse le facturé"):
            ligne.juger("reduite", ligne.montant_facture + 1, "Trop")
        with self.assertRaisesRegex(UserError, "négatif"):
            ligne.juger("reduite", -1, "Trop peu")
        with self.assertRaisesRegex(UserError, "illisible"):
            ligne.juger("reduite", "beaucoup", "Un mot")
        with self.assertRaisesRegex(UserError, "centimes"):
            ligne.juger("reduite", 0.5, "Un demi-franc")
        with self.assertRaisesRegex(UserError, "pourquoi"):
            ligne.juger("reduite", 1)
        with self.assertRaisesRegex(UserError, "moins que le facturé"):
            ligne.juger("reduite", ligne.montant_facture, "Pareil")
        with self.assertRaises(AccessError):
            ligne.with_user(self.agent).juger("juste")
        with self.assertRaises(AccessError):
            self.campagnes.with_user(self.controleur).create({"name": "Non"})

    def test_rejeter_a_l_ecran(self):
        """Le motif s'écrit d'abord, sur plusieurs lignes à la fois ; le verdict qui l'exige suit."""
        ligne = self.tiree().ligne_ids[0].with_user(self.controleur)
        with Form(ligne, view="cnas_controle.campagne_ligne_view_tree") as rang:
            rang.motif = "Acte absent du registre"
        with Form(ligne, view="cnas_controle.campagne_ligne_view_tree") as rang:
            rang.verdict = "rejetee"
        self.assertEqual((ligne.verdict, ligne.trop_paye), ("rejetee", ligne.montant_cnas))

    def test_reduite(self):
        ligne = self.tiree().ligne_ids[0].with_user(self.controleur)
        ligne.juger("reduite", ligne.montant_facture // 2, "Quantité double")
        self.assertEqual(ligne.trop_paye, ligne.montant_cnas - round(ligne.montant_cnas * (ligne.montant_facture // 2) / ligne.montant_base))
        self.assertEqual(ligne.juge_par_id, self.controleur)


@tagged("post_install", "-at_install", "cnas")
class TestEstimation(TransactionCase):
    """L'intervalle à 95 % contient le vrai montant au moins 93 fois sur 100, sur 200 tirages."""

    def couverture(self, recus, erreurs, classes=3, precision=5, vraiment=False):
        """Rend combien de 200 intervalles contiennent le vrai montant, et le vrai taux."""
        vrai, vrai_taux = sum(erreurs), sum(e > 0 for e in erreurs) / len(erreurs)
        rangs = estimation.stratifier(recus, classes)
        strates = [strate for classe in range(classes) if (strate := [i for i, rang in enumerate(rangs) if rang == classe])]
        tailles = estimation.repartir([len(s) for s in strates], [sum(recus[i] for i in s) for s in strates], estimation.taille(len(recus), 10, precision))
        montant = taux = 0
        for graine in range(200):
            hasard = random.Random(graine)
            tirees = [[s[j] for j in estimation.tirer(s, n, graine)] if vraiment else hasard.sample(s, n) for s, n in zip(strates, tailles)]
            observees = [estimation.Strate(len(s), sum(recus[i] for i in s), tuple(erreurs[i] for i in t), tuple(recus[i] for i in t)) for s, t in zip(strates, tirees)]
            somme, part = estimation.extrapoler(observees), estimation.estimer_taux(observees)
            montant += somme.bas <= vrai <= somme.haut
            taux += part.bas <= vrai_taux <= part.haut
        return montant, taux

    def test_couverture(self):
        """Erreurs rares, grosses, étalées, rangées d'un côté, petite population : l'intervalle tient sur chacune."""
        melees, entieres, rares = (1, 0.5, 0.3, 0.2), (1,), (1, 0.05, 0.05, 0.05, 0.05)
        essais = {
            "le tirage de la maison": (2500, 0.9, 0.10, melees, (0, 1), {"vraiment": True}),
            "2 % en erreur": (2500, 0.9, 0.02, melees, (0, 1), {}),
            "une grosse erreur pour quatre petites": (2500, 0.9, 0.05, rares, (0, 1), {}),
            "moitié en erreur": (2500, 0.9, 0.50, melees, (0, 1), {}),
            "montants très étalés": (2500, 1.5, 0.08, melees, (0, 1), {}),
            "montants très étalés, rejets entiers": (2500, 1.5, 0.03, entieres, (0, 1), {}),
            "dans les petites seulement": (2500, 0.9, 0.25, entieres, (0, 0.4), {}),
            "dans les plus grosses seulement": (2500, 0.9, 0.60, entieres, (0.97, 1), {}),
            "une strate": (2500, 0.9, 0.10, melees, (0, 1), {"classes": 1}),
            "six strates": (2500, 0.9, 0.10, melees, (0, 1), {"classes": 6}),
            "à dix points près": (2500, 0.9, 0.10, melees, (0, 1), {"precision": 10}),
            "deux cents feuilles": (200, 0.9, 0.15, melees, (0, 1), {"precision": 8}),
            "presque toutes fausses": (2500, 0.9, 0.99, entieres, (0, 1), {}),
            "presque toutes fausses, presque au même prix": (2500, 0.05, 0.99, entieres, (0, 1), {}),
        }
        for nom, (nombre, etalement, part, parts, (bas, haut), options) in essais.items():
            hasard = random.Random(nom)
            recus = [int(hasard.lognormvariate(9.2, etalement)) + 100 for _i in range(nombre)]
            place = {i: rang / nombre for rang, i in enumerate(sorted(range(nombre), key=recus.__getitem__))}
            erreurs = [int(r * hasard.choice(parts)) if bas <= place[i] < haut and hasard.random() < part else 0 for i, r in enumerate(recus)]
            montant, taux = self.couverture(recus, erreurs, **options)
            with self.subTest(nom=nom):
                self.assertGreaterEqual(montant, 186)
                self.assertGreaterEqual(taux, 186)

    def test_bornes_binomiales(self):
        """Les bornes de Clopper et Pearson, d'après les tables."""
        for vues, tirees, attendu in ((0, 100, 0.03622), (1, 132, 0.04149), (5, 50, 0.21814), (66, 132, 0.58822), (19, 20, 0.99873), (20, 20, 1)):
            self.assertAlmostEqual(estimation._part_echappee(vues, tirees), attendu, delta=0.0004)

    def test_taille(self):
        self.assertEqual(estimation.taille(10 ** 9, 50, 5), 385)
        self.assertEqual(estimation.taille(40, 50, 1), 40)
        self.assertLess(estimation.taille(500, 50, 5), 385)
        self.assertEqual(estimation.repartir([3, 100], [1, 10 ** 6], 50), [3, 47])

    def test_student(self):
        for degres, attendu in ((5, 2.571), (10, 2.228), (30, 2.042), (1000, 1.962)):
            self.assertAlmostEqual(estimation.student(degres), attendu, delta=0.01)

    def test_aucune_erreur(self):
        observee = estimation.Strate(1000, 10 ** 6, (0,) * 100, (1000,) * 100)
        somme, taux = estimation.extrapoler([observee]), estimation.estimer_taux([observee])
        self.assertEqual((somme.valeur, somme.bas), (0, 0))
        # Clopper et Pearson, corrigé d'une population de mille ; le montant se borne de même
        self.assertAlmostEqual(taux.haut, 0.0344, delta=0.0001)
        self.assertAlmostEqual(somme.haut, 34_400, delta=100)

    def test_toutes_fausses(self):
        """Dix feuilles tirées, toutes fausses et plus chères que les autres : ni une certitude, ni plus que le reçu."""
        observee = estimation.Strate(100, 90_000, (1000,) * 10, (1000,) * 10)
        somme, taux = estimation.extrapoler([observee]), estimation.estimer_taux([observee])
        self.assertEqual((somme.valeur, somme.haut, taux.haut), (90_000, 90_000, 1))
        self.assertAlmostEqual(taux.bas, 0.7073, delta=0.0001)
        self.assertLess(somme.bas, 70_000)
