import base64
from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests.common import new_test_user, tagged

from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.tests.pdf import texte_pdf
from odoo.addons.cnas_formations.rib import composer_rib

from .commun_facture import CommunFacture


class CommunOrdres(CommunFacture):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.finance3 = new_test_user(cls.env, login="t_finance3", groups="cnas_base.group_finance")

    def demander_rib(self, fin=9):
        return self.env["cnas.demande_rib"].with_user(self.agent).create({
            "formation_id": self.formation.id, "rib_nouveau": composer_rib("60002", "00009", f"{fin:011d}"),
            "justification": "Changement de banque"})


@tagged("post_install", "-at_install", "cnas")
class TestFactureOrdonnancee(CommunOrdres):
    """Rien ne part d'une facture qui n'est pas, ou n'est plus, ordonnancée."""

    def test_aucune_etape_hors_ordonnancement(self):
        """Réémettre, préparer, signer, transmettre : refusé dans tout autre état de la facture, à tous et à `sudo`."""
        une, autre, signee, preparee = (self.ordonnancee(nombre=1) for _i in range(4))
        rejete = une.ordre_ids[0]
        self.rejeter(rejete)
        lot, brouillon = self.lot(signee), self.lot(preparee)
        lot.with_user(self.signataire).action_signer()
        gestes = {
            "réémettre": lambda usager: rejete.with_user(usager).action_reemettre(),
            "préparer": lambda usager: autre.ordre_ids.with_user(usager).action_creer_lot(),
            "signer": lambda usager: brouillon.with_user(self.signataire).action_signer(),
            "transmettre": lambda usager: lot.with_user(usager).action_transmettre()}
        for etat in ("soumise", "controle", "validee", "rejetee", "annulee"):
            (une | autre | signee | preparee)._ecrire({"state": etat})
            for nom, geste in gestes.items():
                for usager in (self.finance2, self.tout):
                    with self.subTest(etat=etat, geste=nom, usager=usager.login), \
                            self.assertRaisesRegex(UserError, "ordonnancée"), self.env.cr.savepoint():
                        geste(usager)
        self.assertEqual((lot.state, brouillon.state, rejete.remplacant_ids.ids), ("signe", "brouillon", []))
        signee._ecrire({"state": "ordonnancee"})
        self.assertIs(lot.with_user(self.finance2).action_transmettre(), True)

    def test_rejete_puis_contre_passee(self):
        """Vu : l'ordre rejeté d'une facture contre-passée se réémettait, et partait."""
        facture = self.ordonnancee()
        rejete = facture.ordre_ids
        self.rejeter(rejete)
        facture.with_user(self.finance).action_annuler_ordonnancement("Erreur de liquidation")
        self.assertEqual(set(facture.ordre_ids.mapped("state")), {"annule"}, "l'ordre rejeté tombe avec l'ordonnancement")
        facture.with_user(self.superviseur).action_contre_passer("Erreur de liquidation")
        with self.assertRaises(UserError):
            rejete.with_user(self.finance2).action_reemettre()
        facture.with_user(self.superviseur2).action_valider()
        facture.with_user(self.finance).action_ordonnancer()
        with self.assertRaises(UserError):
            rejete.with_user(self.finance2).action_reemettre()
        vivants = facture.ordre_ids.filtered(lambda o: o.state == "emis")
        self.assertEqual(sum(vivants.mapped("montant")), facture.net_a_payer)

    def test_annuler_l_ordonnancement_garde_le_lot_transmis(self):
        """L'ordre rejeté, annulé ensuite, reste sur le lot où la banque l'a lu."""
        facture = self.ordonnancee()
        lot = self.transmettre(facture)
        self.rejeter(facture.ordre_ids)
        facture.with_user(self.finance).action_annuler_ordonnancement("RIB à revoir")
        self.assertEqual(lot.ordre_ids, facture.ordre_ids)


