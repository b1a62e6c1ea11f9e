from datetime import timedelta

from freezegun import freeze_time
from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests.common import new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.tests.common import pdf_base64
from odoo.addons.cnas_formations.rib import composer_rib

from .commun_facture import CommunFacture

RIB = composer_rib("60002", "00007", "00000000777")


class CommunComptes(CommunFacture):
    def setUp(self):
        super().setUp()
        self.assure = self.creer_assure("Direct", "1990-01-01")
        self.comptes = self.env["cnas.compte_paiement"]

    def du_jour(self, jour=None):
        return self.comptes._du_jour(self.assure, jour).get(self.assure, self.comptes)


@tagged("post_install", "-at_install", "cnas")
class TestComptePaiement(CommunComptes):
    """Demandé par l'un, accepté par un autre, il paie après le délai ; un seul par personne et par jour."""

    def test_delai_et_succession(self):
        """Dernier jour de l'ancien, premier du nouveau."""
        jour, ancien = aujourd_hui(), self.compte_actif(self.assure)
        self.assertEqual((ancien.state, ancien.date_debut, ancien.numero), ("actif", jour, "+235 66 12 34 56"))
        nouveau = self.demander_compte(self.assure, "99 87 65 43", "moov")
        self.assertEqual((nouveau.state, self.du_jour()), ("demande", ancien))
        self.assertIs(nouveau.with_user(self.superviseur).action_accepter(), True)
        self.assertEqual((ancien.date_fin, nouveau.date_debut), (jour + timedelta(days=2), jour + timedelta(days=3)))
        self.assertEqual(self.du_jour(), ancien)
        self.assertEqual(self.du_jour(ancien.date_fin), ancien)
        self.assertEqual(self.du_jour(nouveau.date_debut), nouveau)
        with freeze_time(ancien.date_fin):
            self.comptes._fermer_les_finis()
        self.assertEqual(ancien.state, "actif", "son dernier jour n'est pas passé")
        with freeze_time(nouveau.date_debut):
            self.comptes._fermer_les_finis()
        self.assertEqual((ancien.state, nouveau.state), ("ferme", "actif"))

    def test_date_demandee_plus_tard(self):
        loin = aujourd_hui() + timedelta(days=30)
        compte = self.demander_compte(self.assure, date_debut=str(loin))
        compte.with_user(self.superviseur).action_accepter()
        self.assertEqual((compte.date_debut, self.du_jour(loin - timedelta(days=1)), self.du_jour(loin)),
                         (loin, self.comptes, compte))
        # Un autre, accepté ensuite, passe devant : celui qui n'a pas commencé se ferme.
        autre = self.demander_compte(self.assure, "66 20 30 40")
        autre.with_user(self.superviseur).action_accepter()
        self.assertEqual((compte.state, self.du_jour(loin)), ("ferme", autre))

    def test_delai_parametre(self):
        self.env["cnas.parametre"]._dater("delai_compte_paiement_heures", "0", aujourd_hui())
        compte = self.demander_compte(self.assure)
        compte.with_user(self.superviseur).action_accepter()
        self.assertEqual(self.du_jour(), compte)
        autre = self.demander_compte(self.assure, "66 20 30 40")
        autre.with_user(self.superviseur).action_accepter()
        self.assertEqual((compte.state, self.du_jour()), ("ferme", autre))

    def test_quatre_yeux(self):
        compte = self.comptes.with_user(self.superviseur).create({
            "assure_id": self.assure.id, "nature": "guichet", "demandeur_id": self.agent.id})
        self.assertEqual(compte.demandeur_id, self.superviseur, "l'appelant ne se dit pas un autre")
        for action in (compte.action_accepter, lambda: compte.action_refuser("Essai")):
            with self.assertRaisesRegex(UserError, "Quatre yeux"):
                action()
        with self.assertRaises(AccessError):
            compte.with_user(self.agent).action_accepter()
        with self.assertRaises(AccessError):
            compte.with_user(self.finance).action_accepter()
        compte.with_user(self.superviseur2).action_accepter()
        self.assertEqual((compte.state, compte.decideur_id), ("actif", self.superviseur2))
        with self.assertRaisesRegex(UserError, "état"):
            compte.with_user(self.superviseur2).action_accepter()

    def test_refuser_et_fermer(self):
        ancien, refuse = self.compte_actif(self.assure), self.demander_compte(self.assure, "66 20 30 40")
        self.assertEqual(refuse.with_user(self.superviseur).action_refuser()["res_model"], "cnas.motif.wizard")
        refuse.with_user(self.superviseur).action_refuser("Numéro d'un autre")
        self.assertEqual((refuse.state, refuse.motif_fermeture, self.du_jour()), ("ferme", "Numéro d'un autre", ancien))
        # Fermé avant d'avoir commencé, le nouveau rend sa place à l'ancien.
        nouveau = self.demander_compte(self.assure, "66 20 30 40")
        nouveau.with_user(self.superviseur).action_accepter()
        nouveau.with_user(self.superviseur2).action_fermer("L'assuré ne l'a pas demandé")
        self.assertEqual((nouveau.state, ancien.date_fin, self.du_jour(nouveau.date_debut)), ("ferme", False, ancien))
        ancien.with_user(self.superviseur).action_fermer("Téléphone volé")
        self.assertEqual((ancien.date_fin, self.du_jour()), (aujourd_hui(), self.comptes))

    def test_un_seul_en_base(self):
        compte = self.compte_actif(self.assure)
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"), self.env.cr.savepoint():
            self.env.cr.execute("""
                INSERT INTO cnas_compte_paiement (titulaire_type, assure_id, nature, nom_titulaire, date_debut, state,
                                                  demandeur_id, decideur_id)
                SELECT titulaire_type, assure_id, 'guichet', 'X', date_debut + 9, state, demandeur_id, decideur_id
                  FROM cnas_compte_paiement WHERE id = %s""", [compte.id])
        self.demander_compte(self.assure, "66 20 30 40")
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"), self.env.cr.savepoint():
            self.demander_compte(self.assure, "66 20 30 41")

    def test_numeros(self):
        for nature, numero, phrase in (
                ("airtel", "12", "n'est pas valable"), ("moov", "", "huit chiffres"), ("airtel", "+33612345678", "mobile du Tchad"),
                ("airtel", "22 51 23 45", "mobile du Tchad"), ("banque", RIB[:-1] + "0", "clé"), ("banque", "", "vide"),
                ("guichet", "66123456", "pas de numéro")):
            with self.subTest(nature=nature, numero=numero), self.assertRaisesRegex(ValidationError, phrase):
                self.demander_compte(self.assure, numero, nature)
        self.assertEqual(self.demander_compte(self.assure, RIB, "banque").numero, "60002 00007 00000000777 " + RIB[-2:])

    def test_titulaires(self):
        employeur = self.env["cnas.employeur"].create({"raison_sociale": "Entreprise", "type_employeur": "ong", "email": "e@example.org"})
        for sorte, qui in (("formation", self.formation), ("employeur", employeur)):
            with self.subTest(sorte=sorte):
                compte = self.comptes.with_user(self.agent).create({
                    "titulaire_type": sorte, f"{sorte}_id": qui.id, "nature": "banque", "numero": RIB})
                compte.with_user(self.superviseur).action_accepter()
                self.assertEqual(self.comptes._du_jour(qui, compte.date_debut), {qui: compte})
        self.assertEqual(compte.nom_titulaire, "Entreprise")
        with self.assertRaisesRegex(UserError, "de qui"):
            self.comptes.with_user(self.agent).create({"titulaire_type": "formation", "assure_id": self.assure.id, "nature": "guichet"})
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"), self.env.cr.savepoint():
            self.demander_compte(self.assure, formation_id=self.formation.id)

    def test_alerte(self):
        seul = self.demander_compte(self.assure)
        self.assertFalse(seul.alerte)
        partage = self.demander_compte(self.creer_assure("Autre", "1991-01-01"), "+235 66 12 34 56")
        self.assertIn("Direct", partage.alerte)
        self.env.invalidate_all()
        self.assertIn("Autre", seul.alerte)
        usager = new_test_user(self.env, "t_interne", groups="cnas_base.group_agent", name="Usager Interne")
        usager.partner_id.phone = "66 20 30 40"
        agent = self.demander_compte(self.creer_assure("Troisieme", "1992-01-01"), "66203040")
        self.assertIn("Usager Interne", agent.alerte)
        agent.with_user(self.superviseur).action_accepter()
        self.assertEqual(agent.state, "actif", "on signale, on ne bloque pas")
        formation = self.demander_compte(
            self.creer_assure("Quatrieme", "1993-01-01"), self.formation.rib_principal, "banque")
        self.assertIn(self.formation.name, formation.alerte)

    def test_interesse_prevenu(self):
        """À l'ancienne adresse comme à la nouvelle : qui change le contact puis le compte ne passe pas inaperçu."""
        self.assure.email = "ancien@example.org"
        self.assure.with_user(self.agent).write({"email": "nouveau@example.org"})
        self.demander_compte(self.assure).with_user(self.superviseur).action_accepter()
        courriels = self.env["mail.mail"].search([("email_to", "in", ("ancien@example.org", "nouveau@example.org"))])
        self.assertEqual(set(courriels.mapped("email_to")), {"ancien@example.org", "nouveau@example.org"})
        self.assertIn("Airtel Money …3456", courriels[0].body_html)
        self.assertIn("Airtel Money", " ".join(self.assure.message_ids.mapped("body")))

    def test_activite_et_journal(self):
        compte = self.demander_compte(self.assure, preuve=pdf_base64(), preuve_nom="carte.pdf")
        self.env.invalidate_all()
        self.assertTrue(compte.sudo().activity_ids)
        compte.with_user(self.superviseur).action_accepter()
        self.assertFalse(compte.sudo().activity_ids)
        self.env.flush_all()
        lignes = self.env["cnas.journal"].search([("modele", "=", "cnas.compte_paiement"), ("res_id", "=", compte.id)])
        self.assertLessEqual({"creation", "accepter"}, set(lignes.mapped("evenement")))


