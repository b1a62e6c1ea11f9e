import base64
import io
from datetime import timedelta

from psycopg2 import IntegrityError
from PyPDF2 import PdfReader

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.cnas_base.jour import aujourd_hui

from ..indicateurs.preparation import preparer
from ..indicateurs.registre import Calcul
from .commun_controle import CommunControle


@tagged("post_install", "-at_install", "cnas")
class TestAffaires(CommunControle):
    """D'une alerte à la suite : secret, contradictoire, quatre yeux, taux de confirmation."""

    def test_de_l_alerte_a_l_indu(self):
        alerte = self.alerte()
        action = alerte.with_user(self.superviseur).action_ouvrir_affaire()
        affaire = self.affaires.with_user(self.superviseur).browse(action["res_id"])
        self.assertEqual((alerte.state, affaire.formation_id, affaire.origine), ("en_affaire", self.formation, "indicateur"))
        with self.assertRaisesRegex(UserError, "responsable"):
            affaire.action_instruire()
        affaire.responsable_id = self.controleur
        affaire.action_instruire()
        mienne = affaire.with_user(self.controleur)
        with self.assertRaisesRegex(UserError, "audition"):
            mienne.action_entendre()
        mienne.write({"acte_ids": [(0, 0, {"nature": "audition", "objet": "Audition", "personne": "Le directeur", "compte_rendu": "Il reconnaît."})],
                      "suite": "indu", "montant": 5000, "conclusion": "Feuilles recopiées."})
        with self.assertRaisesRegex(UserError, "contradictoire"):
            affaire.action_conclure()
        mienne.action_entendre()
        with self.assertRaises(AccessError):
            mienne.action_conclure()
        affaire.action_conclure()
        self.assertEqual((affaire.state, alerte.state, affaire.cloturee_par_id), ("close", "confirmee", self.superviseur))
        self.assertEqual(alerte.indicateur_id.nb_confirmees, 1)
        affaire.action_proposer_indu()
        indu = affaire.indu_id
        self.assertEqual((indu.montant, indu.state, indu.formation_id), (5000, "constate", self.formation))
        with self.assertRaises(UserError):
            indu.with_user(self.superviseur).action_notifier()
        indu.with_user(self.superviseur2).action_notifier()
        with self.assertRaisesRegex(UserError, "déjà constaté"):
            affaire.action_proposer_indu()
        with self.assertRaisesRegex(UserError, "close"):
            mienne.write({"conclusion": "Autre chose"})

    def test_quatre_yeux(self):
        affaire = self.affaire(responsable_id=self.superviseur.id, suite="avertissement", conclusion="Peu de chose.")
        with self.assertRaisesRegex(UserError, "Quatre yeux"):
            affaire.action_conclure()
        # se retirer de l'affaire n'y change rien : la suite est la sienne
        affaire.responsable_id = self.controleur
        with self.assertRaisesRegex(UserError, "Quatre yeux"):
            affaire.action_conclure()
        affaire.with_user(self.superviseur2).action_conclure()
        self.assertEqual(affaire.state, "close")

    def test_sans_suite_infirme(self):
        alerte = self.alerte()
        affaire = self.affaires.with_user(self.superviseur).browse(alerte.with_user(self.superviseur).action_ouvrir_affaire()["res_id"])
        affaire.write({"responsable_id": self.controleur.id, "suite": "sans_suite", "conclusion": "Rien."})
        affaire.action_instruire()
        affaire.with_user(self.superviseur2).action_conclure()
        self.assertEqual(alerte.state, "infirmee")
        affaire.action_rouvrir("Un témoin de plus")
        self.assertEqual((affaire.state, alerte.state), ("instruction", "en_affaire"))

    def test_secret(self):
        affaire = self.affaire()
        for usager in (self.controleur2, self.agent):
            with self.subTest(usager=usager.login), self.assertRaises(AccessError):
                affaire.with_user(usager).read(["name"])
        piece = self.env["ir.attachment"].sudo().create({"name": "a.txt", "raw": b"x", "res_model": "cnas.affaire", "res_id": affaire.id})
        self.env.flush_all()
        self.env.invalidate_all()
        with self.assertRaises(AccessError):
            piece.with_user(self.controleur2).read(["raw"])
        affaire.write({"equipe_ids": [(4, self.controleur2.id)]})
        self.assertEqual(affaire.with_user(self.controleur2).name, "Essai")
        # l'agent visé ne la voit jamais, même superviseur
        visee = self.affaires.with_user(self.superviseur2).create({"name": "Connivence", "usager_en_cause_id": self.superviseur.id})
        with self.assertRaises(AccessError):
            visee.with_user(self.superviseur).read(["name"])
        alerte = self.alerte(formation_id=False, usager_id=self.superviseur.id)
        self.assertNotIn(alerte, self.env["cnas.alerte"].with_user(self.superviseur).search([]))

    def test_secret_par_ricochet(self):
        """Ni un lien, ni un indu, ni un message, ni ce que l'affaire a tiré ne la racontent à qui ne la lit pas."""
        affaire = self.affaire(name="Connivence au guichet")
        campagne = self.campagne(affaire_id=affaire.id)
        vu = campagne.with_user(self.controleur2).read(["affaire_id"])[0]["affaire_id"]
        self.assertEqual(vu, (affaire.id, affaire.numero))
        self.assertNotIn("Connivence", str(affaire.action_campagne()["context"]) + str(affaire.action_signer_mission()["context"]))
        self.assertIn(affaire.id, [identifiant for identifiant, _nom in self.affaires.with_user(self.superviseur).name_search("Connivence")])
        mission = self.env["cnas.mission"].with_user(self.controleur).create({"objet": "Visite", "formation_id": self.formation.id, "affaire_id": affaire.id})
        signalement = self.env["cnas.signalement"].with_user(self.agent).create({"texte": "Un agent est payé pour valider ces feuilles."})
        signalement._ecrire({"affaire_id": affaire.id})
        alerte = self.alerte(affaire_id=affaire.id)
        activite = affaire.sudo().activity_ids
        self.assertEqual((activite.user_id, activite.res_name), (self.controleur, affaire.numero))
        affaire.message_subscribe(self.superviseur.partner_id.ids)
        affaire.with_user(self.superviseur2).write({"usager_en_cause_id": self.superviseur.id, "responsable_id": self.controleur2.id})
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertFalse(affaire.sudo().message_partner_ids & (self.superviseur | self.controleur).partner_id)
        self.assertEqual(activite.user_id, self.controleur2)
        for tire in (affaire, campagne, mission, signalement, alerte):
            with self.subTest(modele=tire._name):
                self.assertFalse(tire.with_user(self.superviseur).search([("id", "=", tire.id)]))
                self.assertTrue(tire.with_user(self.superviseur2).search([("id", "=", tire.id)]))
        self.assertTrue(signalement.with_user(self.agent).search([("id", "=", signalement.id)]))
        with self.assertRaisesRegex(UserError, "en cause"):
            affaire.with_user(self.superviseur2).write({"equipe_ids": [(4, self.superviseur.id)]})

    def test_motif_de_l_indu(self):
        affaire = self.affaire(name="Connivence au guichet", suite="indu", montant=5000, conclusion="L'agent Moussa validait tout.")
        self.env["cnas.affaire.acte"].with_user(self.controleur).create({
            "affaire_id": affaire.id, "nature": "audition", "objet": "Audition", "personne": "Le directeur"})
        affaire.action_entendre()
        affaire.with_user(self.superviseur2).action_conclure()
        affaire.action_proposer_indu()
        self.assertNotIn("Connivence", affaire.indu_id.motif)
        self.assertFalse(self.env["cnas.journal"].search([("modele", "=", "cnas.affaire"), ("motif", "ilike", "Moussa")]))

    def test_actes_figes(self):
        affaire = self.affaire()
        acte = self.env["cnas.affaire.acte"].with_user(self.controleur).create({"affaire_id": affaire.id, "objet": "Visite"})
        with self.assertRaisesRegex(UserError, "récrit"):
            acte.write({"objet": "Autre"})
        with self.assertRaisesRegex(UserError, "future"):
            acte.create({"affaire_id": affaire.id, "objet": "Demain", "date": aujourd_hui() + timedelta(days=1)})
        with self.assertRaisesRegex(UserError, "entendu"):
            acte.create({"affaire_id": affaire.id, "objet": "Audition", "nature": "audition"})

    def test_responsable_au_superviseur(self):
        affaire = self.affaire()
        with self.assertRaises(AccessError):
            affaire.with_user(self.controleur).write({"responsable_id": self.controleur2.id})
        with self.assertRaises(AccessError):
            self.affaires.with_user(self.controleur).create({"name": "Non"})

    def test_taux_de_confirmation(self):
        indicateur = self.env["cnas.indicateur"].search([("code", "=", "FRD-11")])
        alertes = self.env["cnas.alerte"].union(*(self.alerte() for _i in range(10)))
        self.assertIn("n. d.", indicateur.conseil)
        alertes.with_user(self.superviseur).action_ecarter("Bruit")
        indicateur.invalidate_recordset()
        self.assertEqual(indicateur.taux_confirmation, 0)
        self.assertIn("relevez le seuil", indicateur.conseil)

    def test_pairs_a_la_date_des_soins(self):
        """Une feuille se compare au type et au niveau recopiés à son dépôt, quoi que sa formation soit devenue."""
        feuille = self.feuille()
        vu = feuille.type_formation, feuille.niveau_formation
        self.assertTrue(all(vu))
        self.env.flush_all()
        self.env.cr.execute("UPDATE cnas_formation_sanitaire SET niveau = niveau + 1, type_formation = 'autre' WHERE id = %s", [feuille.formation_id.id])
        preparer(Calcul(self.env, feuille.date_soins, feuille.date_soins))
        self.env.cr.execute("SELECT type, niveau FROM ctl_feuille WHERE id = %s", [feuille.id])
        self.assertEqual(self.env.cr.fetchone(), vu)

    def test_jamais_deux_fois(self):
        self.alerte(cle="essai:double")
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self.alerte(cle="essai:double")


