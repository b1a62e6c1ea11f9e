import base64
import io
from datetime import date

from openpyxl import load_workbook

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.cnas_base.ecriture import ecrire_xlsx

from ..models.import_assures import COLONNES
from .commun_assures import CasAssure

ENTETES = "menage;nom;prenom;genre;date_naissance;annee_naissance;lien;district;telephone;nom_mere;nni;date_affiliation\n"
MENAGE = (
    "M1;Abakar;Moussa;M;12/05/1980;;chef;;66123456;Zara;;01/07/2025\n"
    "M1;Adoum;Fatimé;F;;1985;épouse;;;Achta;;\n"
    "M1;Abakar;Ali;inconnu;2018-03-01;;enfant;;;Fatimé;;\n"
    "M2;Hassan;Kaltouma;feminin;1975-01-01;;chef;;;Haoua;;\n"
)


@tagged("post_install", "-at_install", "cnas")
class TestImportAssures(CasAssure):
    """Contrôle à blanc, rapport ligne à ligne, import rejouable, une mauvaise ligne n'arrête rien."""

    def importer(self, texte, nom="menages.csv", **valeurs):
        contenu = texte if isinstance(texte, bytes) else (ENTETES + texte).encode()
        return self.env["cnas.import_assures"].with_user(self.superviseur).create({
            "name": "Essai", "fichier": base64.b64encode(contenu), "nom_fichier": nom,
            "regime_id": self.amed.id, "date_affiliation": "2025-07-01", **valeurs})

    def etats(self, import_):
        return {ligne.numero: (ligne.state, ligne.message or "") for ligne in import_.ligne_ids}

    def test_controle_a_blanc_n_ecrit_rien(self):
        avant = self.Assure.search_count([])
        import_ = self.importer(MENAGE)
        import_.action_controler()
        self.assertEqual(self.Assure.search_count([]), avant)
        etats = self.etats(import_)
        self.assertEqual([etats[n][0] for n in (2, 3, 4, 5)], ["bonne", "bonne", "erreur", "bonne"])
        self.assertIn("Genre", etats[4][1])
        self.assertEqual((import_.nombre_bonnes, import_.nombre_erreurs), (3, 1))

    def test_une_liste_en_arabe(self):
        """Titres, genres, liens, chiffres et dates en arabe ; le latin est proposé, et la ligne le dit ; l'illisible se refuse d'une phrase."""
        texte = ("رقم الأسرة;اللقب;الاسم;الجنس;تاريخ الميلاد;صلة القرابة;الهاتف\n"
                 "١;محمد;صالح;ذكر;١٢/٠٥/١٩٨٠;رب الأسرة;٦٦١٢٣٤٥٦\n"
                 "١;آدم;حواء;أنثى;1985;زوجة;\n"
                 "١;محمد;Ali;ذكر;2018/03/01;ابن;\n"
                 "١;محمد;عثمان;مجهول;2019/03/01;ابن;\n")
        import_ = self.importer(texte.encode())
        import_.action_controler()
        etats = self.etats(import_)
        self.assertEqual([etats[n][0] for n in (2, 3, 4, 5)], ["bonne", "bonne", "bonne", "erreur"])
        self.assertIn("« Mahamat » est proposé en latin", etats[2][1])
        self.assertIn("Genre illisible", etats[5][1])
        chef = import_.ligne_ids.filtered(lambda ligne: ligne.numero == 2)
        self.assertEqual({c: chef.donnees[c] for c in ("nom", "nom_ar", "prenom", "prenom_ar", "genre", "date_naissance")}, {
            "nom": "Mahamat", "nom_ar": "محمد", "prenom": "Saleh", "prenom_ar": "صالح", "genre": "masculin", "date_naissance": "1980-05-12"})
        import_.action_importer()
        assure = self.Assure.search([("nom_ar", "=", "محمد"), ("prenom", "=", "Saleh")])
        self.assertEqual((len(assure), assure.prenom_ar, assure.genre), (1, "صالح", "masculin"))

    def test_import_et_rejeu(self):
        texte = MENAGE.replace("inconnu", "M")
        import_ = self.importer(texte)
        import_.action_controler()
        import_.action_importer()
        self.assertEqual((import_.state, import_.nombre_crees), ("termine", 4))
        chef = self.Assure.search([("nom", "=", "Abakar"), ("prenom", "=", "Moussa"), ("nom_mere", "=", "Zara")])
        self.assertEqual((chef.state, chef.type_assure, chef.telephone_1, chef.date_affiliation),
                         ("actif", "principal", "+235 66 12 34 56", date(2025, 7, 1)))
        self.assertEqual(set(chef.ayant_droit_ids.mapped("lien")), {"conjoint", "enfant"})
        epouse = chef.ayant_droit_ids.filtered(lambda a: a.lien == "conjoint")
        self.assertTrue(epouse.date_naissance_estimee)
        self.assertEqual(self.verifier(epouse, "2025-07-01")["etat_droits"], "ouverts")
        avant = self.Assure.search_count([])
        rejeu = self.importer(texte)
        rejeu.action_controler()
        self.assertEqual(rejeu.nombre_deja, 4)
        with self.assertRaisesRegex(UserError, "Aucune ligne bonne"):
            rejeu.action_importer()
        import_.ligne_ids._importer()
        self.assertEqual(self.Assure.search_count([]), avant)

    def test_lignes_fausses(self):
        fausses = {
            "M1;;;M;1980-01-01;;chef;;;;;": "Nom manquant",
            "M1;Abakar;Moussa;M;2999-01-01;;chef;;;;;": "futur",
            "M1;Abakar;Moussa;M;31/02/1980;;chef;;;;;": "illisible",
            "M1;Abakar;Moussa;M;;;chef;;;;;": "manquante",
            "M1;Abakar;Moussa;M;;abcd;chef;;;;;": "Année",
            "M1;Abakar;Moussa;M;1980-01-01;;cousin;;;;;": "Lien inconnu",
            "M1;Abakar;Moussa;M;1980-01-01;;chef;Atlantide;;;;": "District inconnu",
            "M1;Abakar;Moussa;M;1980-01-01;;enfant;;;;;": "Aucun chef",
            "M1;Abakar;Moussa;M;1980-01-01;;chef;;;;;2999-01-01": "futur",
            "M1;Abakar;Moussa;M;1930-01-01;;chef;;;;;1940-01-01": "trop ancienne",
        }
        for texte, attendu in fausses.items():
            with self.subTest(texte):
                import_ = self.importer(texte + "\n")
                import_.action_controler()
                self.assertEqual(import_.ligne_ids.state, "erreur")
                self.assertIn(attendu, import_.ligne_ids.message)

    def test_naissances_comme_on_les_ecrit(self):
        """Terrain 5 : « vers 1975 », 03/1975, « 2 mars 1975 », la série 27455 : lues, estimées quand il le faut."""
        cas = {"vers 1975": ("1975-07-01", True), "né vers 1975": ("1975-07-01", True), "1975": ("1975-07-01", True),
               "03/1975": ("1975-03-01", True), "2 mars 1975": ("1975-03-02", None), "1er janvier 1980": ("1980-01-01", None),
               "27455": ("1975-03-02", None)}
        import_ = self.importer("".join(
            f"M{rang};Nom;Prenom{chr(65 + rang)};M;{ecrite};;chef;;;;;\n" for rang, ecrite in enumerate(cas)))
        import_.action_controler()
        self.assertEqual(set(import_.ligne_ids.mapped("state")), {"bonne"})
        lues = [(ligne.donnees["date_naissance"], ligne.donnees.get("date_naissance_estimee"))
                for ligne in import_.ligne_ids.sorted("numero")]
        self.assertEqual(lues, list(cas.values()))

    def test_fichiers_comme_ils_arrivent(self):
        """Terrain 9 : titres humains, lignes de titre, UTF-16, `sep=;` : la même ligne, à son numéro dans le fichier."""
        texte = "N° ménage;Nom;Prénoms;Sexe;Date de naissance;Tél.;Lien de parenté\nM1;Abakar;Moussa;M;12/05/1980;66123456;chef\n"
        for contenu, numero in ((("Ménages d'Amra\nNovembre\n" + texte).encode(), 4), (("sep=;\n" + texte).encode(), 2),
                                (texte.replace(";", "\t").encode("utf-16"), 2)):
            import_ = self.importer(contenu)
            import_.action_controler()
            self.assertEqual(self.etats(import_), {numero: ("bonne", "")})
            self.assertEqual(import_.ligne_ids.donnees["telephone_1"], "+235 66 12 34 56")

    def test_repetitions_et_nni(self):
        self.creer(nni="PRIS1")
        ligne = "M1;Abakar;Moussa;M;1980-01-01;;chef;;;;;\n"
        import_ = self.importer(ligne + ligne + "M2;Ali;Zen;M;1980-01-01;;chef;;;;PRIS1;\n"
                                "M3;Ali;Zan;M;1980-01-01;;chef;;;;N1;\nM4;Ali;Zin;M;1980-01-01;;chef;;;;N1;\n"
                                "M5;Deux;Chefs;M;1980-01-01;;chef;;;;;\nM5;Deux;Chefz;M;1981-01-01;;chef;;;;;\n"
                                "M5;Deux;Fils;M;2015-01-01;;enfant;;;;;\n")
        import_.action_controler()
        etats = self.etats(import_)
        self.assertIn("Répète", etats[3][1])
        self.assertIn("NNI", etats[4][1])
        self.assertIn("Même NNI", etats[6][1])
        self.assertIn("Plusieurs chefs", etats[9][1])

    def test_une_ligne_que_la_base_refuse_n_arrete_pas_les_autres(self):
        """Un NNI pris entre le contrôle et l'import : sa ligne le dit, les autres se créent, rien à moitié."""
        import_ = self.importer("M1;Abakar;Moussa;M;1980-01-01;;chef;;;;PRIS9;\nM1;Abakar;Ali;M;2015-01-01;;enfant;;;;;\n"
                                "M2;Hassan;Kaltouma;F;1975-01-01;;chef;;;;;\n")
        import_.action_controler()
        self.creer(nni="PRIS9")
        with mute_logger("odoo.sql_db"):
            import_.action_importer()
        etats = self.etats(import_)
        self.assertEqual([etats[n][0] for n in (2, 3, 4)], ["erreur", "erreur", "creee"])
        self.assertIn("déjà celui d'un autre assuré", etats[2][1])
        self.assertIn("chef du ménage", etats[3][1])
        self.assertFalse(self.Assure.search([("nom", "=", "Abakar"), ("prenom", "in", ("Moussa", "Ali"))]))

    def test_ce_que_le_controle_a_lu_ne_change_plus_sans_lui(self):
        import_ = self.importer(MENAGE)
        import_.action_controler()
        import_.with_user(self.agent).regime_id = self.asi
        with self.assertRaisesRegex(UserError, "à l'état « Brouillon »"):
            import_.action_importer()
        import_.action_controler()
        import_.action_importer()
        with self.assertRaisesRegex(UserError, "ne se changent plus"):
            import_.regime_id = self.amed

    def test_xlsx_modele_et_rapport(self):
        action = self.importer("").action_telecharger_modele()
        piece = self.env["ir.attachment"].browse(int(action["url"].split("/")[3].split("?")[0]))
        import_ = self.importer(piece.raw, "modele.xlsx")
        import_.action_controler()
        self.assertEqual(import_.ligne_ids.mapped("state"), ["bonne"])
        piece = self.env["ir.attachment"].browse(
            int(import_.action_telecharger_rapport()["url"].split("/")[3].split("?")[0]))
        rapport = load_workbook(io.BytesIO(piece.raw)).active
        self.assertEqual(rapport["B2"].value, "À créer")

    def test_formules_gardees_comme_texte(self):
        contenu = ecrire_xlsx(COLONNES, [["M1", "=1+1 Abakar", "@Moussa", "M", "01/01/1980", "", "chef"]])
        import_ = self.importer(contenu, "piege.xlsx")
        import_.action_controler()
        self.assertIn(import_.ligne_ids.state, ("bonne", "erreur"))

    def test_fichiers_faux(self):
        for contenu, nom in ((b"", "vide.csv"), (b"\x00\x01", "x.xlsx"), (b"a;b\n1;2\n", "x.csv"), (b"x", "x.pdf"),
                             ((ENTETES).encode(), "entetes.csv")):
            with self.subTest(nom), self.assertRaises(UserError):
                self.importer(contenu or b" ", nom).action_controler()

    def test_roles(self):
        import_ = self.importer(MENAGE)
        with self.assertRaisesRegex(UserError, "à l'état « Brouillon »"):
            import_.action_importer()
        import_.with_user(self.agent).action_controler()
        with self.assertRaises(AccessError):
            import_.with_user(self.agent).action_importer()
        with self.assertRaises(UserError):
            import_.write({"state": "termine"})

    def test_requetes_par_ligne(self):
        def lot(prefixe, nombre):
            return "".join(f"{prefixe}{i};Nom;{prefixe} {chr(65 + i % 26)}{chr(65 + i // 26)};M;198{nombre % 8}-01-01;;chef;;;;;\n"
                           for i in range(nombre))

        comptes = []
        for prefixe, nombre in (("A", 5), ("B", 10), ("C", 100)):
            import_ = self.importer(lot(prefixe, nombre))
            import_.action_controler()
            self.env.flush_all()
            avant = self.cr.sql_log_count
            import_.action_importer()
            self.env.flush_all()
            comptes.append(self.cr.sql_log_count - avant)
            self.assertEqual(import_.nombre_crees, nombre)
        self.assertLessEqual(comptes[2], comptes[1] + 10)