@tagged("post_install", "-at_install", "cnas")
class TestCompteForge(CommunComptes):
    """Ni l'état, ni le numéro, ni la décision ne se forgent."""

    FORGES = ({"state": "ferme"}, {"numero": "66999999"}, {"date_debut": "2020-01-01"}, {"date_fin": "2020-01-01"},
              {"nature": "guichet"}, {"demandeur_id": 1}, {"decideur_id": 1}, {"nom_titulaire": "X"}, {"preuve": "WA=="})

    def test_ecritures(self):
        compte = self.compte_actif(self.assure)
        avant = compte.read()
        for valeurs in self.FORGES:
            for usager in (self.agent, self.superviseur, self.tout):
                vise = compte.with_user(usager).with_context(install_mode=True, tracking_disable=True, cnas_verrou=True)
                for geste in (lambda v=vise, w=valeurs: v.write(w), lambda v=vise, w=valeurs: v.web_save(w, {"id": {}})):
                    with self.subTest(valeurs=valeurs, usager=usager.login), self.assertRaises(UserError):
                        geste()
        for usager in (self.superviseur, self.tout):
            with self.assertRaises(UserError):
                compte.with_user(usager).unlink()
        self.env.invalidate_all()
        self.assertEqual(compte.read(), avant)

    def test_contexte(self):
        autre = self.creer_assure("Autre", "1991-01-01")
        forge = {"default_state": "actif", "default_decideur_id": self.superviseur.id, "default_date_fin": "2099-01-01",
                 "default_demandeur_id": self.agent2.id}
        compte = self.comptes.with_user(self.agent).with_context(**forge).create({"assure_id": autre.id, "nature": "guichet"})
        self.assertEqual((compte.state, compte.demandeur_id, compte.decideur_id.id, compte.date_fin),
                         ("demande", self.agent, False, False))
        with self.assertRaises(ValidationError):
            self.comptes.with_user(self.agent).with_context(default_numero="12").create({"assure_id": self.assure.id})
        for valeurs in ({"state": "actif"}, {"date_fin": "2099-01-01"}, {"decideur_id": self.superviseur.id}):
            with self.assertRaises(UserError):
                self.demander_compte(self.assure, **valeurs)

    def test_commande_imbriquee(self):
        compte = self.compte_actif(self.assure)
        for commande in (
                Command.create({"nature": "guichet", "state": "actif"}), Command.update(compte.id, {"numero": "66999999"}),
                Command.update(compte.id, {"state": "ferme"}), Command.delete(compte.id)):
            with self.subTest(commande=commande), self.assertRaises(UserError), self.env.cr.savepoint():
                self.assure.with_user(self.superviseur).write({"compte_paiement_ids": [commande]})
        self.env.invalidate_all()
        self.assertEqual((self.assure.compte_paiement_ids, compte.numero, compte.state), (compte, "+235 66 12 34 56", "actif"))


