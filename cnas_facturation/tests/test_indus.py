from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests.common import new_test_user, tagged

from odoo.addons.cnas_base.jour import aujourd_hui

from .commun_facture import CommunFacture


class CommunIndus(CommunFacture):
    def constater(self, usager=None, **valeurs):
        return self.env["cnas.indu"].with_user(usager or self.controleur).create({"motif": "Acte fictif", **valeurs})

    def journal(self, enregistrement, evenement):
        self.env.flush_all()
        return self.env["cnas.journal"].search(
            [("modele", "=", enregistrement._name), ("res_id", "=", enregistrement.id), ("evenement", "=", evenement)])


@tagged("post_install", "-at_install", "cnas")
class TestInduRemboursement(CommunIndus):
    """L'indu se réclame à qui a reçu : l'assuré d'un remboursement, jamais la formation."""

    def setUp(self):
        super().setUp()
        self.assure = self.creer_assure("Direct", "1970-01-01")
        self.facture = self.remboursement(self.assure)

    def test_deces_appris_apres_un_remboursement(self):
        """Vu : la formation devait ce que l'assuré avait reçu."""
        feuille = self.facture.feuille_ids
        self.assure.write({"date_deces": fields.Date.subtract(feuille.date_soins, days=1)})
        indus = self.env["cnas.indu"].search([("feuille_id", "=", feuille.id)])
        self.assertEqual((indus.assure_id, indus.formation_id.ids), (self.assure, []))
        self.assertEqual(sum(indus.mapped("montant")), self.facture.net_a_payer)

    def test_le_plafond_se_lit_par_lots(self):
        ligne = self.facture.decompte_id.ligne_ids.filtered(lambda n: n.montant_cnas)[0]
        indus = self.env["cnas.indu"].concat(*(self.constater(decompte_ligne_id=ligne.id, montant=1) for _rang in range(6)))
        self.assertEqual({int(ligne.montant_cnas) - reste for reste in indus._restes_a_reprendre().values()}, {5})
        for geste in ("_restes_a_reprendre", "_empeche_impaye"):
            _chauffe, un, six = (self.requetes(getattr(lot.sudo(), geste)) for lot in (indus, indus[:1], indus))
            self.assertLessEqual(six, un, geste)

    def test_retenu_sur_le_remboursement_suivant_une_fois(self):
        ligne = self.facture.decompte_id.ligne_ids.filtered(lambda n: n.montant_cnas)[0]
        indu = self.constater(decompte_ligne_id=ligne.id, montant=ligne.montant_cnas)
        self.assertEqual((indu.assure_id, indu.compte), (self.assure, ligne.compte))
        indu.with_user(self.superviseur).action_notifier()
        self.feuille()
        tiers_payant = self.validee(feuilles=self.feuilles)
        self.assertFalse(tiers_payant.montant_compense, "la formation ne doit rien")
        suivante = self.remboursement(self.assure, "validee", date_soins="2026-11-05")
        self.assertEqual(suivante.montant_compense, min(indu.montant, suivante.montant_cnas * 20 // 100))
        self.assertEqual(suivante.net_a_payer, suivante.montant_cnas - suivante.montant_compense)
        self.assertEqual(indu.montant_compense, suivante.montant_compense)
        suivante.with_user(self.superviseur).action_contre_passer("Erreur")
        self.assertEqual((indu.montant_compense, suivante.montant_compense), (0, 0))

    def test_un_seul_debiteur(self):
        ligne = self.facture.decompte_id.ligne_ids[0]
        with self.assertRaisesRegex(UserError, "autre formation"):
            self.constater(formation_id=self.formation.id, decompte_ligne_id=ligne.id, montant=1, compte=ligne.compte)
        with self.assertRaisesRegex(UserError, "autre compte"):
            self.constater(decompte_ligne_id=ligne.id, montant=1,
                           compte="pharmacie" if ligne.compte == "principal" else "principal")

    def test_fusion_de_l_assure(self):
        """Le décompte figé reste à l'ancien dossier ; ses dettes et ses recours vont au dossier gardé."""
        garde = self.creer_assure("Direct", "1970-01-02")
        decompte = self.facture.decompte_id
        garde.sudo()._absorber(self.assure, "Même personne")
        self.assertTrue(decompte.verifier()[decompte.numero])
        ligne = decompte.ligne_ids.filtered(lambda n: n.montant_cnas)[0]
        self.assertEqual(self.constater(decompte_ligne_id=ligne.id, montant=1).assure_id, garde)
        recours = self.env["cnas.contestation"].with_user(self.agent).create({
            "decompte_ligne_id": ligne.id, "motif": "Ticket à tort", "montant_demande": 10})
        recours.with_user(self.controleur).action_accepter()
        suivante = self.remboursement(garde, "validee", date_soins="2026-11-05")
        self.assertEqual((recours.facture_complement_id, suivante.montant_complement), (suivante, 10))

    def test_indu_de_formation_hors_remboursement(self):
        """L'indu d'une formation n'est pas retenu à un assuré, même sur un remboursement qui la nomme."""
        indu = self.constater(formation_id=self.formation.id, montant=500)
        indu.with_user(self.superviseur).action_notifier()
        autre = self.creer_assure("Autre", "1975-01-01")
        facture = self.remboursement(autre, "validee")
        self.assertFalse(facture.montant_compense)
        self.env.cr.execute("UPDATE cnas_facture SET formation_id = %s WHERE id = %s", (self.formation.id, facture.id))
        facture.invalidate_recordset()
        self.env["cnas.indu"].sudo()._compenser(facture)
        self.assertFalse(indu.compensation_ids)


@tagged("post_install", "-at_install", "cnas")
class TestPlafondIndu(CommunIndus):
    """Un indu ne reprend pas plus que ce qui fut payé, ligne par ligne, indus précédents compris."""

    def test_ligne_par_ligne(self):
        facture = self.payee(nombre=1)
        ligne, autre = facture.decompte_id.ligne_ids.filtered(lambda n: n.montant_cnas)[:2]
        premier = self.constater(decompte_ligne_id=ligne.id, montant=ligne.montant_cnas - 10)
        for montant in (11, ligne.montant_cnas, 10 ** 9):
            with self.subTest(montant=montant), self.assertRaisesRegex(UserError, "il reste 10"), self.env.cr.savepoint():
                self.constater(decompte_ligne_id=ligne.id, montant=montant)
        second = self.constater(decompte_ligne_id=ligne.id, montant=10)
        with self.assertRaises(UserError), self.env.cr.savepoint():
            second.with_user(self.controleur).write({"montant": 11})
        premier.with_user(self.superviseur).action_annuler("Constaté deux fois")
        second.with_user(self.controleur).write({"montant": ligne.montant_cnas})
        self.assertTrue(self.constater(decompte_ligne_id=autre.id, montant=autre.montant_cnas))

    def test_feuille_et_lignes_ne_se_cumulent_pas(self):
        facture = self.payee(nombre=1)
        feuille = facture.feuille_ids
        ligne = facture.decompte_id.ligne_ids.filtered(lambda n: n.montant_cnas)[0]
        self.constater(decompte_ligne_id=ligne.id, montant=ligne.montant_cnas)
        feuille.assure_id.write({"date_deces": fields.Date.subtract(feuille.date_soins, days=1)})
        indus = self.env["cnas.indu"].search([
            "|", ("feuille_id", "=", feuille.id), ("decompte_ligne_id.feuille_id", "=", feuille.id)])
        self.assertEqual(sum(indus.mapped("montant")), feuille.montant_cnas)
        for une in facture.decompte_id.ligne_ids.filtered(lambda n: n.montant_cnas):
            with self.assertRaisesRegex(UserError, "dépasse"), self.env.cr.savepoint():
                self.constater(decompte_ligne_id=une.id, montant=1)

    def test_rien_a_reprendre_avant_le_paiement(self):
        facture = self.validee()
        ligne = facture.decompte_id.ligne_ids.filtered(lambda n: n.montant_cnas)[0]
        indu = self.constater(decompte_ligne_id=ligne.id, montant=5)
        with self.assertRaisesRegex(UserError, "n'est pas payée"):
            indu.with_user(self.superviseur).action_notifier()
        facture.with_user(self.superviseur).action_contre_passer("Erreur")
        with self.assertRaises(UserError), self.env.cr.savepoint():
            self.constater(decompte_ligne_id=ligne.id, montant=5)
        facture.with_user(self.superviseur2).action_valider()
        facture.with_user(self.finance).action_ordonnancer()
        facture.with_user(self.finance2).action_payer(self.jour(), "V")
        with self.assertRaisesRegex(UserError, "dépasse"):
            indu.with_user(self.superviseur).action_notifier()

    def test_recours_paye_compris(self):
        facture = self.en_controle(nombre=1)
        self.decider(facture.feuille_ids, "rejetee")
        self.feuille()
        facture.with_user(self.superviseur).action_valider()
        ligne = facture.decompte_id.ligne_ids.filtered(lambda n: n.compte == "principal")[0]
        recours = self.env["cnas.contestation"].with_user(self.portail).create({
            "decompte_ligne_id": ligne.id, "motif": "Ordonnance", "montant_demande": 300})
        recours.with_user(self.controleur).action_accepter()
        self.payee(feuilles=self.feuilles)
        self.assertEqual(recours.facture_complement_id.state, "payee")
        self.assertTrue(self.constater(decompte_ligne_id=ligne.id, montant=300))


@tagged("post_install", "-at_install", "cnas")
class TestAuteurDesMontants(CommunIndus):
    """Un indu, un recours ne se retouchent que par leur auteur, avant toute décision, et cela s'écrit au journal."""

    def test_indu(self):
        indu = self.constater(formation_id=self.formation.id, montant=500)
        for usager in (self.controleur2, self.superviseur, self.tout):
            for valeurs in ({"montant": 9}, {"motif": "Autre"}, {"formation_id": self.autre_formation.id}):
                with self.subTest(usager=usager.login, valeurs=valeurs), self.assertRaisesRegex(UserError, "auteur"):
                    indu.with_user(usager).write(valeurs)
        indu.with_user(self.controleur).write({"montant": 400})
        self.assertEqual((self.journal(indu, "modification").avant, self.journal(indu, "modification").apres),
                         ({"montant": 500}, {"montant": 400}))
        self.assertEqual(self.journal(indu, "creation").apres["montant"], 500)
        indu.with_user(self.superviseur).action_notifier()
        with self.assertRaisesRegex(UserError, "notifié"):
            indu.with_user(self.controleur).write({"montant": 1})

    def test_recours(self):
        facture = self.en_controle(nombre=1)
        self.decider(facture.feuille_ids, "rejetee")
        facture.with_user(self.superviseur).action_valider()
        ligne = facture.decompte_id.ligne_ids[0]
        recours = self.env["cnas.contestation"].with_user(self.agent).create({
            "decompte_ligne_id": ligne.id, "motif": "Ordonnance", "montant_demande": 300})
        for usager in (self.agent2, self.controleur, self.superviseur):
            for valeurs in ({"montant_demande": 9}, {"motif": "Autre"}):
                with self.subTest(usager=usager.login, valeurs=valeurs), self.assertRaisesRegex(UserError, "déposant"):
                    recours.with_user(usager).write(valeurs)
        recours.with_user(self.agent).write({"montant_demande": 200})
        self.assertEqual(self.journal(recours, "modification").avant, {"montant_demande": 300})
        recours.with_user(self.controleur).action_accepter(100, "Pour moitié")
        self.assertIn({"montant_accorde": 100}, self.journal(recours, "modification").mapped("apres"))
        with self.assertRaisesRegex(UserError, "instruction"):
            recours.with_user(self.agent).write({"montant_demande": 1})


@tagged("post_install", "-at_install", "cnas")
class TestRecoursContrePasse(CommunIndus):
    """Un recours ne survit pas à son décompte."""

    def _recours(self):
        facture = self.en_controle(nombre=2)
        self.decider(facture.feuille_ids[0], "rejetee")
        facture.with_user(self.superviseur).action_valider()
        lignes = facture.decompte_id.ligne_ids.filtered(lambda n: n.decision == "rejetee")
        return facture, self.env["cnas.contestation"].with_user(self.portail).create([
            {"decompte_ligne_id": ligne.id, "motif": "Ordonnance", "montant_demande": 100} for ligne in lignes])

    def test_refuse_avec_sa_phrase(self):
        facture, recours = self._recours()
        recours[1].with_user(self.controleur).action_rejeter("Illisible")
        libre = facture.decompte_id.ligne_ids.filtered(lambda n: n.decision == "acceptee")[0]
        facture.with_user(self.superviseur).action_contre_passer("Erreur de taux")
        phrase = "contre-passé : il ne se conteste plus"
        for geste in (lambda: recours[0].with_user(self.controleur).action_accepter(),
                      lambda: recours[0].with_user(self.controleur).action_instruire(),
                      lambda: recours[1].with_user(self.portail).action_second_degre("Relu"),
                      lambda: self.env["cnas.contestation"].with_user(self.agent).create({
                          "decompte_ligne_id": libre.id, "motif": "x", "montant_demande": 5})):
            with self.assertRaisesRegex(UserError, phrase), self.env.cr.savepoint():
                geste()
        self.assertIs(recours[0].with_user(self.controleur).action_rejeter("Décompte annulé"), True)

    def test_accepte_puis_contre_passe_ne_se_paie_pas(self):
        facture, recours = self._recours()
        recours[0].with_user(self.controleur).action_accepter()
        facture.with_user(self.superviseur).action_contre_passer("Erreur de taux")
        self.feuille()
        suivante = self.validee(feuilles=self.feuilles)
        self.assertNotEqual(suivante, facture)
        self.assertEqual((suivante.montant_complement, recours[0].facture_complement_id.ids), (0, []))

    def test_regle_ailleurs_ne_se_contre_passe_plus(self):
        facture, recours = self._recours()
        recours[0].with_user(self.controleur).action_accepter()
        self.feuille()
        suivante = self.validee(feuilles=self.feuilles)
        self.assertEqual(recours[0].facture_complement_id, suivante)
        with self.assertRaisesRegex(UserError, "déjà réglé"):
            facture.with_user(self.superviseur).action_contre_passer("Erreur de taux")
        suivante.with_user(self.superviseur).action_contre_passer("Ordre")
        self.assertIs(facture.with_user(self.superviseur).action_contre_passer("Erreur de taux"), True)

    def test_second_degre_se_lit_a_la_table(self):
        """Ce qui empêche se dit sur le bouton, avant de cliquer."""
        _facture, recours = self._recours()
        premier = recours[0]
        premier.with_user(self.controleur).action_rejeter("Illisible")
        self.assertTrue(premier.with_user(self.portail).peut_second_degre)
        premier.with_user(self.portail).action_second_degre("Relu")
        premier.invalidate_recordset()
        self.assertIn("déjà saisie", premier.with_user(self.portail).raison_second_degre)
        second = premier.second_degre_ids
        second.with_user(self.superviseur2).action_rejeter("Toujours illisible")
        self.assertIn("troisième", second.with_user(self.portail).raison_second_degre)
        with self.assertRaisesRegex(UserError, "troisième"):
            second.with_user(self.portail).action_second_degre("Encore")
        autre = recours[1]
        autre.with_user(self.controleur).action_rejeter("Illisible")
        autre.sudo()._ecrire({"date_decision": aujourd_hui() - timedelta(days=400)})
        self.assertIn("expiré", autre.with_user(self.portail).raison_second_degre)


@tagged("post_install", "-at_install", "cnas")
class TestMontantsAuJournal(CommunIndus):
    """Un montant qu'une requête écrit laisse sa ligne, comme un montant écrit à l'écran."""

    def test_facture(self):
        facture = self.soumise(nombre=1)
        self.assertEqual(self.journal(facture, "montants")[-1].apres["montant_facture"], facture.montant_facture)
        self.decider(facture.feuille_ids)
        facture._actualiser_montants()
        nets = self.journal(facture, "montants").filtered(lambda j: "net_a_payer" in j.apres).sorted("id")
        self.assertEqual((nets[0].avant["net_a_payer"], nets[-1].apres["net_a_payer"]), (0, facture.net_a_payer))
        avant = len(self.journal(facture, "montants"))
        facture._actualiser_montants()
        self.assertEqual(len(self.journal(facture, "montants")), avant, "rien n'a changé : rien à dire")

    def test_decompte_ordre_compensation(self):
        indu = self.constater(formation_id=self.formation.id, montant=50)
        indu.with_user(self.superviseur).action_notifier()
        facture = self.ordonnancee()
        self.assertEqual(self.journal(facture.decompte_id, "creation").apres["net_a_payer"], facture.net_a_payer)
        for ordre in facture.ordre_ids:
            self.assertEqual(self.journal(ordre, "creation").apres["montant"], ordre.montant)
        self.assertEqual(self.journal(indu.compensation_ids, "creation").apres["montant"], 50)

    def test_rapport_comptable_lit_les_comptes_une_fois(self):
        usager = new_test_user(self.env, login="t_comptable", groups="cnas_base.group_finance")
        assistant = self.env["cnas.journal.wizard"].with_user(usager).create({})
        for _i in range(2):
            self.payee(nombre=1)
        modele = type(self.env["cnas.schema_comptable"])
        with patch.object(modele, "search", autospec=True, side_effect=modele.search) as recherche:
            self.assertGreater(assistant._csv().count(b"\n"), 8)
        self.assertEqual(recherche.call_count, 1)
