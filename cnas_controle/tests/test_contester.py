import re
from datetime import timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.tests.common import HttpCase, pdf

from .commun_controle import CommunControle


@tagged("post_install", "-at_install", "cnas")
class TestContester(HttpCase, CommunControle):
    """La formation lit le contrôle d'où vient l'indu, le conteste en ligne, lit ce qu'on en décide ; la voisine n'en sait rien."""

    def setUp(self):
        super().setUp()
        self.portail.password = "portail-essai-1"
        self.authenticate("t_portail", "portail-essai-1")
        for _rang in range(3):
            self.decider(self.feuille())
        self.affaire_secrete = self.affaire(name="Soupçon de cabinet fantôme")
        campagne = self.campagne(name="Cabinet fantôme", affaire_id=self.affaire_secrete.id)
        campagne.action_tirer()
        lignes = campagne.with_user(self.controleur).ligne_ids
        lignes[1:].juger("juste")
        lignes[:1].juger("rejetee", motif="Acte absent du registre")
        campagne.action_conclure()
        self.resultat = campagne.resultat_ids.with_user(self.superviseur)
        self.resultat.action_proposer()
        self.indu = self.resultat.indu_id
        self.page = f"/my/formation/indus/{self.indu.id}/controle"

    def notifier(self):
        self.indu.with_user(self.superviseur2).action_notifier()

    def poster(self, motif, **fichiers):
        jeton = re.search(r'name="csrf_token" value="([^"]+)"', self.url_open("/my/formation/droits").text).group(1)
        return self.url_open(self.page, data={"csrf_token": jeton, "motif": motif}, files=fichiers or None)

    def test_lire_contester_trancher(self):
        self.assertNotIn("Acte absent", self.url_open(self.page).text, "pas encore notifié")
        self.notifier()
        self.assertIn(self.page, self.url_open("/my/formation/indus").text)
        page = self.url_open(self.page).text
        for attendu in ("Acte absent du registre", self.resultat.campagne_id.ligne_ids[0].feuille_id.numero, "Déposer la contestation"):
            self.assertIn(attendu, page)
        for secret in ("fantôme", self.affaire_secrete.numero, self.controleur.name, "Taux d'audit"):
            self.assertNotIn(secret, page)
        # la retenue attend la fin du délai, puis la décision
        self.assertEqual(self.indu.exigible, 0)
        self.assertIn("Écrivez ce que vous opposez", self.poster("  ").text)
        self.assertIn("erreur", self.poster("Registre joint", fichiers=("registre.pdf", b"MZ pas un pdf", "application/pdf")).text)
        self.assertEqual((self.resultat.state, len(self.resultat.piece_ids)), ("propose", 0))
        page = self.poster("Le registre était au district", fichiers=("registre.pdf", pdf("REGISTRE"), "application/pdf")).text
        self.assertIn("registre.pdf", page)
        self.assertNotIn("Déposer la contestation", page)
        self.assertEqual((self.resultat.state, self.resultat.contestataire_id, self.resultat.motif_contestation),
                         ("conteste", self.portail, "Le registre était au district"))
        self.assertEqual(self.indu.exigible, 0)
        journal = self.env["cnas.journal"].search([("modele", "=", "cnas.campagne.resultat"), ("res_id", "=", self.resultat.id), ("evenement", "=", "contester")])
        self.assertEqual(journal.user_id, self.portail)
        piece = self.resultat.piece_ids
        self.assertEqual(self.url_open(f"{self.page}/pieces/{piece.id}").status_code, 200)
        with self.assertRaisesRegex(UserError, "ne se retire"):
            self.resultat.with_user(self.controleur).write({"piece_ids": [(5,)]})
        self.resultat.with_user(self.superviseur2).action_maintenir("Le registre joint ne porte pas l'acte")
        self.assertIn("ne porte pas", self.url_open(self.page).text)
        self.assertEqual(self.indu.exigible, self.indu.montant)
        self.assertIn("ne porte pas", " ".join(self.indu.message_ids.mapped("body")))

    def test_ni_la_voisine_ni_hors_delai(self):
        self.notifier()
        self.indu._ecrire({"date_notification": aujourd_hui() - timedelta(days=40)})
        page = self.url_open(self.page).text
        self.assertIn("délai pour contester a fini", page)
        self.assertNotIn("Déposer la contestation", page)
        self.assertIn("délai pour contester a fini", self.poster("Trop tard").text)
        self.assertEqual(self.indu.exigible, self.indu.montant, "le délai passé, il se retient")
        self.indu._ecrire({"date_notification": aujourd_hui()})
        self.poster("Le registre était au district", fichiers=("registre.pdf", pdf("REGISTRE"), "application/pdf"))
        piece = self.resultat.piece_ids
        voisine = new_test_user(self.env, login="t_voisine", password="voisine-essai-1", groups="cnas_base.group_portail_formation")
        voisine.sudo().formation_ids = self.autre_formation
        self.authenticate("t_voisine", "voisine-essai-1")
        self.assertNotIn("Acte absent", self.url_open(self.page).text)
        self.assertEqual(self.url_open(f"{self.page}/pieces/{piece.id}").status_code, 404)
        for usager in (voisine, self.portail):
            with self.assertRaises(AccessError):
                self.resultat.with_user(usager).read(["taux_audit"])

    def test_l_agent_vise_n_en_voit_rien(self):
        """L'agent que vise l'affaire ne lit ni l'échantillon ni le résultat de sa campagne : il ne tranche rien."""
        self.affaire_secrete.sudo()._ecrire({"usager_en_cause_id": self.superviseur2.id})
        campagne = self.resultat.campagne_id
        for objets in (self.resultat, campagne.ligne_ids, campagne.feuille_ids, campagne.strate_ids):
            with self.subTest(modele=objets._name), self.assertRaises(AccessError):
                objets.with_user(self.superviseur2).read(["campagne_id"])

    def test_qui_conteste_ne_tranche_pas(self):
        """Un superviseur qui note la contestation au guichet ne la tranche pas lui-même."""
        self.notifier()
        resultat = self.resultat.with_user(self.superviseur2)
        resultat.action_contester("Reçue par courrier")
        with self.assertRaisesRegex(UserError, "Quatre yeux"):
            resultat.action_maintenir("Non")
