import base64
import io

import openpyxl

from odoo import Command
from odoo.exceptions import UserError
from odoo.http import Request
from odoo.tests import new_test_user, tagged

from odoo.addons.cnas_base.lecture import nom_de_colonne
from odoo.addons.cnas_base.tests.common import HttpCase

from ..models.employeur import SORTE_ATTESTATION
from .commun import CasCotisations


@tagged("post_install", "-at_install", "cnas")
class TestPortailCotisations(HttpCase, CasCotisations):
    """L'employeur lit ses appels, ses versements, ses papiers ; jamais ceux d'un autre. Le code d'un papier se vérifie sans compte."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        new_test_user(cls.env, "t_cot", password="employeur-essai-1", groups="cnas_base.group_portail_employeur",
                      employeur_ids=[Command.set(cls.employeur.ids)])
        voisin = cls.employeurs.create({"raison_sociale": "Minoterie Secrète", "type_employeur": "ong"})
        voisin.action_activer()
        new_test_user(cls.env, "t_cot2", password="employeur-essai-1", groups="cnas_base.group_portail_employeur",
                      employeur_ids=[Command.set(voisin.ids)])

    def test_espace(self):
        appel = self.valider()
        recu = self.encaisser(10_000, "VIR-P")
        self.authenticate("t_cot", "employeur-essai-1")
        page = self.url_open("/my/employeur/cotisations").text
        self.assertIn(appel.numero, page)
        self.assertIn("20\u00a0000", page)
        self.assertIn(appel.numero, self.url_open("/my/employeur/appels").text)
        self.assertIn("VIR-P", self.url_open("/my/employeur/versements").text)
        papiers = (f"/my/employeur/appels/{appel.id}/avis.pdf", f"/my/employeur/versements/{recu.id}/recu.pdf", "/my/employeur/situation.pdf")
        for adresse in papiers:
            self.assertTrue(self.url_open(adresse).content.startswith(b"%PDF"), adresse)
        self.authenticate("t_cot2", "employeur-essai-1")
        for adresse in papiers[:2]:
            self.assertFalse(self.url_open(adresse).content.startswith(b"%PDF"), adresse)
        self.assertNotIn(appel.numero, self.url_open("/my/employeur/appels").text)
        self.assertEqual(self.url_open(f"/cnas/cotisations/appel/{appel.id}/pdf").status_code, 404)

    def test_exclusions_a_l_ecran_et_au_classeur(self):
        """L'employeur dit lui-même ce qui n'entre pas dans l'assiette : à l'écran, dans le classeur, et son classeur le redit."""
        self.authenticate("t_cot", "employeur-essai-1")
        declaration = self._declaration(salaire=200_000)
        ligne, adresse = declaration.ligne_ids[0], f"/my/employeur/declarations/{declaration.id}"

        def envoyer(geste, fichiers=None, **champs):
            page = self.url_open(f"{adresse}/{geste}", data={"csrf_token": Request.csrf_token(self), **champs}, files=fichiers)
            self.env.invalidate_all()
            return page.text
        self.assertIn("Indemnité de transport", self.url_open(adresse).text)
        envoyer("enregistrer", **{f"salaire_{ligne.id}": "200000", f"en_plus_TRANSPORT_{ligne.id}": "80 000"})
        self.assertEqual((ligne.exclu, ligne.assiette), (50_000, 150_000))
        for faux in ("beaucoup", "200001"):
            texte = envoyer("enregistrer", **{f"salaire_{ligne.id}": "200000", f"en_plus_FRAIS_{ligne.id}": faux})
            self.assertIn('class="erreur"', texte, faux)
        self.assertEqual(ligne.exclu, 50_000)
        feuille = openpyxl.load_workbook(io.BytesIO(self.url_open(f"{adresse}/modele.xlsx").content)).active
        titres = [cellule.value for cellule in feuille[1]]
        self.assertEqual([rang[titres.index("Indemnité de transport")].value for rang in feuille.iter_rows(2)], [80_000, None, None])
        classeur = f"Matricule;Salaire;Remboursement de frais professionnels\n{self.assures[0].matricule};100000;30000\n".encode()
        envoyer("importer", {"classeur": ("d.csv", classeur, "text/csv")})
        self.assertEqual((declaration.ligne_ids.exclu, declaration.ligne_ids.assiette), (30_000, 70_000))
        self.env["cnas.exclusion_assiette"].search([("code", "=", "FRAIS")])._ecrire({"date_debut": "2026-10-01"})
        self.assertIn("ne se déclare pas en septembre 2026", envoyer("importer", {"classeur": ("d.csv", classeur, "text/csv")}))
        self.assertEqual(declaration.ligne_ids.exclu, 30_000)
        self.assertIn("Remboursement de frais professionnels", self.url_open(adresse).text, "déclaré puis fermé, il compte encore : il se montre")

    def test_exclusions_dans_le_classeur_de_l_agent(self):
        """Le même classeur, importé par l'agent : l'élément est lu, et ce qui diffère se dit."""
        declaration = self._declaration(assures=self.assures[0])
        for transport, exclu in ((20_000, 20_000), (60_000, 50_000)):
            recu = self.env["cnas.import_fichier"].with_user(self.agent).create({
                "sujet": "declaration", "nom_fichier": "d.csv", "declaration_id": declaration.id, "fichier": base64.b64encode(
                    f"Matricule;Salaire;Indemnité de transport\n{self.assures[0].matricule};200000;{transport}\n".encode())})
            recu.action_controler()
            self.assertEqual((recu.nombre_refus, recu.ligne_ids.state), (0, "correction"), recu.ligne_ids.message)
            declaration._remplacer_lignes(recu.sudo().ligne_ids.donnees["lignes"])
            self.assertEqual((declaration.ligne_ids.exclu, declaration.ligne_ids.assiette), (exclu, 200_000 - exclu))
        element = self.env["cnas.exclusion_assiette"].search([("code", "=", "TRANSPORT")])
        admis = declaration.ligne_ids._colonnes_en_plus()["en_plus_TRANSPORT"]
        for langue, _nom in self.env["res.lang"].get_installed():
            self.assertIn(nom_de_colonne(element.with_context(lang=langue).name), admis, langue)
        element._ecrire({"date_debut": "2026-10-01"})
        with self.assertRaisesRegex(UserError, "ne s'exclut pas"), self.env.cr.savepoint():
            declaration._remplacer_lignes(recu.sudo().ligne_ids.donnees["lignes"])

    def test_verifier(self):
        recu = self.encaisser(10_000, "VIR-Q")
        situation = self.employeur.sudo()._jeton_situation(self.employeur._situation_cotisations(), SORTE_ATTESTATION)
        declarations = self.employeur.sudo()._jeton_situation(self.employeur._situation())
        for jeton, dit in ((f"papier/{recu.sudo()._jeton_papier('rc')}", recu.numero), (f"employeur/{situation}", "à jour de ses cotisations"),
                           (f"employeur/{declarations}", "à jour de ses déclarations")):
            page = self.url_open(f"/cnas/verifier/{jeton}")
            self.assertEqual(page.status_code, 200)
            self.assertIn(dit, page.text)
        for faux in ("papier/x", f"papier/rc-{recu.id}-AAAA", f"employeur/{situation}x", "employeur/é.é.é.é"):
            self.assertEqual(self.url_open(f"/cnas/verifier/{faux}").status_code, 404, faux)