@tagged("post_install", "-at_install", "cnas")
class TestQuiPeutPayer(CommunOrdres):
    """Une seule loi : ni qui a ordonnancé, ni qui a réémis, ni qui a décidé du RIB."""

    def _refuse_partout(self, facture, usager, phrase="Quatre yeux"):
        """L'usager ne paie par aucune porte : facture, lot préparé, transmis, exécuté."""
        emis = facture.ordre_ids.filtered(lambda o: o.state == "emis")
        for appel in (facture.with_user(usager), facture.with_user(usager).sudo()):
            with self.assertRaisesRegex(UserError, phrase):
                appel.action_payer(self.jour(), "V")
        self.assertFalse(facture.with_user(usager).peut_payer)
        for appel in (emis.with_user(usager), emis.with_user(usager).sudo()):
            with self.assertRaisesRegex(UserError, phrase):
                appel.action_creer_lot()
        lot = self.lot(facture, self.finance3)
        lot.with_user(self.signataire).action_signer()
        for appel in (lot.with_user(usager), lot.with_user(usager).sudo()):
            with self.assertRaisesRegex(UserError, phrase):
                appel.action_transmettre()
        lot.with_user(self.finance3).action_transmettre()
        with self.assertRaisesRegex(UserError, phrase):
            lot.with_user(usager).action_executer(self.jour(), "V")
        lot.with_user(self.finance3).action_executer(self.jour(), "V")
        self.assertEqual(facture.state, "payee")

    def test_l_ordonnateur(self):
        self._refuse_partout(self.ordonnancee(), self.finance)

    def test_qui_reemet(self):
        """Réémettre, c'est ordonnancer : son auteur ne paie pas."""
        facture = self.ordonnancee()
        rejete = facture.ordre_ids
        self.rejeter(rejete)
        rejete.with_user(self.finance2).action_reemettre()
        self._refuse_partout(facture, self.finance2)

    def test_qui_decide_du_rib(self):
        facture = self.validee()
        self.demander_rib().with_user(self.finance).action_valider()
        facture.with_user(self.finance2).action_ordonnancer()
        self._refuse_partout(facture, self.finance, "décidé du RIB")

    def test_qui_decide_du_rib_ne_reemet_pas(self):
        facture = self.validee()
        self.demander_rib().with_user(self.finance).action_valider()
        facture.with_user(self.finance2).action_ordonnancer()
        self.transmettre(facture, self.finance3)
        self.rejeter(facture.ordre_ids, self.finance2)
        with self.assertRaisesRegex(UserError, "décidé du RIB"):
            facture.ordre_ids.with_user(self.finance).action_reemettre()


@tagged("post_install", "-at_install", "cnas")
class TestFichierDuLot(CommunOrdres):
    """Aucun lot signé sans son fichier, un seul fichier par lot."""

    def test_pas_de_fichier_pas_de_signature(self):
        lot = self.lot(self.ordonnancee())

        def banque_illisible(_lot):
            raise UserError("Banque sans nom")

        with patch.object(type(lot), "_fichier_aller", banque_illisible), self.assertRaisesRegex(UserError, "Banque sans nom"):
            lot.with_user(self.signataire).action_signer()
        # Sans annuler la transaction : rien n'avait encore été écrit.
        self.assertEqual((lot.state, set(lot.ordre_ids.mapped("state"))), ("brouillon", {"en_lot"}))

    def test_le_fichier_est_celui_de_la_signature(self):
        facture = self.ordonnancee()
        lot = self.lot(facture)
        for usager in (self.finance, self.finance2):
            with self.assertRaisesRegex(UserError, "signature"):
                lot.with_user(usager).telecharger("csv")
        lot.with_user(self.signataire).action_signer()
        fichier = lot.with_user(self.finance2).telecharger("csv")["contenu"]
        self.assertEqual(base64.b64decode(fichier).count(b"\n"), 1 + len(lot.ordre_ids))
        lot.with_user(self.finance2).action_transmettre()
        for _clic in range(2):
            with self.assertRaises(UserError):
                lot.with_user(self.finance2).action_transmettre()
        self.rejeter(facture.ordre_ids[0])
        self.env.invalidate_all()
        self.assertEqual(lot.with_user(self.finance).telecharger("csv")["contenu"], fichier)
        with self.assertRaises(UserError):
            lot.with_user(self.tout).write({"fichier": False})

    def test_le_fichier_ne_se_lit_que_de_la_finance(self):
        lot = self.transmettre(self.ordonnancee())
        with self.assertRaises(UserError):
            lot.with_user(self.superviseur).read(["fichier"])


