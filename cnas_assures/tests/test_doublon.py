from datetime import date

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from ..phonetique import cle_phonetique, ressemblance
from .commun_assures import CasAssure


@tagged("post_install", "-at_install", "cnas")
class TestNoms(CasAssure):
    """Graphies, accents, ordre."""

    def test_graphies_proches(self):
        for a, b in (
            ("Mahamat", "Mohamed"), ("Mahamat", "Mouhamad"), ("Fatimé", "Fatima"), ("Fatimé", "Fatouma"),
            ("Ahmat", "Ahmed"), ("Hassan", "Hassane"), ("Ibrahim", "Brahim"), ("Youssouf", "Yusuf"),
            ("Khadidja", "Kadidja"), ("Zénaba", "Zenab"), ("Djibrine", "Djibril"), ("Oumar", "Omar"),
            ("Abdoulaye", "Abdulaye"), ("Achta", "Ashta"), ("Hawa", "Haoua"), ("Mahamat Saleh", "SALEH mohamed"),
        ):
            with self.subTest(a=a, b=b):
                self.assertEqual(cle_phonetique(a), cle_phonetique(b))
                self.assertGreaterEqual(ressemblance(a, b), 0.9)

    def test_noms_differents(self):
        for a, b in (("Mahamat Saleh", "Idriss Déby"), ("Fatimé Adoum", "Kaltouma Abakar"), ("Ali", "Abdelkerim")):
            with self.subTest(a=a, b=b):
                self.assertNotEqual(cle_phonetique(a), cle_phonetique(b))
                self.assertLess(ressemblance(a, b), 0.5)

    def test_textes_pauvres(self):
        self.assertEqual(ressemblance("", "Ali"), 0.0)
        self.assertEqual(cle_phonetique("", False), "")
        self.assertTrue(cle_phonetique("N'Garta"))


