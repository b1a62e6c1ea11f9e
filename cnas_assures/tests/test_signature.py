import base64
import os
import stat
import tempfile
from unittest.mock import patch

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from odoo.exceptions import AccessError, UserError
from odoo.models import check_method_name
from odoo.tests import tagged
from odoo.tools import config, file_path

from .. import cle_signature as outil
from ..models import signature as modele
from .commun_documents import CasDocuments


@tagged("post_install", "-at_install", "cnas")
class TestSignature(CasDocuments):

    def test_qr_signe_et_relu(self):
        carte = self._carte("active")
        reponse = self.env["cnas.carte"].with_user(self.agent).verifier_qr(carte.qr_texte)
        self.assertTrue(reponse["valide"])
        self.assertEqual(reponse["matricule"], self.assure.matricule)
        self.assertEqual(reponse["numero"], carte.numero)

    def test_qr_sans_donnee_de_sante(self):
        carte = self._carte("produite")
        parts = carte.qr_texte.split("|")
        self.assertEqual(parts[:4], ["1", self.assure.matricule, carte.numero, str(carte.date_expiration)])
        self.assertEqual(len(parts), 5)

    def test_falsifications_refusees(self):
        texte = self._carte("active").qr_texte
        version, matricule, numero, expiration, signature = texte.split("|")
        autre_cle = outil.base64url(Ed25519PrivateKey.generate().sign(texte.rpartition("|")[0].encode()))
        faux = [
            f"{version}|{matricule[:-1]}{(int(matricule[-1]) + 1) % 10}|{numero}|{expiration}|{signature}",
            f"{version}|{matricule}|{numero}|2099-12-31|{signature}",
            f"{version}|{matricule}|{numero}|{expiration}|{autre_cle}",
            f"{version}|{matricule}|{numero}|{expiration}|",
            f"{version}|{matricule}|{numero}|{expiration}|{'A' * 86}",
            f"{texte} ", texte[:-1], "", "||||", "1|2|3|4|5|6", "x" * 100_000, None, 12, ["1"],
            f"{version}|{matricule}|{numero}|{expiration}|é{signature[1:]}",
            "1|'; DROP TABLE cnas_carte; --|x|2099-01-01|AAAA",
        ]
        for cas in faux:
            with self.subTest(cas=str(cas)[:60]):
                reponse = self.env["cnas.carte"].with_user(self.agent).verifier_qr(cas)
                self.assertEqual((reponse["valide"], reponse["matricule"]), (False, False))

    def test_carte_perdue_dite_meme_si_la_signature_est_juste(self):
        carte = self._carte("active")
        carte.action_declarer_perte("Perdue")
        reponse = carte.verifier_qr(carte.qr_texte)
        self.assertFalse(reponse["valide"])
        self.assertIn("perdue", reponse["motif"])
        self.assertIn(carte.qr_empreinte, self.env["cnas.carte"]._empreintes_revoquees(10_000))

    def test_verifier_droits_par_le_qr(self):
        carte = self._carte("active")
        verifier = self.env["cnas.assure"].with_user(self.usagers["portail_formation"]).verifier_droits
        reponse = verifier(carte.qr_texte)
        self.assertEqual((reponse["trouve"], reponse["etat_droits"], reponse["matricule"]),
                         (True, "ouverts", self.assure.matricule))
        self.assertTrue(verifier(carte.numero)["trouve"])
        faux = verifier(carte.qr_texte[:-3] + "AAA")
        self.assertEqual((faux["trouve"], faux["etat_droits"]), (False, "fermes"))
        carte.action_declarer_perte("Perdue")
        perdue = verifier(carte.qr_texte)
        self.assertFalse(perdue["trouve"])
        self.assertIn("perdue", perdue["motif"])

    def test_verifier_qr_exige_un_role(self):
        texte = self._carte("active").qr_texte
        self.assertTrue(self.env["cnas.carte"].with_user(self.usagers["portail_formation"]).verifier_qr(texte)["valide"])
        sans_role = self.env["res.users"].create({"name": "Sans rôle", "login": "sans_role_qr"})
        with self.assertRaises(AccessError):
            self.env["cnas.carte"].with_user(sans_role).verifier_qr(texte)

    def test_la_procedure_documentee_verifie_hors_ligne(self):
        """Le code de readme/VERIFICATION.md, tel quel, accepte la carte et refuse la falsifiée et la révoquée."""
        with open(file_path("cnas_assures/readme/VERIFICATION.md"), encoding="utf-8") as fichier:
            code = fichier.read().split("```python")[1].split("```")[0]
        espace = {}
        exec(compile(code, "VERIFICATION.md", "exec"), espace)  # pylint: disable=exec-used
        carte = self._carte("active")
        cle = self.env["cnas.signature"]._cle_publique_courante()[0]["cle"]
        verifier = espace["carte_authentique"]
        self.assertTrue(verifier(carte.qr_texte, cle, set(), "2026-11-21"))
        self.assertFalse(verifier(carte.qr_texte, cle, {carte.qr_empreinte}, "2026-11-21"))
        self.assertFalse(verifier(carte.qr_texte, cle, set(), "2040-01-01"))
        with self.assertRaises(InvalidSignature):
            verifier(carte.qr_texte.replace("|CS", "|CT"), cle, set(), "2026-11-21")

    # ------------------------------------------------------------------ clé
    def test_la_cle_privee_est_hors_de_portee_du_rpc(self):
        for methode in ("_cle_privee", "_signer", "_publier", "_verifier"):
            with self.assertRaises(AccessError):
                check_method_name(methode)
        cle = self.env["cnas.signature"]._cle_privee()
        secret = cle.private_bytes(
            serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption())
        parametres = self.env["ir.config_parameter"].search([]).mapped("value")
        self.assertFalse([v for v in parametres if base64.b64encode(secret).decode() in (v or "")])

    def test_fichier_cree_au_premier_besoin_en_0600(self):
        with tempfile.TemporaryDirectory() as dossier, patch.dict(config.options, {"data_dir": dossier}), \
                patch.dict(os.environ):
            os.environ.pop(outil.VARIABLE, None)
            premiere, seconde = outil.cle_privee("base_x"), outil.cle_privee("base_x")
            self.assertEqual(outil.octets_publics(premiere), outil.octets_publics(seconde))
            self.assertEqual(stat.S_IMODE(os.stat(outil.chemin_cle("base_x")).st_mode), 0o600)
            self.assertEqual(os.listdir(os.path.join(dossier, "cnas")), ["signature-base_x.pem"])
            with open(outil.chemin_cle("base_x"), "w") as fichier:
                fichier.write("abîmée")
            with self.assertRaisesRegex(UserError, "illisible"):
                outil.cle_privee("base_x")

    def test_variable_d_environnement(self):
        graine = bytes(range(32))
        attendue = outil.octets_publics(Ed25519PrivateKey.from_private_bytes(graine))
        with patch.dict(os.environ, {outil.VARIABLE: base64.b64encode(graine).decode()}):
            self.assertEqual(outil.octets_publics(outil.cle_privee("peu_importe")), attendue)
        for faux in ("pas du base64 !", base64.b64encode(b"court").decode(), "-----BEGIN PRIVATE KEY-----\nx"):
            with patch.dict(os.environ, {outil.VARIABLE: faux}), self.assertRaisesRegex(UserError, outil.VARIABLE):
                outil.cle_privee("peu_importe")

    def test_changer_de_cle_garde_les_anciennes_cartes_verifiables(self):
        texte = self._carte("active").qr_texte
        with patch.dict(modele._cles_privees, {self.env.cr.dbname: Ed25519PrivateKey.generate()}):
            nouvelle = self._carte("active", assure=self._assure(prenom="Nouvelle clé"))
            self.assertTrue(nouvelle.verifier_qr(texte)["valide"])
            self.assertTrue(nouvelle.verifier_qr(nouvelle.qr_texte)["valide"])
        self.assertEqual(len(self.env["cnas.signature"]._cles_publiques()), 2)