@tagged("post_install", "-at_install", "cnas")
class TestRibAuDepart(CommunOrdres):
    """Un virement part au RIB que l'ordonnateur a signé, et que rien ne met en doute."""

    def test_demande_en_attente(self):
        facture = self.ordonnancee()
        lot, autre = self.lot(facture), self.lot(self.ordonnancee())
        lot.with_user(self.signataire).action_signer()
        demande = self.demander_rib()
        with self.assertRaisesRegex(UserError, "changement de RIB.*attend.*décider"):
            autre.with_user(self.signataire).action_signer()
        with self.assertRaisesRegex(UserError, "changement de RIB.*attend.*décider"):
            lot.with_user(self.finance2).action_transmettre()
        with self.assertRaisesRegex(UserError, "changement de RIB"):
            autre.ordre_ids.facture_id.with_user(self.finance2).action_payer(self.jour(), "V")
        with self.assertRaisesRegex(UserError, "changement de RIB"):
            self.lot(self.ordonnancee())
        demande.with_user(self.agent2).action_refuser("Relevé illisible")
        self.assertIs(lot.with_user(self.finance2).action_transmettre(), True)

    def test_rib_change_apres_l_ordre(self):
        """Accepté entre le lot et sa transmission : refusé, avec ce qu'il faut faire, et le geste dit marche."""
        facture, autre = self.ordonnancee(), self.ordonnancee()
        lot = self.lot(facture | autre)
        lot.with_user(self.signataire).action_signer()
        self.demander_rib().with_user(self.agent2).action_valider()
        with self.assertRaisesRegex(UserError, "a changé.*annulez l'ordonnancement"):
            lot.with_user(self.finance2).action_transmettre()
        self.assertEqual((lot.state, set(lot.ordre_ids.mapped("state"))), ("signe", {"en_lot"}))
        with self.assertRaisesRegex(UserError, "lot signé.*annulez-le d'abord"):
            facture.with_user(self.finance).action_annuler_ordonnancement("RIB changé, vérifié")
        lot.with_user(self.finance2).action_annuler("RIB changé")
        for une in (facture, autre):
            une.with_user(self.finance).action_annuler_ordonnancement("RIB changé, vérifié")
            une.with_user(self.finance).action_ordonnancer()
        self.assertEqual(self.transmettre(facture | autre).state, "transmis")

    def test_delai_apres_un_changement(self):
        """Un RIB accepté n'est payé qu'une fois passé le délai des changements."""
        self.env["cnas.parametre"]._dater("delai_changement_jours", "3", aujourd_hui())
        self.demander_rib().with_user(self.agent2).action_valider()
        facture = self.ordonnancee()
        with self.assertRaisesRegex(UserError, "à partir du"):
            self.lot(facture)
        with freeze_time(aujourd_hui() + timedelta(days=2)), self.assertRaisesRegex(UserError, "à partir du"):
            self.lot(facture)
        with freeze_time(aujourd_hui() + timedelta(days=3)):
            self.assertEqual(self.transmettre(facture).state, "transmis")

    def test_change_apres_l_envoi(self):
        """Chez la banque, c'est fait : l'exécution s'enregistre au compte de l'ordre, avec une note, une seule fois."""
        facture, autre = self.ordonnancee(), self.ordonnancee()
        lot = self.transmettre(facture | autre)
        ancien = facture.ordre_ids.filtered(lambda o: o.compte == "principal").rib
        self.demander_rib().with_user(self.agent2).action_valider()
        lot.with_user(self.finance2).action_executer(self.jour(), "B-1")
        self.assertEqual(set((facture | autre).mapped("state")), {"payee"})
        self.assertIn(ancien, " ".join(facture.message_ids.mapped("body")))
        payes = facture.ordre_ids.filtered(lambda o: o.state == "paye")
        self.assertEqual(sum(payes.mapped("montant")), facture.net_a_payer)

    def test_une_autre_formation_part(self):
        demande = self.demander_rib()
        self.assertEqual(demande.formation_id, self.formation)
        self.assertFalse(self.autre_formation._ribs_en_suspens())