@tagged("post_install", "-at_install", "cnas")
class TestSignalements(CommunControle):
    """Un agent, un assuré, un employeur signalent ; l'auteur et le superviseur lisent."""

    def test_agent(self):
        signalement = self.env["cnas.signalement"].with_user(self.agent).create({"texte": "La même ordonnance revient chaque semaine ici.", "formation_id": self.formation.id})
        with self.assertRaises(AccessError):
            signalement.with_user(self.controleur).read(["texte"])
        with self.assertRaises(AccessError):
            signalement.with_user(self.agent).action_ouvrir_affaire()
        action = signalement.with_user(self.superviseur).action_ouvrir_affaire()
        affaire = self.affaires.browse(action["res_id"])
        self.assertEqual((affaire.origine, affaire.formation_id, signalement.state), ("signalement", self.formation, "en_affaire"))
        with self.assertRaisesRegex(UserError, "parole"):
            signalement.with_user(self.agent).write({"texte": "Je me suis trompé de formation, pardon."})

    def test_entrees_fausses(self):
        signalements = self.env["cnas.signalement"].with_user(self.agent)
        with self.assertRaisesRegex(UserError, "quelques mots"):
            signalements.create({"texte": "Bof"})
        with self.assertRaisesRegex(UserError, "future"):
            signalements.create({"texte": "Un fait qui n'est pas encore arrivé.", "date_faits": aujourd_hui() + timedelta(days=2)})

    def test_assure(self):
        assure = self.creer_assure("Témoin", "1980-01-01")
        deposer = self.env["cnas.signalement"]._deposer
        for _i in range(3):
            self.assertTrue(deposer(assure, {"objet": "soins", "texte": "On m'a compté une radio jamais faite."}))
        with self.assertRaisesRegex(UserError, "aujourd'hui"):
            deposer(assure, {"objet": "soins", "texte": "On m'a compté une radio jamais faite."})
        with self.assertRaisesRegex(UserError, "liste"):
            deposer(self.creer_assure("Autre", "1981-01-01"), {"objet": "x", "texte": "Un texte assez long pour passer."})


