import re
from urllib.parse import quote

from odoo.tests.common import tagged

from odoo.addons.cnas_base.tests.common import HttpCase, pdf

from .commun_facture import CommunFacture


@tagged("post_install", "-at_install", "cnas")
class TestPortail(HttpCase, CommunFacture):
    """L'espace de la formation par de vraies requêtes HTTP : préparer, soumettre, lire, contester, rester chez soi."""

    def setUp(self):
        super().setUp()
        self.portail.password = "portail-essai-1"
        self.authenticate("t_portail", "portail-essai-1")

    def jeton(self, adresse):
        page = self.url_open(adresse)
        return re.search(r'name="csrf_token" value="([^"]+)"', page.text).group(1)

    def poster(self, adresse, depuis, **champs):
        return self.url_open(adresse, data={"csrf_token": self.jeton(depuis), **champs})

    def test_preparer_puis_soumettre(self):
        self.feuille()
        page = self.poster("/my/formation/factures/preparer", "/my/formation/factures", formation="T-CS-01", mois="2026-11")
        facture = self.factures.search([("formation_id", "=", self.formation.id)])
        self.assertIn(facture.numero, page.text)
        self.assertEqual(facture.preparateur_id, self.portail)
        page = self.poster(f"/my/formation/factures/{facture.id}/soumettre", f"/my/formation/factures/{facture.id}",
                           numero_formation="F-1", montant_declare="2 700")
        self.assertEqual((facture.state, facture.montant_declare, facture.numero_formation), ("soumise", 2700, "F-1"))
        self.assertLess(len(page.content), 100_000)

    def test_rien_a_facturer_et_entrees_fausses(self):
        for mois in ("2026-11", "", "9999-99", "<script>", "2026"):
            with self.subTest(mois=mois):
                page = self.poster("/my/formation/factures/preparer", "/my/formation/factures",
                                   formation="T-CS-01", mois=mois)
                self.assertEqual(page.status_code, 200)
                self.assertIn('class="erreur"', page.text)
        facture = self.preparee()
        page = self.poster(f"/my/formation/factures/{facture.id}/soumettre", f"/my/formation/factures/{facture.id}",
                           montant_declare="douze")
        self.assertIn("en chiffres", page.text)
        self.assertEqual(facture.state, "brouillon")

    def test_listes_cherchees_et_cloisonnees(self):
        """Factures, décomptes, contestations, paiements : par numéro, nom et matricule ; rien de la formation voisine."""
        facture = self.en_controle()
        assure = facture.feuille_ids[0].assure_id
        self.decider(facture.feuille_ids[0], "rejetee")
        facture.with_user(self.superviseur).action_valider()
        ligne = facture.decompte_id.ligne_ids.filtered(lambda n: n.decision == "rejetee")[0]
        self.env["cnas.contestation"].with_user(self.portail).create({"decompte_ligne_id": ligne.id, "motif": "Non", "montant_demande": 1})
        for liste in ("factures", "decomptes", "contestations"):
            for texte in (assure.name, assure.matricule, facture.feuille_ids[0].numero):
                page = self.url_open(f"/my/formation/{liste}?tri=montant&recherche={quote(texte)}").text
                self.assertIn("1 au total", page, f"{liste} {texte}")
            self.assertIn("Rien ne répond", self.url_open(f"/my/formation/{liste}?recherche=zzz").text)
            self.assertIn("Rien ne répond", self.url_open(f"/my/formation/{liste}?au=1990-01-01").text)
        accueil = self.url_open("/my/formation").text
        self.assertRegex(accueil, r'href="/my/formation/contestations"><strong>1</strong>')
        self.portail.formation_ids = self.autre_formation
        for liste in ("factures", "decomptes", "contestations", "paiements", "indus"):
            self.assertIn('class="vide"', self.url_open(f"/my/formation/{liste}").text)

    def test_lire_et_contester(self):
        facture = self.en_controle()
        self.decider(facture.feuille_ids[0], "rejetee")
        facture.with_user(self.superviseur).action_valider()
        decompte = facture.decompte_id
        ligne = decompte.ligne_ids.filtered(lambda n: n.decision == "rejetee")[0]
        page = self.url_open(f"/my/formation/decomptes/{decompte.id}")
        self.assertIn(decompte.numero, page.text)
        self.assertIn(f"/my/formation/lignes/{ligne.id}/contester", page.text)
        self.assertLess(len(page.content), 100_000)
        for extension, debut in (("pdf", b"%PDF"), ("xlsx", b"PK"), ("csv", b"\xef\xbb\xbf")):
            fichier = self.url_open(f"/cnas/decompte/{decompte.id}/{extension}")
            self.assertTrue(fichier.content.startswith(debut), extension)
        adresse = f"/my/formation/lignes/{ligne.id}/contester"
        refus = self.poster(adresse, adresse, motif=" ", montant="1000")
        self.assertIn("opposez", refus.text)
        refus = self.url_open(adresse, data={"csrf_token": self.jeton(adresse), "motif": "m", "montant": "1000"},
                              files={"fichiers": ("virus.exe", b"MZ-faux", "application/pdf")})
        self.assertIn("ni un PDF", refus.text)
        self.assertFalse(ligne.contestation_ids)
        self.url_open(adresse, data={"csrf_token": self.jeton(adresse), "motif": "Ordonnance jointe", "montant": "1 000"},
                      files={"fichiers": ("ordonnance.pdf", pdf(), "application/pdf")})
        contestation = ligne.contestation_ids
        self.assertEqual((contestation.montant_demande, contestation.deposant_id), (1000, self.portail))
        self.assertEqual(contestation.piece_ids.name, "ordonnance.pdf")
        self.assertIn(contestation.numero, self.url_open("/my/formation/contestations").text)
        contestation.with_user(self.controleur).action_rejeter("Pièce illisible")
        self.poster(f"/my/formation/contestations/{contestation.id}/second", "/my/formation/contestations", motif="Relue")
        self.assertEqual(contestation.second_degre_ids.degre, "2")
        self.poster(f"/my/formation/contestations/{contestation.second_degre_ids.id}/retirer", "/my/formation/contestations")
        self.assertEqual(contestation.second_degre_ids.state, "retiree")

    def test_cloisonne(self):
        facture = self.validee()
        decompte = facture.decompte_id
        ligne = decompte.ligne_ids[0]
        self.portail.formation_ids = self.autre_formation
        self.env.registry.clear_cache()
        for adresse in (f"/my/formation/factures/{facture.id}", f"/my/formation/decomptes/{decompte.id}",
                        f"/my/formation/lignes/{ligne.id}/contester", "/my/formation/factures", "/my/formation/decomptes"):
            page = self.url_open(adresse)
            self.assertEqual(page.status_code, 200)
            self.assertNotIn(facture.numero, page.text)
            self.assertNotIn(decompte.numero, page.text)
        for adresse in (f"/cnas/facture/{facture.id}/pdf", f"/cnas/decompte/{decompte.id}/pdf",
                        f"/cnas/decompte/{decompte.id}/xlsx", "/cnas/decompte/999999999/pdf", "/cnas/lot_paiement/1/csv"):
            self.assertEqual(self.url_open(adresse).status_code, 404, adresse)

    def test_agent_n_entre_pas(self):
        self.agent.password = "agent-essai-1"
        self.authenticate("t_agent", "agent-essai-1")
        page = self.url_open("/my/formation/factures", allow_redirects=False)
        self.assertIn(page.status_code, (302, 303))
