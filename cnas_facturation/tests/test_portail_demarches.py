import re

from odoo import Command
from odoo.tests.common import tagged

from odoo.addons.cnas_base.tests.common import HttpCase, octets, page_numerisee
from odoo.addons.cnas_formations.rib import composer_rib

from .commun_facture import CommunFacture

PAGES = ("demarches", "paiements", "comptes")


@tagged("post_install", "-at_install", "cnas")
class TestDemarchesArgent(HttpCase, CommunFacture):
    """Relire avant de soumettre, paiements, changement de compte, pièces d'un recours : chez soi seulement."""

    def setUp(self):
        super().setUp()
        self.portail.password = "portail-essai-1"
        self.authenticate("t_portail", "portail-essai-1")

    def poster(self, adresse, fichiers=None, **champs):
        page = self.url_open("/my/formation/import").text
        jeton = re.search(r'name="csrf_token" value="([^"]+)"', page).group(1)
        return self.url_open(adresse, data={"csrf_token": jeton, **champs}, files=fichiers)

    def chez_le_voisin(self):
        self.portail.formation_ids = [Command.set(self.autre_formation.ids)]
        self.env.registry.clear_cache()

    def test_relire_puis_soumettre(self):
        facture = self.preparee()
        adresse = f"/my/formation/factures/{facture.id}"
        self.assertIn("Relire avant de soumettre", self.url_open(adresse).text)
        total = int(facture.montant_facture)
        page = self.url_open(f"{adresse}/recapitulatif?montant_declare={total + 100}&numero_formation=F-9").text
        for dit in ("Écart", f'value="{total + 100}"', 'value="100"', "Je confirme", 'value="F-9"'):
            self.assertIn(dit, page)
        self.assertEqual(facture.state, "brouillon")
        page = self.poster(f"{adresse}/soumettre", montant_declare=str(total + 100), ecart_accepte="100").text
        self.assertEqual(facture.state, "soumise")
        self.assertIn("Télécharger l'accusé", page.replace("&#39;", "'"))
        self.assertTrue(self.url_open(f"{adresse}/recapitulatif").url.endswith("/my/formation/factures"))

    def test_paiements(self):
        facture = self.payee()
        page = self.url_open("/my/formation/paiements").text
        ordres = facture.ordre_ids
        self.assertIn(ordres[0].numero, page)
        self.assertIn("Payé", page)
        self.assertNotIn(ordres[0].rib or "—" * 9, page)
        self.chez_le_voisin()
        self.assertNotIn(ordres[0].numero, self.url_open("/my/formation/paiements").text)

    def test_demander_un_changement_de_compte(self):
        rib, photo = composer_rib("60005", "00021", "00000000007"), ("rib.jpg", octets(page_numerisee(), "JPEG"), "image/jpeg")
        demandes = self.env["cnas.demande_rib"].search([("formation_id", "=", self.formation.id)])
        for champs, fichier, phrase in (
                ({"rib": rib, "justification": "Banque fermée"}, None, "Joignez la photo"), ({"rib": "12", "justification": "x"}, photo, "RIB"),
                ({"rib": rib, "justification": " "}, photo, "pourquoi"), ({"rib": rib, "justification": "x", "usage": "autre"}, photo, "principal")):
            with self.subTest(phrase):
                page = self.poster("/my/formation/comptes", fichier and {"document": fichier}, **{"usage": "principal", **champs}).text
                self.assertIn('class="erreur"', page)
                self.assertIn(phrase, page)
        self.assertEqual(self.env["cnas.demande_rib"].search([("formation_id", "=", self.formation.id)]), demandes, "rien d'écrit à moitié")
        page = self.poster("/my/formation/comptes", {"document": photo}, usage="principal", rib=rib, justification="x",
                           formation=self.autre_formation.code).text
        self.assertIn("pas la vôtre", page, "un compte ne change pas pour une formation qu'on n'a pas, ni à sa place pour la sienne")
        self.assertEqual(self.env["cnas.demande_rib"].search([("formation_id", "=", self.formation.id)]), demandes)
        page = self.poster("/my/formation/comptes", {"document": photo}, usage="principal", rib=rib, justification="Banque fermée").text
        demande = self.env["cnas.demande_rib"].search([("formation_id", "=", self.formation.id)]) - demandes
        self.assertEqual((demande.demandeur_id, demande.state), (self.portail, "demandee"))
        self.assertIn(f"… {rib[-4:]}", page)
        self.assertNotIn(rib, page)
        encore = self.poster("/my/formation/comptes", {"document": photo}, usage="principal", rib=rib, justification="Bis").text
        self.assertIn("attend déjà une décision", encore)
        self.chez_le_voisin()
        self.assertNotIn(f"… {rib[-4:]}", self.url_open("/my/formation/comptes").text)
        demande.with_user(self.agent).action_valider()
        self.assertEqual(self.formation.compte_principal_id.sanitized_acc_number, rib)

    def test_pieces_d_une_contestation(self):
        facture = self.en_controle()
        self.decider(facture.feuille_ids[0], "rejetee")
        facture.with_user(self.superviseur).action_valider()
        ligne = facture.decompte_id.ligne_ids.filtered(lambda n: n.decision == "rejetee")[0]
        self.poster(f"/my/formation/lignes/{ligne.id}/contester", {"fichiers": ("o.jpg", octets(page_numerisee(), "JPEG"), "image/jpeg")},
                    motif="Ordonnance jointe", montant="1000")
        contestation = ligne.contestation_ids
        adresse = f"/my/formation/contestations/{contestation.id}/pieces/{contestation.piece_ids.id}"
        self.assertIn(adresse, self.url_open("/my/formation/contestations").text)
        self.assertEqual(self.url_open(adresse).headers["Content-Type"], "image/jpeg")
        self.chez_le_voisin()
        for chemin in (adresse, "/my/formation/contestations/2147483000/pieces/1"):
            self.assertEqual(self.url_open(chemin).status_code, 404)
        for chemin in (f"/my/formation/factures/{facture.id}/recapitulatif", "/my/formation/factures/2147483000/recapitulatif"):
            self.assertTrue(self.url_open(chemin).url.endswith("/my/formation/factures"))

    def test_retire_de_la_formation_il_garde_son_employeur(self):
        """Une personne a deux espaces : perdre l'un ne ferme pas l'autre ; perdre les deux ferme le compte."""
        self.portail.login = "deux.espaces@exemple.td"
        employeur = self.env["cnas.employeur"].create({"raison_sociale": "Clinique privée", "type_employeur": "ong"})
        employeur.action_activer()
        employeur.with_user(self.superviseur)._inviter_usager(self.portail.name, self.portail.login)
        self.formation.with_user(self.superviseur).action_retirer_usagers(self.portail.ids)
        self.assertTrue(self.portail.active)
        employeur.with_user(self.superviseur).action_retirer_usagers(self.portail.ids)
        self.assertFalse(self.portail.active)

    def test_sans_compte(self):
        self.authenticate(None, None)
        for page in PAGES:
            self.assertIn("/web/login", self.url_open(f"/my/formation/{page}").url)