@tagged("post_install", "-at_install", "cnas")
class TestDoublons(CasAssure):
    """Recherche à la saisie, en lot, file d'examen."""

    def setUp(self):
        super().setUp()
        self.connu = self.creer_actif(
            nom="Mahamat", prenom="Saleh", date_naissance=date(1984, 5, 12), nom_mere="Fatimé Adoum",
            telephone_1="66123456", district_id=self.district.id)

    def trouver(self, **valeurs):
        return self.Assure.rechercher_doublons(
            {"nom": "Mohamed", "prenom": "Saleh", "genre": "masculin", **valeurs})

    def test_graphie_et_date(self):
        trouves = self.trouver(date_naissance="1984-05-12", nom_mere="Fatima Adoum")
        self.assertEqual(trouves[0]["id"], self.connu.id)
        self.assertEqual(set(trouves[0]), {"id", "matricule", "name", "score", "raisons"})
        self.assertGreaterEqual(trouves[0]["score"], 80)
        self.assertIn("date de naissance", " ".join(trouves[0]["raisons"]))

    def test_ordre_inverse_et_accents(self):
        self.assertEqual(self.Assure.rechercher_doublons(
            {"nom": "SALEH", "prenom": "Mahamat", "date_naissance": "1984-05-12"})[0]["id"], self.connu.id)

    def test_indices(self):
        base = self.trouver()[0]["score"]
        for valeurs, plus in (
            ({"date_naissance": "1984-05-12"}, True), ({"date_naissance": "1984-12-05"}, True),
            ({"date_naissance": "1985-07-01", "date_naissance_estimee": True}, True),
            ({"telephone_1": "66 12 34 56"}, True), ({"district_id": self.district.id}, True),
            ({"nom_mere": "Fatimé Adoum"}, True), ({"genre": "feminin"}, False),
        ):
            with self.subTest(valeurs):
                trouves = {d["id"]: d["score"] for d in self.trouver(**valeurs)}
                if plus:
                    self.assertGreater(trouves[self.connu.id], base)
                else:
                    self.assertLess(trouves.get(self.connu.id, 0), base)

    def test_homonyme_d_une_autre_generation(self):
        self.assertNotIn(self.connu.id, [d["id"] for d in self.trouver(date_naissance="2015-01-01")])

    def test_nni(self):
        avec = self.creer(nom="Tout", prenom="Autre", nni="NNI42")
        self.assertEqual(self.Assure.rechercher_doublons({"nni": "nni 42"})[0],
                         {"id": avec.id, "matricule": avec.matricule, "name": "Tout Autre", "score": 100,
                          "raisons": ["Même NNI"]})

    def test_soi_meme_ecarte_et_tri(self):
        self.creer(nom="Mahamat", prenom="Saleh", date_naissance=date(1984, 5, 12))
        scores = [d["score"] for d in self.trouver(date_naissance="1984-05-12")]
        self.assertEqual(scores, sorted(scores, reverse=True))
        self.assertNotIn(self.connu.id, [d["id"] for d in self.trouver(id=self.connu.id)])

    def test_entrees_fausses(self):
        self.assertEqual(self.Assure.rechercher_doublons({}), [])
        for faux in ("Mahamat", None, []):
            with self.subTest(faux), self.assertRaises(UserError):
                self.Assure.rechercher_doublons(faux)
        for valeurs in ({"nom": 12}, {"nom": "\x00"}, {"nni": "\x00"}, {"telephone_1": "\x00"}, {"nom": "A" * 100_000},
                        {"nom": [], "prenom": {}}, {"nom": "Ali", "district_id": "x", "id": [], "genre": 3}):
            with self.subTest(str(valeurs)[:40]):
                self.assertIsInstance(self.Assure.rechercher_doublons(valeurs), list)
        with self.assertRaises(UserError):
            self.trouver(date_naissance="12/05/1984")
        with self.assertRaises(AccessError):
            self.Assure.with_user(self.usagers["finance"]).rechercher_doublons({"nom": "Mahamat"})

    def test_bandeau_a_la_saisie(self):
        formulaire = Form(self.Assure)
        formulaire.nom, formulaire.prenom = "Mouhamad", "Saleh"
        formulaire.date_naissance = date(1984, 5, 12)
        self.assertIn(self.connu.matricule, formulaire.doublons_html)
        formulaire.nom, formulaire.prenom = "Ngarta", "Tombalbaye"
        self.assertFalse(formulaire.doublons_html)

    def test_le_bandeau_dit_combien_il_en_cache(self):
        for jour in range(1, 8):
            self.creer(nom="Ngarta", prenom="Tombalbaye", date_naissance=date(1984, 5, jour))
        saisie = self.creer(nom="Ngarta", prenom="Tombalbaye", date_naissance=date(1984, 5, 9))
        self.assertIn("… et 2 autres", saisie.doublons_html)

    def test_en_lot(self):
        double = self.creer(nom="Mohamed", prenom="Saleh", date_naissance=date(1984, 5, 12), nom_mere="Fatima Adoum")
        self.creer(nom="Ngarta", prenom="Tombalbaye")
        self.env["cnas.assure"].with_user(self.superviseur).action_detecter_doublons()
        paire = self.env["cnas.doublon"].search(
            [("assure_1_id", "=", self.connu.id), ("assure_2_id", "=", double.id)])
        self.assertEqual(len(paire), 1)
        self.assertGreaterEqual(paire.score, 65)
        self.assertTrue(paire.raisons)
        self.assertEqual(double.nombre_doublons, 1)
        paire.with_user(self.agent).action_ecarter("Cousins")
        (self.connu | double).sudo()._detecter_doublons()
        self.assertEqual(paire.state, "ecarte")
        self.assertEqual(self.env["cnas.doublon"].search_count(
            [("assure_1_id", "=", self.connu.id), ("assure_2_id", "=", double.id)]), 1)
        with self.assertRaises(AccessError):
            self.Assure.action_detecter_doublons()

    def test_le_menu_demande_avant_de_chercher(self):
        action = self.env["ir.actions.actions"]._for_xml_id("cnas_assures.recherche_doublons_action")
        lots = self.env["cnas.lot"].search_count([])
        assistant = self.env[action["res_model"]].with_user(self.superviseur).create({})
        self.assertEqual(assistant.nombre, self.Assure.sudo().search_count([]))
        self.assertEqual(self.env["cnas.lot"].search_count([]), lots)
        self.assertEqual(assistant.action_lancer()["res_model"], "cnas.lot")

    def test_paire_signalee_a_la_main(self):
        autre = self.creer(nom="Autre")
        action = (self.connu | autre).with_user(self.agent).action_comparer_deux()
        paire = self.env["cnas.doublon"].browse(action["res_id"])
        self.assertLess(paire.assure_1_id.id, paire.assure_2_id.id)
        self.assertIn(self.connu.matricule, paire.comparaison)
        with self.assertRaises(UserError):
            self.connu.action_comparer_deux()
        with self.assertRaises(UserError):
            paire.write({"state": "fusionne"})
        self.assertEqual(paire.action_ecarter()["res_model"], "cnas.motif.wizard")
