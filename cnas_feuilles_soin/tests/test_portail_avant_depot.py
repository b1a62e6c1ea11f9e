import io
from unittest.mock import patch

import openpyxl
import qrcode

from odoo import Command
from odoo.tests.common import tagged

from odoo.addons.cnas_base.tests.common import octets, page_numerisee, pdf

from .commun_portail import CommunPortail, photo


@tagged("post_install", "-at_install", "cnas")
class TestAvantDepot(CommunPortail):
    """Ce que la caisse sait déjà se dit avant l'envoi ; la recherche montre tarif et interdits ; le QR se lit au serveur."""

    def champs(self, **autres):
        return {
            "reference": "V-1", "formation": "T-CS-01", "matricule": self.assure.matricule,
            "date_soins": "2026-11-10", "pathologie": "X98.8", "type_soins": "ambulatoire", "prestation": "T-ACT-1",
            "quantite": "1", "prix_unitaire": "1500", **autres}

    def juger(self, **autres):
        avant = self.feuilles.search_count([])
        juge = self.lire_json("/my/formation/feuilles/verifier", **self.champs(**autres))
        self.assertEqual(self.feuilles.search_count([]), avant, "vérifier n'écrit rien")
        return juge

    def feuille_de(self, reference):
        return self.feuilles.search([("reference", "=", reference)])

    def codes(self, **autres):
        return {constat["code"] for constat in self.juger(**autres)["constats"]}

    def test_ce_que_la_caisse_sait_deja(self):
        self.assertEqual(self.juger()["constats"], [])
        self.assertEqual(self.juger()["etat"], "validee")
        ferme = self.creer_assure("Ferme", "1990-01-01", ouvert=False)
        self.assertIn("DRT-02", self.codes(matricule=ferme.matricule))
        self.assertIn("REC-06", self.codes(date_fin_soins="2026-11-01"))
        juge = self.juger(prix_unitaire="2000")
        self.assertEqual([(c["code"], c["ligne"]) for c in juge["constats"]], [("TAR-01", 1)])
        self.assertEqual((juge["depassement"], juge["part"] + juge["ticket"]), (500, 1500))
        self.acte.prestation_id.niveau_min = 4
        self.assertIn("FOR-03", self.codes())
        self.acte.prestation_id.niveau_min = 1
        deja = self.deposee("R-1")
        deja._controler()
        self.assertIn("DBL-01", self.codes())
        self.assertTrue(self.juger(matricule="TD000")["erreurs"])

    def test_piece_exigee_et_jointe(self):
        self.env.ref("cnas_feuilles_soin.piece_exigee_ordonnance_tiers_payant").active = True
        medicament = {"prestation": "T-MED-1", "prix_unitaire": "200"}
        self.assertIn("REC-03", self.codes(**medicament))
        self.assertNotIn("REC-03", self.codes(**medicament, piece_jointe="ORDONNANCE"))

    def test_sans_script_le_second_envoi_depose(self):
        adresse, saisie = "/my/formation/feuilles/nouvelle", self.champs(controle="1", prix_unitaire="2000")
        page = self.poster(adresse, **saisie)
        self.assertIn("ce que la caisse sait déjà", page.text)
        self.assertFalse(self.feuille_de("V-1"))
        self.poster(adresse, **saisie, malgre="1")
        self.assertEqual(self.feuille_de("V-1").state, "deposee")

    def test_sans_script_et_sans_constat_la_photo_part_avec_la_feuille(self):
        photo_jointe = ("ordonnance.jpg", octets(page_numerisee(), "JPEG"), "image/jpeg")
        page = self.poster("/my/formation/feuilles/nouvelle", {"fichiers_0": photo_jointe}, **self.champs(controle="1", type_piece="ORDONNANCE"))
        self.assertIn("message=deposee", page.url)
        self.assertTrue(self.feuille_de("V-1").piece_ids.attachment_id.file_size)

    def test_recherche_et_modele_de_classeur(self):
        self.acte.prestation_id.niveau_min = 4
        [trouve] = self.ouvrir("/my/formation/chercher/prestation?q=T-ACT-1").json()
        self.assertEqual(trouve["tarif"], 1500)
        self.assertIn("INTERDIT ICI", trouve["detail"])
        [trouve] = self.ouvrir("/my/formation/chercher/prestation?q=T-MED-1").json()
        self.assertEqual((trouve["tarif"], trouve["interdit"]), (200, ""))
        feuille = openpyxl.load_workbook(io.BytesIO(self.ouvrir("/my/formation/import/modele.xlsx").content)).active
        titres = [case.value for case in feuille[1]]
        rang = next(i for i, titre in enumerate(titres) if titre == "Prestation")
        codes = [ligne[rang].value for ligne in feuille.iter_rows(min_row=2) if ligne[rang].value]
        permises = {p["code"] for p in self.feuilles._prestations_pour(
            self.formation, self.env["cnas.prestation"].search([("code", "in", codes)])) if p["tarif"] and not p["interdit"]}
        self.assertTrue(codes)
        self.assertEqual(set(codes), permises, "le modèle ne montre que ce que la formation peut facturer")

    def test_qr_lu_au_serveur(self):
        carte = self.env["cnas.carte"].create({"assure_id": self.assure.id})
        carte.action_produire()

        def lire(contenu):
            return self.lire_json("/my/formation/qr", {"photo": ("qr.jpg", contenu, "image/jpeg")})

        self.assertEqual(lire(photo(carte.qr_texte))["texte"], carte.qr_texte)
        for contenu, phrase in ((octets(qrcode.make("x").get_image().convert("RGB").crop((0, 0, 40, 40)), "JPEG"), "Aucun QR"),
                                (pdf(), "ne s'ouvre pas"), (b"\xff\xd8\xff\xe0coupe", "ne s'ouvre pas"), (b"", "Choisissez")):
            self.assertIn(phrase, lire(contenu)["erreur"])
        with patch("odoo.addons.cnas_base.lecture.page.zxingcpp", None):
            self.assertIn("ne lit pas les photos", lire(photo("x"))["erreur"])
        faux = carte.qr_texte.rsplit("|", 1)[0] + "|" + "A" * 86
        page = self.poster("/my/formation/feuilles/nouvelle", **self.champs(matricule=faux))
        self.assertIn("pas été signé", page.text)
        self.assertFalse(self.feuille_de("V-1"))

    def test_qui_porte_la_carte(self):
        page = self.ouvrir(f"/my/formation/droits?matricule={self.assure.matricule}&date=2030-01-01").text
        for dit in ("Masculin", "ans", "le patient", "sous réserve"):
            self.assertIn(dit, page)
        self.assertNotIn("sous réserve", self.ouvrir(f"/my/formation/droits?matricule={self.assure.matricule}").text)

    def test_cloison(self):
        """Une autre formation ne juge rien au nom de celle-ci."""
        self.portail.formation_ids = [Command.set(self.autre_formation.ids)]
        self.env.registry.clear_cache()
        juge = self.juger()
        self.assertIn("n'est pas la vôtre", juge["erreurs"][0])
