from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..models.assure import recherche
from ..phonetique import cle_phonetique, proposer_latin, se_disent_pareil
from .commun_assures import CasAssure

# Ce qu'écrit l'arabe, et comme on l'écrit en latin au Tchad ; hamza, tashkil, allongement, ZWNJ, formes de présentation compris.
NOMS = (
    ("محمد صالح", "Mahamat Saleh"), ("عبد القادر", "Abdelkader"), ("عبدالقادر", "Abdelkader"), ("عبد\u200cالقادر", "Abdelkader"),
    ("حواء آدم", "Haoua Adam"), ("إدريس ديبي", "Idriss Deby"), ("فاطمة الزهراء", "Fatima Zahra"), ("فَاطِمَة", "Fatimé"), ("خديجة", "Khadidja"),
    ("عثمان", "Ousmane"), ("يعقوب", "Yacoub"), ("موسى", "Moussa"), ("زينب", "Zenab"), ("أبكر", "Abakar"), ("عيسى", "Issa"), ("محمود", "Mahmoud"),
    ("أحمد", "Ahmat"), ("علي", "Ali"), ("حسن", "Hassan"), ("حسين", "Hissein"), ("إبراهيم", "Ibrahim"), ("إسماعيل", "Ismael"), ("يوسف", "Youssouf"),
    ("عمر", "Oumar"), ("أبو بكر", "Aboubakar"), ("عائشة", "Aïcha"), ("مريم", "Mariam"), ("آمنة", "Amina"), ("حليمة", "Halima"), ("زهراء", "Zara"),
    ("سعاد", "Souad"), ("خميس", "Khamis"), ("جبريل", "Djibrine"), ("هارون", "Haroun"), ("داود", "Daoud"), ("سليمان", "Souleymane"), ("نوح", "Nouh"),
    ("عبد الله", "Abdallah"), ("عبد الرحمن", "Abderahman"), ("عبد الكريم", "Abdelkerim"), ("عبد الرحيم", "Abderahim"), ("عبد العزيز", "Abdelaziz"),
    ("بشير", "Bachir"), ("مصطفى", "Moustapha"), ("طاهر", "Tahir"), ("التجاني", "Tidjani"), ("بركة", "Barka"), ("كلثوم", "Kaltouma"),
    ("سعيد", "Saïd"), ("صديق", "Siddick"), ("نصر الدين", "Nassradine"), ("خالد", "Khalid"), ("جميلة", "Djamila"), ("ياسين", "Yassine"),
    ("رمضان", "Ramadan"), ("هاشم", "Hachim"), ("قمر", "Gamar"), ("حامد", "Hamid"), ("زكريا", "Zakaria"), ("يحيى", "Yahya"), ("إلياس", "Elias"),
    ("مختار", "Moctar"), ("شريف", "Cherif"), ("محمّد", "Mahamat"), ("محمـد", "Mahamat"), ("\ufefb\ufee3\ufef4\ufee6", "Lamine"), ("النور", "Nour"),
    ("رقية", "Roukaya"), ("مكي", "Makki"), ("عبد الواحد", "Abdelwahid"))


