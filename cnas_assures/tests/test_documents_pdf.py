import base64
import io
import re
from types import SimpleNamespace

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.cnas_base.impression import kit
from odoo.addons.cnas_base.impression.langue import ARABE, parler
from odoo.addons.cnas_base.tests.pdf import codes_lus, texte_pdf

from ..report import famille_pdf
from .commun_documents import CasDocuments, image_base64

MM = 72 / 25.4


def boites(contenu):
    """Rend les formats de page (mm, arrondis au dixième) écrits dans un PDF."""
    trouves = re.findall(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", contenu)
    return [(round(float(largeur) / MM, 1), round(float(hauteur) / MM, 1)) for largeur, hauteur in trouves]


@tagged("post_install", "-at_install", "cnas")
class TestDocumentsPdf(CasDocuments):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["ir.config_parameter"].set_param("web.base.url", "https://cnas.essai.td")

    def test_sans_adresse_publique_rien_de_local_ne_s_imprime(self):
        self.env["ir.config_parameter"].set_param("web.base.url", "http://localhost:8069")
        carte, attestation = self._carte("produite"), self._attestation()
        self.assertEqual(set(codes_lus(carte._pdf("cartes"), 400)), {carte.qr_texte, carte.numero})
        self.assertEqual(codes_lus(attestation._pdf()), [])

    def test_adresse_publique_controlee_et_figee(self):
        parametres = self.env["ir.config_parameter"]
        self.assertEqual((parametres._adresse_publique(), parametres.get_param("web.base.url.freeze")),
                         ("https://cnas.essai.td", "True"))
        for adresse in ("cnas.td", "ftp://cnas.td", "https://", "javascript:alert(1)", "https://cnas.td/?x=1"):
            with self.subTest(adresse), self.assertRaises(UserError):
                parametres.set_param("web.base.url", adresse)
        for adresse in ("http://localhost:8069", "http://cnas.td", "https://127.0.0.1", "https://192.168.1.4", "https://serveur",
                        "https://cnas.local"):
            parametres.set_param("web.base.url", adresse)
            self.assertFalse(parametres._adresse_publique(), adresse)

    def test_carte_id1_recto_verso_et_qr_relu(self):
        self.assure.photo = image_base64("JPEG", (400, 300))
        carte = self._carte("produite")
        contenu = base64.b64decode(carte.obtenir_pdf()["contenu"])
        self.assertEqual(boites(contenu), [(85.6, 54.0)] * 2)
        self.assertEqual(set(codes_lus(contenu, 400)), {carte._adresse_qr(), carte.numero})
        self.assertEqual(carte._adresse_qr(), "https://cnas.essai.td/cnas/carte/" + carte.qr_texte.replace("|", "~"))
        self.assertEqual(carte.verifier_qr(carte._adresse_qr()), carte.verifier_qr(carte.qr_texte))

    def test_planche_de_dix_par_page(self):
        cartes = self.env["cnas.carte"].with_user(self.agent).create(
            [{"assure_id": self._assure(prenom=f"Planche {i}").id} for i in range(11)])
        cartes.action_produire()
        contenu = cartes._pdf("planche")
        self.assertEqual(boites(contenu), [(210.0, 297.0)] * 4)
        lus = codes_lus(contenu)
        self.assertEqual({t for t in lus if "/cnas/carte/" in t}, {carte._adresse_qr() for carte in cartes})

    def test_noms_difficiles(self):
        assure = self._assure(
            nom="NGARMBAÏSSEM DJIMRANGAR MBAITOLOUM <b>&amp;", prenom="محمد عبد الله", date_naissance_estimee=True)
        carte = self._carte("produite", assure=assure)
        self.assertTrue(carte._pdf("cartes").startswith(b"%PDF"))

    def test_nom_long_entier_et_deux_ecritures(self):
        """Un nom long passe à deux lignes, jamais à « … » ; la police arabe du système n'a ni lettre latine ni parenthèse."""
        long, prenom = "NGARADOUM DJIMRANGAR MBAIOGUELEM", "Abdelkerim Mahamat-Saleh Ousmane Youssouf"
        assure = self._assure(nom=long, prenom=prenom)
        for papier in (self._carte("produite", assure), self._attestation(assure)):
            texte = texte_pdf(papier._pdf())
            self.assertNotIn("…", texte)
            for mot in f"{long} {prenom}".split():
                self.assertIn(mot.lower(), texte.lower(), papier._name)
            self.assertIn("Sans photo", texte)
        with self.assertRaisesRegex(UserError, "lettres arabes"):
            self._assure(nom="IDRISS", nom_ar="Idriss")
        arabe = self._assure(nom="IDRISS", nom_ar="إدريس", prenom="Zara")
        with self.assertRaises(UserError):
            arabe.with_user(self.agent).write({"nom_ar": "محمد"})
        arabe.with_user(self.agent).prenom_ar = "زهرة"
        for papier in (self._carte("produite", arabe), self._attestation(arabe)):
            lignes = papier._identites().get("recto") or papier._identites()["titulaire"]
            self.assertEqual([ligne[2] for ligne in lignes[:2]], ["IDRISS\tإدريس", "Zara\tزهرة"])
            self.assertTrue(papier._pdf().startswith(b"%PDF"))
        kit.charger_polices()
        suite = kit.morceaux("ABAKAR محمد صالح (ɓaɗi ŋ ʼ ʿ) 12")
        self.assertEqual({nom for nom, _dessin in suite}, {kit.LATIN, kit.ARABE})
        for nom, dessin in suite:
            self.assertFalse([c for c in dessin if ord(c) not in kit.pdfmetrics.getFont(nom).face.charToGlyph], dessin)

    def test_en_arabe_un_etat_reste_un_code_et_la_carte_en_deux_langues(self):
        """Des droits ouverts se disent ouverts en arabe aussi ; la carte fige ses mots français, qui que ce soit qui la tire."""
        self.env["res.lang"]._activate_lang(ARABE)
        carte = self._carte("produite", self._assure(nom="IDRISS", prenom="Zara", date_naissance_estimee=True))
        self.regime.update_field_translations("name", {ARABE: "نظام"})
        francaises = carte._identites_du_jour()
        with parler(ARABE):
            self.assertNotEqual(*(famille_pdf._droits(SimpleNamespace(etat_droits=etat, date_fin_droits=False)) for etat in ("ouverts", "fermes")))
            self.assertEqual(carte.with_context(lang=ARABE)._identites_du_jour(), francaises)

    def test_photo_illisible_devient_silhouette(self):
        self.assertIsNone(kit.lire_photo(base64.b64encode(b"pas une image")))
        self.assertIsNone(kit.lire_photo(b"\xff\xff"))

    def test_l_arabe_est_mis_en_forme(self):
        visuel = kit.visuel("تشاد")
        self.assertTrue(any("\ufe70" <= c <= "\ufeff" for c in visuel))
        kit.charger_polices()
        from reportlab.pdfbase import pdfmetrics
        glyphes = pdfmetrics.getFont(kit.ARABE).face.charToGlyph
        for francais, arabe in (kit.REPUBLIQUE, kit.DEVISE, kit.CAISSE):
            manquants = [c for c in kit.visuel(arabe) if ord(c) not in glyphes]
            self.assertFalse(manquants, francais)

    def test_refus(self):
        carte = self._carte("demandee")
        with self.assertRaisesRegex(UserError, "pas encore produite"):
            carte.obtenir_pdf()
        with self.assertRaisesRegex(UserError, "inconnue"):
            carte.obtenir_pdf("affiche")
        carte.action_produire()
        with self.assertRaisesRegex(UserError, "pas encore remise"):
            carte.obtenir_pdf("accuse")
        with self.assertRaises(AccessError):
            carte.with_user(self.usagers["portail_formation"]).obtenir_pdf()
        carte.action_annuler("Erreur")
        with self.assertRaisesRegex(UserError, "ne s'imprime plus"):
            carte.obtenir_pdf()

    def test_attestation_a4_et_qr_vers_la_page_publique(self):
        attestation = self._attestation()
        contenu = base64.b64decode(attestation.obtenir_pdf()["contenu"])
        self.assertEqual(boites(contenu), [(210.0, 297.0)])
        self.assertEqual(codes_lus(contenu, 150), [attestation.url_verification])
        self.assertTrue(attestation.url_verification.endswith(f"/cnas/verifier/{attestation.jeton}"))

    def test_attestation_d_une_grande_famille_tient_sur_plusieurs_pages(self):
        self._famille(41)
        attestation = self._attestation()
        self.assertEqual(len(attestation.beneficiaire_ids), 41)
        self.assertEqual(len(boites(attestation._pdf())), 3)

    def test_fiche_familiale(self):
        self._famille(20)
        contenu = self.assure.with_user(self.agent)._pdf_famille()
        self.assertEqual(boites(contenu), [(210.0, 297.0)] * 2)
        with self.assertRaises(AccessError):
            self.assure.with_user(self.usagers["portail_formation"])._pdf_famille()

    def test_rapports_d_odoo(self):
        attestation, carte = self._attestation(), self._carte("produite")
        rapports = self.env["ir.actions.report"].with_user(self.agent)
        for nom, document in (("rapport_attestation", attestation), ("rapport_carte", carte),
                              ("rapport_famille", self.assure)):
            contenu, extension = rapports._render_qweb_pdf(f"cnas_assures.{nom}", document.ids)
            self.assertEqual((contenu[:4], extension), (b"%PDF", "pdf"))

    def test_dessine_n_existe_qu_en_pdf(self):
        rapports = self.env["ir.actions.report"]
        for nom in ("carte", "attestation", "famille"):
            for rendu in (rapports._render_qweb_html, rapports._render_qweb_text):
                with self.subTest(nom=nom, rendu=rendu.__name__), self.assertRaisesRegex(UserError, "qu'en PDF"):
                    rendu(f"cnas_assures.rapport_{nom}", [1])

    def _famille(self, combien):
        enfants = self.env["cnas.assure"].create([{
            "nom": "MAHAMAT", "prenom": f"Enfant {i}", "genre": "feminin", "date_naissance": "2020-01-01",
            "assure_principal_id": self.assure.id, "lien": "enfant", "type_assure": "ayant_droit",
            "regime_id": self.regime.id} for i in range(combien)])
        enfants.action_immatriculer()
        return enfants


@tagged("post_install", "-at_install", "cnas")
class TestPhoto(CasDocuments):

    def test_recadrage_en_portrait(self):
        lue = kit.lire_photo(image_base64("PNG", (500, 100)))
        self.assertEqual(lue.getSize(), (360, 450))
        self.assertIsInstance(lue.fp, io.BytesIO)
