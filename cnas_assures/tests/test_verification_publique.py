import base64
import json
from urllib.parse import urlsplit

from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.cnas_base.tests.common import HttpCase

from .. import cle_signature as outil
from .commun_documents import CasDocuments


@tagged("post_install", "-at_install", "cnas")
class TestVerificationPublique(HttpCase, CasDocuments):

    def _page(self, jeton, code=200):
        reponse = self.url_open(f"/cnas/verifier/{jeton}")
        self.assertEqual(reponse.status_code, code)
        self.assertLess(len(reponse.content), 100_000)
        return reponse

    def test_valide_et_le_strict_minimum(self):
        self.assure.write({"telephone_1": "66 12 34 56", "adresse": "Quartier Klemat"})
        page = self._page(self._attestation().jeton).text
        self.assertIn("Attestation valide", page)
        self.assertIn("Abakar M.", page)
        for secret in (self.assure.matricule, "MAHAMAT", "1985", "66 12", "Klemat", self.regime.name):
            self.assertNotIn(secret, page)

    def test_sans_script_ni_ressource_distante_ni_temoin(self):
        reponse = self._page(self._attestation().jeton)
        self.assertNotIn("<script", reponse.text)
        self.assertNotIn("src=", reponse.text)
        self.assertNotIn("Set-Cookie", reponse.headers)
        self.assertEqual(reponse.headers["Cache-Control"], "no-store")
        self.assertIn("default-src 'none'", reponse.headers["Content-Security-Policy"])

    def test_expiree(self):
        attestation = self._attestation(date_debut="2026-01-01", date_fin="2026-02-01")
        page = self._page(attestation.jeton).text
        self.assertIn("Attestation expirée", page)
        self.assertNotIn("Abakar", page)

    def test_a_venir(self):
        page = self._page(self._attestation(date_debut="2027-01-01", date_fin="2027-02-01").jeton).text
        self.assertIn("pas encore valable", page)

    def test_revoquee(self):
        attestation = self._attestation()
        attestation.action_revoquer("Papier volé")
        page = self._page(attestation.jeton).text
        self.assertIn("Attestation révoquée", page)
        for secret in ("Abakar", "Papier volé", self.assure.matricule[-4:]):
            self.assertNotIn(secret, page)

    def test_droits_fermes_apres_la_delivrance(self):
        attestation = self._attestation()
        self.assure.droit_ids.action_fermer("Fin de contrat", "2026-11-01")
        page = self._page(attestation.jeton).text
        self.assertIn("Droits fermés", page)
        self.assertNotIn("Abakar", page)

    def test_inconnu_et_malforme_rendent_la_meme_reponse(self):
        jeton = self._attestation().jeton
        inconnu = outil.base64url(bytes(80))
        reference = self._page(inconnu, 404)
        self.assertIn("Attestation inconnue", reference.text)
        essais = [
            "x", "1", "0", "-1", jeton[:-1], jeton + "A", jeton.swapcase(), jeton[:-4] + "AAAA", "A" * 107, "A" * 5000,
            "%00", "%27%20OR%201=1--", "%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "..%2f..%2fetc%2fpasswd", "a/b/c",
            "%F0%9F%92%A9", "%ff%fe", "{{7*7}}", "%25s%25n", "ATT-2026-0000001", self.assure.matricule, "",
            f"{jeton}%00", f"{jeton}%20", f"%20{jeton}",
        ]
        with mute_logger("odoo.http"):
            for essai in essais:
                with self.subTest(essai=essai[:40]):
                    reponse = self._page(essai, 404)
                    self.assertEqual(reponse.content, reference.content)

    def test_le_jeton_d_une_autre_base_ou_d_une_autre_cle_est_inconnu(self):
        attestation = self._attestation()
        octets = outil.octets_base64url(attestation.jeton)
        faux = outil.base64url(octets[:16] + bytes(64))
        attestation.sudo()._ecrire({"jeton": faux, "jeton_empreinte": attestation._empreinte_jeton(faux)})
        self._page(faux, 404)

    def test_parametres_et_methodes_inattendus(self):
        jeton = self._attestation().jeton
        with mute_logger("odoo.http"):
            self.assertEqual(self.url_open(f"/cnas/verifier/{jeton}?jeton=x&etat=valide&debug=1").status_code, 200)
            self.assertEqual(self.url_open(f"/cnas/verifier/{jeton}", data={"a": "b"}).status_code, 405)
            self.assertEqual(self.url_open("/cnas/verifier").status_code, 404)

    def test_panne_sans_erreur_500(self):
        def panne(*_arguments):
            raise RuntimeError("panne")

        self.patch(type(self.env["cnas.attestation"]), "_trouver_par_jeton", panne)
        with mute_logger("odoo.addons.cnas_assures.controllers.verification"):
            page = self._page("x", 503).text
        self.assertIn("indisponible", page)
        self.assertNotIn("RuntimeError", page)

    # ------------------------------------------------------------------ carte
    def test_carte_par_l_adresse_de_son_qr(self):
        carte = self._carte("active")
        self.env["ir.config_parameter"].set_param("web.base.url", "https://cnas.essai.td")
        chemin = urlsplit(carte._adresse_qr()).path
        page = self.url_open(chemin)
        self.assertEqual(page.status_code, 200)
        self.assertIn("Carte active", page.text)
        self.assertIn(carte.numero, page.text)
        for secret in (self.assure.nom, self.assure.prenom, self.assure.matricule):
            self.assertNotIn(secret, page.text)
        for faux in (chemin[:-3] + "AAA", "/cnas/carte/1~a~b~c~d", "/cnas/carte/x", "/cnas/carte/" + "9" * 500):
            reponse = self.url_open(faux)
            self.assertEqual(reponse.status_code, 404, faux)
            self.assertIn("Carte inconnue", reponse.text)
        self.assertTrue(self.env["cnas.assure"].with_user(self.agent).verifier_droits(carte._adresse_qr())["trouve"])
        carte.action_declarer_perte("Perdue")
        self.assertIn("Carte retirée", self.url_open(chemin).text)

    def test_en_arabe_d_abord(self):
        """La page suit la langue demandée, que l'appareil retient ; le verdict se lit dans les deux, et l'adresse n'est pas répétée."""
        self.env["res.lang"]._activate_lang("ar_001")
        for adresse, entetes in (("/cnas/verifier/x?langue=ar_001", {}), ("/cnas/verifier/x", {"Accept-Language": "fr"})):  # l'appareil s'en souvient
            page = self.url_open(adresse, headers=entetes).text
            self.assertIn('<html lang="ar" dir="rtl">', page)
            self.assertLess(page.index("شهادة غير معروفة"), page.index("Attestation inconnue"))
            self.assertIn('href="?langue=fr_FR"', page)

    # ------------------------------------------------------------------ hors ligne
    def test_cle_publique_et_liste_des_cartes_revoquees(self):
        carte = self._carte("active")
        texte, empreinte = carte.qr_texte, carte.qr_empreinte
        publie = json.loads(self.url_open("/cnas/cle-publique").text)
        message, _separateur, signature = texte.rpartition("|")
        cle = base64.b64decode(publie["cles"][0]["cle"])
        self.assertTrue(outil.signature_juste(cle, message.encode(), outil.octets_base64url(signature)))
        self.assertNotIn("PRIVATE", self.url_open("/cnas/cle-publique").text)
        self.assertTrue(self.url_open("/cnas/cle-publique.pem").text.startswith("-----BEGIN PUBLIC KEY-----"))
        self.assertNotIn(empreinte, self.url_open("/cnas/cartes-revoquees").text)
        carte.action_declarer_perte("Perdue")
        liste = self.url_open("/cnas/cartes-revoquees").text
        self.assertIn(empreinte, liste)
        for secret in (carte.numero, self.assure.matricule):
            self.assertNotIn(secret, liste)

    # ------------------------------------------------------------------ PDF connectés
    def test_pdf_reserves_aux_usagers_connectes(self):
        attestation, carte = self._attestation(), self._carte("produite")
        adresses = (f"/cnas/attestations/{attestation.id}", f"/cnas/cartes/cartes/{carte.id}",
                    f"/cnas/famille/{self.assure.id}")
        for adresse in adresses:
            self.assertIn("/web/login", self.url_open(adresse).url)
        self.authenticate("doc_agent", "doc_agent")
        for adresse in adresses:
            reponse = self.url_open(adresse)
            self.assertEqual((reponse.status_code, reponse.content[:4]), (200, b"%PDF"))
        for adresse, code in (("/cnas/attestations/0", 404), ("/cnas/attestations/abc", 404), ("/cnas/attestations/1,,2", 404),
                              ("/cnas/attestations/999999999", 404), (f"/cnas/cartes/affiche/{carte.id}", 400)):
            self.assertEqual(self.url_open(adresse).status_code, code, adresse)
        self.authenticate("doc_portail_formation", "doc_portail_formation")
        for adresse in adresses:
            self.assertEqual(self.url_open(adresse).status_code, 403, adresse)