@tagged("post_install", "-at_install", "cnas")
class TestRecherche(CasAssure):
    """Un nom se retrouve à l'oreille, après ce qui s'écrit comme on l'a cherché (cas T18)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mahamat = cls.creer_actif(nom="Mahamat", prenom="Saleh Zoumtaba")
        cls.haoua = cls.creer_actif(nom="Adam", prenom="Haoua Zoumtaba", genre="feminin")
        cls.youssouf = cls.creer_actif(nom="Youssouf", prenom="Zoumtaba")
        cls.khadidja = cls.creer_actif(nom="Khadidja", prenom="Zoumtaba", genre="feminin")

    def liste(self, texte):
        return self.Assure.search([("recherche", "ilike", texte)])

    def proposes(self, texte, **options):
        return [ident for ident, _nom in self.Assure.name_search(texte, **options)]

    def test_terrain_11_graphies_proches(self):
        for texte, attendu in (
            ("mohamed saleh zoumtaba", self.mahamat), ("Muhammad Salih Zoumtaba", self.mahamat),
            ("Hawa Adam zumtaba", self.haoua), ("Yusuf Zoumtaba", self.youssouf), ("Khadija Zoumtaba", self.khadidja),
            ("محمد صالح زومتابا", self.mahamat), ("حواء آدم زومتابا", self.haoua),
            ("خديجة زومتابا", self.khadidja), ("يوسف زومتابا", self.youssouf),
        ):
            with self.subTest(texte):
                self.assertEqual(self.liste(texte), attendu)
                self.assertEqual(self.proposes(texte), attendu.ids)
                # Le bénéficiaire d'une feuille, un filtre sur l'assuré : le même chemin.
                self.assertIn(attendu, self.env["cnas.droit"].search([("assure_id", "ilike", texte)]).assure_id)

    def test_les_noms_courants_en_arabe(self):
        """Chacun mène de l'arabe au latin et du latin à l'arabe ; un nom ainsi écrit se retrouve, et se propose en latin."""
        for arabe, latin in NOMS:
            with self.subTest(latin):
                self.assertTrue(se_disent_pareil(arabe, latin))
                self.assertTrue(se_disent_pareil(latin, arabe))
                self.assertEqual(cle_phonetique(arabe), cle_phonetique(latin))
        self.assertEqual(proposer_latin("محمد عبد القادر"), "Mahamat Abdelkader")

    def test_le_nom_en_arabe_de_la_fiche(self):
        """Le nom arabe d'une fiche mène à elle, même s'il ne se dit pas comme le latin ; un matricule aussi, en chiffres arabes."""
        autre = self.creer_actif(nom="Ngarta", prenom="Zoumtaba", nom_ar="عبد القادر", prenom_ar="زومتابا")
        self.assertFalse(self.mahamat.cle_arabe)
        for texte in ("عبد القادر زومتابا", "Abdelkader Zoumtaba", autre.matricule.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))):
            with self.subTest(texte):
                self.assertEqual(self.liste(texte), autre)
                self.assertEqual(self.proposes(texte), autre.ids)
        autre._ecrire({"nom_ar": False, "prenom_ar": False})
        self.assertFalse(autre.cle_arabe)

    def test_terrain_11_les_exactes_d_abord(self):
        exact = self.creer_actif(nom="Zoumtaba", prenom="Mohamed Saleh")
        self.assertEqual(self.liste("mohamed saleh zoumtaba").ids, [exact.id, self.mahamat.id])
        self.assertEqual(self.proposes("mohamed saleh zoumtaba"), [exact.id, self.mahamat.id])
        self.assertEqual(self.proposes("mohamed saleh zoumtaba", limit=1), exact.ids)
        self.assertEqual(self.liste("mohamed zoumtaba")[:1], exact)

    def test_plus_de_noms_que_d_identifiants(self):
        """Vu sur un million de noms : deux mots que portent plus de 3 000 personnes plantaient la liste et le champ."""
        for borne in (0, 1):
            with self.subTest(borne), patch.object(recherche, "IDENTIFIANTS_MAX", borne):
                self.assertIn(self.mahamat, self.liste("mahamat zoumtaba"))
                self.assertIn(self.mahamat.id, self.proposes("mahamat zoumtaba", limit=8))
                self.assertIn(self.mahamat.id, self.proposes("mahamat zoumtaba", limit=None))
                self.assertIn(self.mahamat, self.liste("hama umta"), "au milieu des mots aussi")
                self.assertIn(self.mahamat, self.Assure.search([("name", "!=", False), ("recherche", "ilike", "mahamat zoumtaba")]))

    def test_qui_commence_ainsi_se_propose_d_abord(self):
        """Assez de noms qui commencent par les mots tapés : les autres ne se lisent pas ; le domaine et l'archivage comptent."""
        debuts = self.Assure.browse()
        for rang in range(4):
            debuts |= self.creer_actif(nom="Zoumtaba", prenom=f"Mahâmat {'abcd'[rang] * 4}")
        ailleurs = self.creer_actif(nom="Bichara", prenom="Zoumtaba Mahamat")
        for texte in ("zoumtaba mahamat", "mahamat zoumtaba", "ZOUMTABA  MAHÂMA"):
            self.assertEqual(set(self.proposes(texte, limit=4)), set(debuts.ids), texte)
            self.assertIn(ailleurs.id, self.proposes(texte, limit=8))
        debuts[0]._ecrire({"active": False})
        self.assertNotIn(debuts[0].id, self.proposes("zoumtaba mahamat", limit=4))
        ids = [ident for ident, _nom in self.Assure.name_search("zoumtaba mahamat", [("prenom", "ilike", "dddd")], limit=1)]
        self.assertEqual(ids, debuts[3].ids)
        for piege in ("% %", "_ _", "zoum\\ maha", "zoumtaba %dddd"):
            self.assertEqual(self.Assure._commencant_par(piege), [], piege)

    def test_mots_courants_ou_rares(self):
        """Les statistiques de la base ne choisissent que le chemin : un début de mot prime toujours ses morceaux."""
        milieu = self.creer_actif(nom="Alzoumtaba", prenom="Ousaleh")
        cas = {"saleh zoum": self.mahamat, "oum saleh": self.mahamat + milieu, "saleh alzoumta": milieu, "saleh oumtaba": self.mahamat + milieu, "zoumtaba absent": self.Assure}
        for courants in ((), ("saleh",), ("saleh", "zoumtaba", "oum")):
            for texte, attendus in cas.items():
                with self.subTest(texte, courants=courants), patch.object(recherche.AssureRecherche, "_mots_courants", lambda _soi, c=courants: c):
                    self.assertEqual(self.liste(texte), attendus.sorted())
                    self.assertEqual(set(self.proposes(texte)), set(attendus.ids))
        self.assertIsInstance(self.Assure._mots_courants(), tuple)

    def test_le_tri_choisi_par_l_usager_reste_le_sien(self):
        exact = self.creer_actif(nom="Zoumtaba", prenom="Mohamed Saleh")
        recherche = [("recherche", "ilike", "mohamed saleh zoumtaba")]
        self.assertEqual(self.Assure.search(recherche, order="id").ids, [self.mahamat.id, exact.id])

    def test_les_filtres_et_les_pages_tiennent(self):
        recherche = [("recherche", "ilike", "mohamed saleh zoumtaba")]
        self.assertFalse(self.Assure.search([*recherche, ("genre", "=", "feminin")]))
        self.assertEqual(self.proposes("mohamed saleh zoumtaba", args=[("genre", "=", "feminin")]), [])
        self.assertEqual(self.Assure.search_count(recherche), 1)
        self.assertEqual(self.Assure.search(["|", ("matricule", "=", self.haoua.matricule), *recherche]), self.haoua | self.mahamat)
        pages = [self.Assure.search([("recherche", "ilike", "zoumtaba")], limit=1, offset=rang) for rang in range(4)]
        self.assertEqual(len(self.Assure.concat(*pages)), 4)

    def test_ni_un_numero_ni_deux_lettres_ne_se_disent(self):
        self.assertFalse(self.liste("mohamed saleh 12 zoumtaba"))
        self.assertFalse(self.Assure._squelettes("al"))
        self.assertNotIn(self.mahamat, self.liste("mohamed inconnu zoumtaba"))
        with self.assertRaises(UserError):
            self.Assure.search([("recherche", "in", ["mohamed"])])

    def test_un_squelette_de_deux_signes_garde_sa_voyelle(self):
        elie = self.creer_actif(nom="Zoumtaba", prenom="Élie")
        ali = self.creer_actif(nom="Zoumtaba", prenom="Aly")
        self.assertEqual(self.liste("elie zoumtaba"), elie)
        self.assertEqual(self.liste("Ali Zoumtaba"), ali)
        self.assertEqual(self.liste("علي زومتابا"), ali)

    def test_requetes_constantes(self):
        """Chercher coûte autant qu'il y ait une graphie proche ou vingt."""
        self.proposes("mohamed saleh zoumtaba")  # droits et règles d'accès : lus une fois
        un = self.requetes(lambda: self.proposes("mohamed saleh zoumtaba"))
        page = self.requetes(lambda: self.liste("mohamed saleh zoumtaba").ids)
        for rang in range(20):
            self.creer_actif(nom="Mahamat", prenom=f"Saleh Zoumtaba {'abcdefghijklmnopqrst'[rang] * 3}")
        self.assertEqual(self.requetes(lambda: self.proposes("mohamed saleh zoumtaba")), un)
        self.assertEqual(self.requetes(lambda: self.liste("mohamed saleh zoumtaba").ids), page)

    def test_index(self):
        self.cr.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'cnas_assure_squelettes_idx'")
        self.assertIn("USING gin (string_to_array", self.cr.fetchone()[0])

    def test_un_nom_enregistre_en_arabe_se_trouve_en_lettres_latines(self):
        assure = self.creer_actif(nom="زومتابا", prenom="عبد القادر")
        self.assertEqual(assure.nom_phonetique, cle_phonetique("Abdelkader Zoumtaba"))
        self.assertEqual(self.proposes("abdelkader zoumtaba"), assure.ids)

    def test_l_arabe_ne_lit_pas_toute_la_table(self):
        """Vu sur un million de noms : cinq secondes. L'oreille y mène ; écrit pareil d'abord, un morceau de mot se trouve encore."""
        latin, arabe = self.creer_actif(nom="Zoumtaba", prenom="Abdelkader"), self.creer_actif(nom="زومتابا", prenom="عبد القادر")
        domaine = self.Assure._domaine_exact("عبد القادر زومتابا")
        self.assertEqual(domaine, [("id", "in", arabe.ids)])
        self.assertEqual(self.proposes("عبد القادر زومتابا", limit=8), [arabe.id, latin.id])
        self.assertEqual(self.liste("عبد القادر زومتابا"), arabe | latin)
        self.assertEqual(self.liste("زومت"), arabe)