@tagged("post_install", "-at_install", "cnas")
class TestCompteDeLOrdre(CommunComptes):
    """L'ordre de remboursement va au compte accepté, figé ; le téléphone de contact ne paie jamais."""

    def test_telephone_change_par_un_agent(self):
        """Vu : un agent change le téléphone d'un assuré et le remboursement part chez lui."""
        self.assure.telephone_1 = "66 12 34 56"
        self.assure.with_user(self.agent).write({"telephone_1": "66 99 99 99"})
        ordre = self.remboursement(self.assure, "ordonnancee").ordre_ids
        self.assertEqual((ordre.mode_paiement, ordre.telephone, ordre.compte_paiement_id.id), ("cheque", False, False))

    def test_demande_ou_delai_ne_paient_pas(self):
        ancien, nouveau = self.compte_actif(self.assure), self.demander_compte(self.assure, "66 99 99 99")
        facture = self.remboursement(self.assure, "validee")
        nouveau.with_user(self.superviseur2).action_accepter()
        facture.with_user(self.finance).action_ordonnancer()
        ordre = facture.ordre_ids
        self.assertEqual((ordre.telephone, ordre.compte_paiement_id), ("+235 66 12 34 56", ancien))
        # Figé : la suite ne déroute pas l'ordre ; rendu puis réémis, il va au compte alors en vigueur.
        ancien.with_user(self.superviseur).action_fermer("Téléphone volé")
        self.assertEqual(ordre.telephone, "+235 66 12 34 56")
        with freeze_time(nouveau.date_debut):
            self.rejeter(ordre)
            ordre.with_user(self.finance2).action_reemettre()
        self.assertEqual(ordre.remplacant_ids.telephone, "+235 66 99 99 99")

    def test_banque(self):
        compte = self.compte_actif(self.assure, RIB, "banque", nom_titulaire="Famille Essai")
        facture = self.remboursement(self.assure, "ordonnancee")
        ordre = facture.ordre_ids
        self.assertEqual((ordre.mode_paiement, ordre.rib, ordre.titulaire, ordre.telephone),
                         ("virement", compte.numero, "Famille Essai", False))
        lot = self.lot(facture)
        lot.with_user(self.signataire).action_signer()
        compte.with_user(self.superviseur2).action_fermer("Compte clos")
        self.assertIs(lot.with_user(self.finance2).action_transmettre(), True)
        lot.with_user(self.finance2).action_executer(self.jour(), "B-1")
        self.assertEqual((facture.state, ordre.state), ("payee", "paye"))

    def test_guichet(self):
        self.assure.telephone_1 = "66 12 34 56"
        compte = self.compte_actif(self.assure, False, "guichet", nom_titulaire="Un Autre")
        ordre = self.remboursement(self.assure, "ordonnancee").ordre_ids
        self.assertEqual((ordre.mode_paiement, ordre.compte_paiement_id, ordre.telephone), ("cheque", compte, False))
        self.assertEqual(ordre.titulaire, self.assure.name, "au guichet, personne d'autre")

    def test_qui_accepte_le_compte_ne_paie_pas(self):
        deux = new_test_user(self.env, "t_deux", groups="cnas_base.group_superviseur,cnas_base.group_finance")
        with freeze_time(aujourd_hui() - timedelta(days=3)):
            self.demander_compte(self.assure).with_user(deux).action_accepter()
        facture = self.remboursement(self.assure, "validee")
        with self.assertRaisesRegex(UserError, "Quatre yeux"):
            facture.with_user(deux).action_ordonnancer()
        facture.with_user(self.finance).action_ordonnancer()
        with self.assertRaisesRegex(UserError, "Quatre yeux"):
            facture.with_user(deux).action_payer(self.jour(), "MM-1")
        facture.with_user(self.finance2).action_payer(self.jour(), "MM-1")

    def test_dossier_fusionne(self):
        """Le dossier gardé reçoit, à son compte."""
        absorbe = self.creer_assure("Double", "1990-01-01")
        facture = self.remboursement(absorbe, "validee")
        compte = self.compte_actif(self.assure)
        absorbe._ecrire({"fusionne_dans_id": self.assure.id})
        facture.with_user(self.finance).action_ordonnancer()
        self.assertEqual(facture.ordre_ids.compte_paiement_id, compte)


