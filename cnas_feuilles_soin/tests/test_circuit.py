from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .commun_feuille import PDF, CommunFeuille


@tagged("post_install", "-at_install", "cnas")
class TestCircuit(CommunFeuille):

    def _en_controle(self, reference="R-1"):
        feuille = self.deposee(reference)
        feuille._changer_etat("controle")
        return feuille

    # ------------------------------------------------------------------ dépôt
    def test_depot_a_l_ecran(self):
        feuille = self.brouillon()
        self.assertEqual(feuille.state, "brouillon")
        self.assertFalse(feuille.numero)
        self.assertTrue(feuille.action_deposer())
        self.assertEqual((feuille.state, feuille.numero), ("deposee", "TST-2026-000001"))
        self.assertEqual(feuille.deposee_par_id, self.agent)
        with self.assertRaises(UserError):
            feuille.action_deposer()

    def test_depot_refuse(self):
        with self.assertRaisesRegex(UserError, "aucune ligne"):
            self.brouillon(ligne_ids=False).action_deposer()
        with self.assertRaisesRegex(UserError, "futur"):
            self.brouillon(reference="B-2", date_soins="2099-01-01").action_deposer()
        with self.assertRaisesRegex(UserError, "avant les soins"):
            self.brouillon(reference="B-3", date_depot="2026-01-01").action_deposer()
        for user in (self.medecin, self.finance):
            with self.assertRaises(AccessError):
                self.brouillon(reference=f"B-{user.id}").with_user(user).action_deposer()

    def test_depot_sans_diagnostic(self):
        """Sans diagnostic codé, la feuille part en instance ; on peut alors le compléter, puis régulariser."""
        feuille = self.brouillon(pathologie_id=False)
        feuille.action_deposer()
        self.assertEqual((feuille.state, feuille.completude), ("instance", "incomplet"))
        with self.assertRaisesRegex(UserError, "diagnostic"):
            feuille.action_regulariser()
        feuille.write({"diagnostic_saisi_id": self.palu.id})
        feuille.action_regulariser()
        self.assertEqual((feuille.state, feuille.completude), ("deposee", "complet"))
        with self.assertRaises(UserError):
            feuille.write({"diagnostic_saisi_id": self.diabete.id})

    def test_quantite_et_prix(self):
        for valeurs in ({"quantite": 0}, {"quantite": -1}, {"prix_unitaire": -5}):
            ligne = {"prestation_id": self.acte.prestation_id.id, "quantite": 1, "prix_unitaire": 10, **valeurs}
            with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"), self.env.cr.savepoint():
                self.brouillon(ligne_ids=[(0, 0, ligne)])
                self.env.flush_all()

    # ------------------------------------------------------------------ gardes d'écriture
    def test_etat_et_montants_gardes(self):
        """Ni `write`, ni `create`, ni les valeurs par défaut du contexte ne forcent un état ou un montant."""
        feuille = self.deposee().with_user(self.superviseur)
        for valeurs in ({"state": "validee"}, {"numero": "X"}, {"montant_cnas": 5}, {"etat_droits": "fermes"},
                        {"controleur_id": self.controleur.id}, {"saisie_par_id": self.agent2.id}, {"nature": "ald"}):
            with self.subTest(valeurs=valeurs), self.assertRaises(UserError):
                feuille.write(valeurs)
        for valeurs in ({"state": "validee"}, {"numero": "X"}, {"montant_cnas": 5}):
            with self.subTest(valeurs=valeurs), self.assertRaises(UserError):
                self.brouillon(**valeurs)
        forgee = self.feuilles.with_user(self.agent).with_context(
            default_state="validee", default_numero="X", default_saisie_par_id=self.agent2.id)
        feuille = forgee.create({"formation_id": self.formation.id, "assure_id": self.assure.id,
                                 "date_soins": "2026-11-10"})
        self.assertEqual((feuille.state, feuille.numero, feuille.saisie_par_id), ("brouillon", False, self.agent))

    def test_papier_immuable(self):
        feuille = self.deposee().with_user(self.agent)
        for valeurs in ({"date_soins": "2026-11-01"}, {"formation_id": self.autre_formation.id}, {"reference": "Z"},
                        {"assure_id": self.enfant.id}, {"mode": "remboursement"}, {"urgence": True},
                        {"pathologie_id": self.diabete.id},
                        {"ligne_ids": [(0, 0, {"prestation_id": self.acte.prestation_id.id})]}):
            with self.subTest(valeurs=valeurs), self.assertRaises(UserError):
                feuille.write(valeurs)
        for valeurs in ({"quantite": 9}, {"prix_unitaire": 9}, {"montant_cnas": 9}, {"decision": "acceptee"}):
            with self.subTest(valeurs=valeurs), self.assertRaises(UserError):
                feuille.ligne_ids[0].write(valeurs)
        with self.assertRaises(UserError):
            feuille.ligne_ids[0].unlink()
        with self.assertRaises(UserError):
            feuille.unlink()
        with self.assertRaises(UserError):
            self.env["cnas.feuille_soin.ligne"].with_user(self.agent).create(
                {"feuille_id": feuille.id, "prestation_id": self.acte.prestation_id.id, "prix_unitaire": 1})

    def test_feuille_close(self):
        """Une feuille décidée ne change plus en rien, pas même les constats sur le document."""
        feuille = self._en_controle().with_user(self.controleur)
        feuille._ecrire({"signature_constatee": "presente"})
        feuille.action_rejeter("motif")
        for valeurs in ({"signature_constatee": "absente"}, {"cause": "programme"}, {"total_declare": 3}):
            with self.subTest(valeurs=valeurs), self.assertRaises(UserError):
                feuille.write(valeurs)
        feuille.message_post(body="vu")

    def test_brouillon_se_supprime(self):
        self.assertTrue(self.brouillon().unlink())

    # ------------------------------------------------------------------ circuit
    def test_controle_automatique(self):
        """Un dossier simple et juste se valide seul, au bon montant (ASS : 80 %)."""
        feuille = self.deposee()
        with self.assertRaises(AccessError):
            feuille.with_user(self.agent).action_controler()
        self.assertTrue(feuille.with_user(self.controleur).action_controler())
        self.assertEqual(feuille.montant_facture,
                         feuille.montant_cnas + feuille.ticket_moderateur + feuille.depassement + feuille.montant_rejete)
        self.assertIn(feuille.state, ("validee", "rejetee", "instance", "controle", "avis_medical"))
        avant = (feuille.state, feuille.montant_cnas)
        self.assertTrue(feuille.with_user(self.controleur).action_controler())
        self.assertEqual((feuille.state, feuille.montant_cnas), avant)

    def test_controle_refuse(self):
        with self.assertRaises(UserError):
            self.brouillon().with_user(self.controleur).action_controler()

    def test_quatre_yeux(self):
        feuille = self.brouillon(user=self.controleur)
        feuille.action_deposer()
        feuille._changer_etat("controle")
        for action in ("action_valider",):
            with self.assertRaisesRegex(UserError, "Quatre yeux"):
                getattr(feuille, action)()
        with self.assertRaisesRegex(UserError, "Quatre yeux"):
            feuille.action_rejeter("motif")
        feuille.with_user(self.controleur2).action_rejeter("motif")
        self.assertEqual(feuille.state, "rejetee")

    def test_valider(self):
        feuille = self.deposee()
        feuille._controler(changer_etat=False)
        feuille._changer_etat("controle")
        for user in (self.agent, self.medecin, self.finance):
            with self.assertRaises(AccessError):
                feuille.with_user(user).action_valider()
        feuille.anomalie_ids._ecrire({"state": "levee"})
        feuille.with_user(self.controleur).action_valider()
        self.assertEqual((feuille.state, feuille.decidee_par_id), ("validee", self.controleur))
        with self.assertRaises(UserError):
            feuille.with_user(self.controleur).action_valider()

    def test_valider_refuse_sans_controle(self):
        with self.assertRaisesRegex(UserError, "lancez le contrôle"):
            self._en_controle().with_user(self.controleur).action_valider()

    def test_reviser_une_ligne(self):
        """Ce que le contrôleur retient prime et se recalcule ; il faut un motif, et ne pas avoir saisi."""
        feuille = self.deposee()
        feuille._controler(changer_etat=False)
        feuille._changer_etat("controle")
        ligne = feuille.ligne_ids[1].with_user(self.controleur)
        self.assertEqual(ligne.action_reviser()["res_id"], ligne.id)
        for valeurs in ({"quantite_revue": 2}, {"quantite_revue": 99, "motif_revue": "trop"},
                        {"prix_revu": 9999, "motif_revue": "trop"}, {"quantite_revue": 2, "montant_cnas": 1}):
            with self.subTest(valeurs=valeurs), self.assertRaises(UserError):
                ligne.write(valeurs)
        with self.assertRaises(AccessError):
            ligne.with_user(self.agent).write({"quantite_revue": 2, "motif_revue": "x"})
        ligne.write({"quantite_revue": 2, "motif_revue": "Posologie"})
        self.assertEqual((ligne.quantite_retenue, ligne.montant_base, ligne.revue_par_id), (2, 400, self.controleur))
        self.assertEqual(feuille.montant_base, 1900)
        ligne.write({"rejet_revu": True, "motif_revue": "Non prescrit"})
        self.assertEqual((ligne.decision, ligne.montant_rejete, feuille.montant_base), ("rejetee", 1200, 1500))

    def test_instance_et_regularisation(self):
        feuille = self.deposee().with_user(self.controleur)
        self.assertEqual(feuille.action_demander_pieces()["res_model"], "cnas.demande_pieces.wizard")
        self.assertEqual(feuille.state, "deposee")
        feuille.action_demander_pieces("Ordonnance illisible")
        self.assertEqual((feuille.state, feuille.completude), ("instance", "incomplet"))
        self.assertEqual(feuille.demande_ids.motif, "Ordonnance illisible")
        feuille.with_user(self.agent).action_regulariser()
        self.assertEqual((feuille.state, feuille.completude), ("deposee", "complet"))
        self.assertEqual(feuille.demande_ids.state, "satisfaite")
        self.assertFalse(feuille.date_limite_instance)

    def test_avis_medical(self):
        feuille = self._en_controle().with_user(self.controleur)
        feuille.action_transmettre_medecin()
        self.assertEqual(feuille.state, "avis_medical")
        with self.assertRaisesRegex(UserError, "avis du médecin"):
            feuille.action_valider()
        with self.assertRaises(AccessError):
            feuille.action_rendre_avis("accord", "indiqué")
        medecin = feuille.with_user(self.medecin)
        with self.assertRaises(UserError):
            medecin.action_rendre_avis("accord", "  ")
        with self.assertRaises(UserError):
            medecin.action_rendre_avis("peut-être", "motif")
        medecin.action_rendre_avis("accord", "indiqué")
        self.assertEqual(feuille.state, "controle")
        with self.assertRaises(UserError):
            feuille.avis_ids.sudo().write({"motif": "autre"})
        with self.assertRaises(AccessError):
            feuille.avis_ids.with_user(self.agent).read(["avis"])

    def test_rejeter(self):
        feuille = self._en_controle().with_user(self.controleur)
        self.assertEqual(feuille.action_rejeter("")["res_model"], "cnas.motif.wizard")
        feuille.action_rejeter("Soins non remboursables")
        self.assertEqual((feuille.state, feuille.montant_rejete, feuille.montant_cnas), ("rejetee", 2700, 0))
        self.assertEqual(set(feuille.ligne_ids.mapped("decision")), {"rejetee"})
        self.assertEqual(feuille.motif_decision, "Soins non remboursables")
        with self.assertRaises(UserError):
            feuille.action_annuler("motif")

    def test_annuler(self):
        feuille = self.deposee().with_user(self.agent)
        feuille.action_annuler("Saisie en double")
        self.assertEqual((feuille.state, feuille.motif_decision), ("annulee", "Saisie en double"))
        feuille = self._en_controle("R-2")
        with self.assertRaises(AccessError):
            feuille.with_user(self.controleur).action_annuler("motif")
        feuille.with_user(self.superviseur).action_annuler("Dossier d'un autre")
        self.assertEqual(feuille.state, "annulee")

    def test_journal(self):
        feuille = self.deposee()
        feuille.with_user(self.controleur).action_demander_pieces("manque")
        passages = self.env["cnas.feuille_soin.passage"].search([("feuille_id", "=", feuille.id)])
        self.assertEqual(passages.mapped("etat_apres"), ["instance", "deposee"])
        self.assertEqual(passages.mapped("user_id"), self.controleur | self.agent)
        for user in (self.agent, self.superviseur):
            with self.assertRaises(UserError):
                passages[0].with_user(user).write({"motif": "x"})
            with self.assertRaises(AccessError):
                passages[0].with_user(user).unlink()

    def test_reprise_d_un_rejet(self):
        feuille = self._en_controle()
        with self.assertRaises(UserError):
            feuille.with_user(self.agent).action_reprendre()
        feuille.with_user(self.controleur).action_rejeter("motif")
        reprise = self.feuilles.browse(feuille.with_user(self.agent).action_reprendre()["res_id"])
        self.assertEqual((reprise.state, reprise.reference, reprise.origine_id), ("brouillon", "R-1-R1", feuille))
        self.assertEqual(reprise.montant_facture, 2700)
        with self.assertRaisesRegex(UserError, "déjà repris"):
            feuille.with_user(self.agent).action_reprendre()

    # ------------------------------------------------------------------ nature
    def test_nature(self):
        def nature(reference, **autres):
            return self.deposee(reference, **autres).nature

        self.assertEqual(nature("N-1"), "ordinaire")
        self.assertEqual(nature("N-2", pathologie="X98.7"), "ald")
        self.assertEqual(nature("N-3", pathologie="X98.6"), "maternite")
        self.assertEqual(nature("N-4", matricule=self.enfant.matricule), "enfant")
        veille, jour = self.creer_assure("Veille", "2021-11-11"), self.creer_assure("Jour", "2021-11-10")
        self.assertEqual(nature("N-6", matricule=veille.matricule), "enfant")
        self.assertEqual(nature("N-7", matricule=jour.matricule), "ordinaire")
        self.assertEqual(nature("N-5", matricule=self.enfant.matricule, pathologie="X98.7"), "ald")

    # ------------------------------------------------------------------ secret médical
    def test_secret_medical(self):
        feuille = self.brouillon().with_user(self.agent)
        self.assertEqual(feuille.sudo().pathologie_id, self.palu)
        feuille.invalidate_recordset()
        with self.assertRaises(AccessError):
            feuille.read(["pathologie_id"])
        self.assertNotIn("pathologie_id", feuille.read()[0])
        self.assertFalse(feuille.read(["diagnostic_saisi_id"])[0]["diagnostic_saisi_id"])
        self.assertTrue(feuille.read(["diagnostic_present"])[0]["diagnostic_present"])
        for domaine in ([("pathologie_id", "=", self.palu.id)], [("pathologie_id.code", "like", "X")]):
            with self.subTest(domaine=domaine), self.assertRaises(AccessError):
                self.feuilles.with_user(self.agent).search(domaine)
        with self.assertRaises(UserError):
            self.feuilles.with_user(self.agent).read_group([], ["id"], ["pathologie_id"])
        for user in (self.controleur, self.medecin, self.superviseur):
            self.assertEqual(feuille.with_user(user).read(["pathologie_id"])[0]["pathologie_id"][0], self.palu.id)
        with self.assertRaises(AccessError):
            feuille.with_user(self.finance).read(["pathologie_id"])

    def test_cloison_des_formations(self):
        sienne, autre = self.deposee(), self.deposee("R-2", formation="T-HD-01")
        visibles = self.feuilles.with_user(self.portail).search([])
        self.assertIn(sienne, visibles)
        self.assertNotIn(autre, visibles)
        with self.assertRaises(AccessError):
            autre.with_user(self.portail).read(["numero"])
        with self.assertRaises(AccessError):
            autre.ligne_ids.with_user(self.portail).read(["quantite"])
        self.assertEqual(sienne.with_user(self.portail).read(["pathologie_id"])[0]["pathologie_id"][0], self.palu.id)
        with self.assertRaises(AccessError):
            sienne.with_user(self.portail).write({"urgence": True})

    # ------------------------------------------------------------------ pièces
    def test_pieces(self):
        feuille = self.deposee()
        pieces = self.env["cnas.feuille_soin.piece"].with_user(self.agent)
        piece = pieces.create({"feuille_id": feuille.id, "name": "scan.pdf", "contenu": PDF})
        self.assertEqual((piece.mimetype, piece.attachment_id.res_id), ("application/pdf", feuille.id))
        self.assertEqual(piece.contenu.decode() if isinstance(piece.contenu, bytes) else piece.contenu, PDF)
        self.assertTrue(feuille.date_numerisation)
        for nom, contenu in (("a.pdf", "TVqQAAMAAAAEAAAA"), ("b.pdf", ""), ("c.html", "PGh0bWw+")):
            with self.subTest(nom=nom), self.assertRaises(UserError):
                pieces.create({"feuille_id": feuille.id, "name": nom, "contenu": contenu})
        with self.assertRaises(UserError):
            piece.unlink()
        with self.assertRaises(UserError):
            piece.attachment_id.with_user(self.agent).unlink()
        with self.assertRaises(UserError):
            piece.attachment_id.with_user(self.agent).write({"raw": b"%PDF-x"})
        with self.assertRaises(UserError):
            piece.write({"contenu": PDF})
        autre = self.deposee("R-2")
        deja = pieces.create({"feuille_id": autre.id, "name": "scan.pdf", "contenu": PDF})
        self.assertEqual(deja.deja_vue_id, feuille)