@tagged("post_install", "-at_install", "cnas")
class TestMissions(CommunControle):
    """Un ordre se signe à deux, un rapport se rend une fois ; les deux s'impriment."""

    def test_parcours(self):
        mission = self.env["cnas.mission"].with_user(self.controleur).create({
            "objet": "Registres", "formation_id": self.formation.id, "chef_id": self.controleur.id, "a_verifier": "Registre des accouchements\nCarnets"})
        with self.assertRaises(AccessError):
            mission.action_signer()
        with self.assertRaises(UserError):
            mission.action_imprimer_ordre()
        with self.assertRaises(AccessError):
            mission.with_user(self.controleur2).read(["objet"])
        mission.with_user(self.superviseur).action_signer()
        with self.assertRaisesRegex(UserError, "signé"):
            mission.write({"objet": "Autre"})
        self.assertGreater(self.ecart_au_dessus(mission.telecharger("ordre"), "À vérifier"), 15, "le titre n'écrase pas la phrase du dessus")
        with self.assertRaisesRegex(UserError, "constats"):
            mission.action_rendre()
        mission.write({"rapport": "Douze feuilles sans patient au registre."})
        mission.action_rendre()
        self.assertTrue(mission.telecharger("rapport")["contenu"])
        with self.assertRaisesRegex(UserError, "rendu"):
            mission.write({"rapport": "Rien vu."})

    def ecart_au_dessus(self, fichier, titre):
        """Rend de combien de points une ligne du PDF est sous celle d'avant."""
        hauteurs, lues = {}, io.BytesIO(base64.b64decode(fichier["contenu"]))
        PdfReader(lues).pages[0].extract_text(visitor_text=lambda texte, _page, place, *_reste: hauteurs.update({texte.strip(): place[5]}))
        return min(hauteur - hauteurs[titre] for hauteur in hauteurs.values() if hauteur > hauteurs[titre])

    def test_signature_a_deux_et_dates(self):
        mission = self.env["cnas.mission"].with_user(self.superviseur).create({"objet": "Visite", "formation_id": self.formation.id})
        with self.assertRaisesRegex(UserError, "Quatre yeux"):
            mission.action_signer()
        passee = self.env["cnas.mission"].with_user(self.controleur).create({
            "objet": "Visite", "formation_id": self.formation.id, "date_debut": "2026-01-01", "date_fin": "2026-01-02"})
        with self.assertRaisesRegex(UserError, "après coup"):
            passee.with_user(self.superviseur).action_signer()