@tagged("post_install", "-at_install", "cnas")
class TestCompteDUneFormation(CommunComptes):
    """Son compte de paiement, accepté à deux, la paie à la place de son RIB principal ; sans lui, ses RIB. Un seul lieu le dit."""

    def ordres(self, facture):
        return {ordre.compte: ordre for ordre in facture.ordre_ids.filtered(lambda o: o.state == "emis")}

    def compte(self, **autres):
        return self.compte_actif(self.env["cnas.assure"], **{
            "titulaire_type": "formation", "formation_id": self.formation.id, **autres})

    def test_mobile(self):
        compte = self.compte()
        self.assertEqual(self.formation.with_user(self.finance).compte_du_jour_id, compte)
        facture = self.ordonnancee()
        ordres = self.ordres(facture)
        self.assertEqual((ordres["principal"].mode_paiement, ordres["principal"].telephone, ordres["principal"].compte_paiement_id),
                         ("mobile_money", "+235 66 12 34 56", compte))
        self.assertEqual((ordres["pharmacie"].rib, ordres["pharmacie"].compte_paiement_id.id), (self.formation.rib_pharmacie, False))
        self.assertEqual(facture._identite_du_jour()["rib_principal"], "Airtel Money +235 66 12 34 56")
        compte.with_user(self.superviseur2).action_fermer("Perdu")
        facture.with_user(self.finance).action_annuler_ordonnancement("Compte fermé")
        facture.with_user(self.finance).action_ordonnancer()
        self.assertEqual(self.ordres(facture)["principal"].rib, self.formation.rib_principal)

    def test_sans_compte_pharmacie_tout_y_va(self):
        self.formation._ecrire({"compte_pharmacie_id": False})
        compte = self.compte()
        facture = self.ordonnancee()
        self.assertEqual(facture.ordre_ids.compte_paiement_id, compte)
        self.assertEqual(sum(facture.ordre_ids.mapped("montant")), facture.net_a_payer)
        self.assertEqual(set(facture.ordre_ids.mapped("nature")), {"airtel"})

    def test_banque_rien_ne_le_deroute(self):
        """Ni le RIB de la fiche qui change, ni le compte qui se ferme, ne bloquent l'ordre émis."""
        compte = self.compte(numero=RIB, nature="banque", nom_titulaire="Mairie d'essai")
        self.formation._ecrire({"compte_pharmacie_id": False})
        facture = self.ordonnancee()
        self.assertEqual(set(facture.ordre_ids.mapped("rib")), {compte.numero})
        self.env["cnas.demande_rib"].with_user(self.agent).create({
            "formation_id": self.formation.id, "rib_nouveau": composer_rib("60002", "00008", "00000000888"), "justification": "Autre banque"})
        compte.with_user(self.superviseur2).action_fermer("Clos")
        lot = self.transmettre(facture)
        lot.with_user(self.finance2).action_executer(self.jour(), "B-1")
        self.assertEqual((facture.state, set(facture.ordre_ids.mapped("titulaire"))), ("payee", {"Mairie d'essai"}))

    def test_qui_l_accepte_ne_la_paie_pas(self):
        deux = new_test_user(self.env, "t_deux", groups="cnas_base.group_superviseur,cnas_base.group_finance")
        with freeze_time(aujourd_hui() - timedelta(days=3)):
            self.demander_compte(self.env["cnas.assure"], titulaire_type="formation", formation_id=self.formation.id).with_user(
                deux).action_accepter()
        with self.assertRaisesRegex(UserError, "Quatre yeux"):
            self.validee().with_user(deux).action_ordonnancer()

    def test_requetes_constantes(self):
        """Une requête pour les assurés, une pour les formations, quel que soit le nombre de factures."""
        factures = self.validee() | self.remboursement(self.assure, "validee") | self.remboursement(self.creer_assure("B", "1990-01-01"), "validee")
        factures._comptes_du_jour()
        self.env.invalidate_all()
        factures.mapped("mode"), factures.assure_id.fusionne_dans_id, factures.formation_id
        avant = self.cr.sql_log_count
        factures._comptes_du_jour()
        self.assertLessEqual(self.cr.sql_log_count - avant, 2)