@tagged("post_install", "-at_install", "cnas")
class TestDateEtAccuse(CommunOrdres):
    """Une date de paiement suit le départ de l'ordre ; un accusé ne dit que ce qui est vrai."""

    def test_pas_paye_avant_d_etre_parti(self):
        facture = self.ordonnancee()
        rejete = facture.ordre_ids
        self.rejeter(rejete)
        avant, demain = self.jour(), aujourd_hui() + timedelta(days=1)
        with freeze_time(demain):
            rejete.with_user(self.finance).action_reemettre()
            with self.assertRaisesRegex(UserError, "n'est parti que le"):
                facture.with_user(self.finance2).action_payer(avant, "V")
        with freeze_time(demain + timedelta(days=1)):
            lot = self.transmettre(facture)
            with self.assertRaisesRegex(UserError, "n'est parti que le"):
                lot.with_user(self.finance2).action_executer(str(demain), "V")
            lot.with_user(self.finance2).action_executer(self.jour(), "V")
        self.assertEqual(facture.state, "payee")

    def test_accuse_d_une_facture_du_portail(self):
        facture = self.preparee(usager=self.portail)
        facture.with_user(self.portail).action_soumettre()
        texte = texte_pdf(facture.sudo()._pdf())
        self.assertNotIn("zéro franc", texte)
        self.assertIn("à liquider", texte)
        self.assertIn(f"Déposée par : {self.portail.name}", texte)
        self.assertNotIn(f"Reçue par : {self.portail.name}", texte)
        self.decider(facture.feuille_ids)
        facture.with_user(self.controleur).action_controler()
        facture.with_user(self.superviseur).action_valider()
        texte = texte_pdf(facture.sudo()._pdf())
        self.assertIn(f"Reçue par : {self.controleur.name}", texte)
        self.assertIn("à la charge de la CNAS", " ".join(texte.split()))


@tagged("post_install", "-at_install", "cnas")
class TestTelephoneDuDecompte(CommunOrdres):
    """Le décompte garde le téléphone de contact ; c'est le compte accepté qui paie."""

    def test_telephone_recopie(self):
        assure = self.creer_assure("Direct", "1990-01-01")
        assure.telephone_1 = "+23566123456"
        self.compte_actif(assure, "66 20 30 40")
        facture = self.remboursement(assure, "validee")
        contact, bon = facture.decompte_id.identite["telephone"], "+235 66 20 30 40"
        self.assertIn("66123456", contact.replace(" ", ""))
        assure._ecrire({"telephone_1": "+23566999999", "nom": "AUTRE"})
        facture.with_user(self.finance).action_ordonnancer()
        ordre = facture.ordre_ids
        self.assertEqual((ordre.telephone, ordre.mode_paiement), (bon, "mobile_money"))
        self.assertEqual(ordre.titulaire, facture.decompte_id.identite["assure"])
        self.rejeter(ordre, motif="Numéro saturé")
        ordre.with_user(self.finance2).action_reemettre()
        self.assertEqual(ordre.remplacant_ids.telephone, bon)
        assure._ecrire({"telephone_1": False})
        self.assertEqual(ordre._valeurs_beneficiaire(facture, "assure", facture._comptes_du_jour())["telephone"], bon)
        self.assertEqual(facture.decompte_id.identite["telephone"], contact)
