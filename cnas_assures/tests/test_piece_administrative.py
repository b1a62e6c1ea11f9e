import base64
import hashlib
from datetime import timedelta

import psycopg2
from dateutil.relativedelta import relativedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.cnas_base.jour import aujourd_hui

from .commun_documents import PDF_MINIMAL, CasDocuments, image_base64

EXE = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff" + b"\x00" * 200
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def pdf_de(taille):
    """Rend un vrai PDF de cette taille : un commentaire l'allonge."""
    return PDF_MINIMAL.replace(b"startxref", b"%" + b" " * (taille - len(PDF_MINIMAL) - 2) + b"\nstartxref")


@tagged("post_install", "-at_install", "cnas")
class TestPieceAdministrative(CasDocuments):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.type_cni = cls.env.ref("cnas_assures.type_piece_cni")

    def _piece(self, contenu=PDF_MINIMAL, usager=None, **valeurs):
        valeurs = {"assure_id": self.assure.id, "type_piece_id": self.type_cni.id, "numero": "N1", **valeurs}
        if contenu is not None:
            valeurs.setdefault("fichier", base64.b64encode(contenu))
        return self.env["cnas.piece_administrative"].with_user(usager or self.agent).create(valeurs)

    # ------------------------------------------------------------------ accepte
    def test_depot(self):
        piece = self._piece(nom_fichier="../../etc/CNI <recto>.exe")
        self.assertEqual(piece.mimetype, "application/pdf")
        self.assertEqual(piece.empreinte, hashlib.sha256(PDF_MINIMAL).hexdigest())
        self.assertEqual((piece.taille, piece.nom_fichier), (len(PDF_MINIMAL), "CNI recto.pdf"))
        self.assertEqual(base64.b64decode(piece.fichier), PDF_MINIMAL)

    def test_images_et_depot_differe(self):
        piece = self._piece(None)
        self.assertFalse(piece.empreinte)
        piece.write({"fichier": image_base64("JPEG"), "nom_fichier": "a.pdf"})
        self.assertEqual((piece.mimetype, piece.nom_fichier), ("image/jpeg", "a.jpg"))

    # ------------------------------------------------------------------ plan de classement
    def test_echue_apres_la_sortie(self):
        """Un dossier vivant garde tout, l'annulé compris ; dix ans après la radiation, la pièce est échue, sauf gel."""
        piece, annulee = self._piece(), self._piece(numero="N2")
        annulee.action_annuler("Illisible")
        type_document, jour = self.env.ref("cnas_base.type_document_assure"), aujourd_hui()

        def echues():
            return piece._echus(type_document, 10, jour, [("id", "in", (piece | annulee).ids)])
        self.assertFalse(echues())
        self.assure._ecrire({"state": "radie", "date_radiation": jour - relativedelta(years=9)})
        self.assertFalse(echues())
        self.assure._ecrire({"date_radiation": jour - relativedelta(years=10)})
        self.assertEqual(echues(), piece | annulee)
        self.assure._ecrire({"date_deces": jour - relativedelta(years=1)})
        self.assertEqual(echues()[:1]._depart(), jour - relativedelta(years=10), "mort radié : le procès-verbal dit le jour qui l'a rendue échue")
        self.env["cnas.gel"].create({"name": "Parquet", "motif": "Fraude", "assure_id": self.assure.id})
        self.assertFalse(echues())

    # ------------------------------------------------------------------ fichiers piégés
    def test_fichiers_pieges(self):
        tronquee = base64.b64decode(image_base64("PNG", (300, 300)))[:60]
        cas = {
            "EXE renommé": (EXE, "scan.pdf", "n'est pas accepté"),
            "SVG": (SVG, "photo.png", "n'est pas accepté"),
            "HTML": (b"<html><script>alert(1)</script>", "page.pdf", "n'est pas accepté"),
            "ZIP": (b"PK\x03\x04" + b"\x00" * 60, "acte.pdf", "n'est pas accepté"),
            "texte": (b"bonjour", "acte.pdf", "n'est pas accepté"),
            "PDF tronqué": (b"%PDF-1.4\n1 0 obj", "acte.pdf", "tronqué"),
            "PNG tronqué": (tronquee, "photo.png", "illisible"),
            "PNG d'une signature seule": (b"\x89PNG\r\n\x1a\n" + EXE, "photo.png", "illisible"),
            "vide": (b"", "acte.pdf", "vide"),
            "espaces": (None, "acte.pdf", "vide"),
        }
        avant = self.env["cnas.piece_administrative"].search_count([])
        for nom, (contenu, fichier, phrase) in cas.items():
            valeurs = {"nom_fichier": fichier}
            if contenu is None:
                valeurs["fichier"] = "   "
            with self.subTest(nom), self.assertRaisesRegex(UserError, phrase):
                self._piece(contenu, **valeurs)
        self.assertEqual(self.env["cnas.piece_administrative"].search_count([]), avant)

    def test_trop_gros(self):
        self.type_cni.taille_max_mo = 1
        self.assertTrue(self._piece(pdf_de(1024 * 1024 - 100)))
        with self.assertRaisesRegex(UserError, "dépasse 1 Mo"):
            self._piece(pdf_de(1024 * 1024 + 1))
        with self.assertRaisesRegex(UserError, "dépasse 1 Mo"):
            self._piece(b"x" * (5 * 1024 * 1024))

    def test_base64_illisible(self):
        for fichier in ("@@@", "é" * 40, "abc"):
            with self.subTest(fichier), self.assertRaisesRegex(UserError, "base64"):
                self._piece(None, fichier=fichier)

    def test_valeurs_d_un_autre_type(self):
        for fichier in (12, [1], {"a": 1}, True):
            with self.subTest(fichier=fichier), self.assertRaisesRegex(UserError, "mal transmis"):
                self._piece(None, fichier=fichier)
        self.assertEqual(self._piece(nom_fichier=2026).nom_fichier, "2026.pdf")

    def test_image_demesuree(self):
        with self.assertRaisesRegex(UserError, "démesurée"):
            self._piece(base64.b64decode(image_base64("PNG", (9000, 9000))))

    def test_type_refuse_par_le_parametrage(self):
        self.type_cni.accepte_png = False
        with self.assertRaisesRegex(UserError, "PDF, JPEG"):
            self._piece(base64.b64decode(image_base64("PNG")))
        with self.assertRaisesRegex(ValidationError, "au moins un type"):
            self.type_cni.write({"accepte_pdf": False, "accepte_jpeg": False})

    # ------------------------------------------------------------------ jamais perdu
    def test_un_fichier_depose_ne_se_remplace_ni_ne_se_supprime(self):
        piece = self._piece()
        for fichier in (base64.b64encode(PDF_MINIMAL + b"%%EOF"), False):
            with self.assertRaisesRegex(UserError, "ne se remplace pas"):
                piece.write({"fichier": fichier})
        with self.assertRaisesRegex(UserError, "ne se supprime pas"):
            piece.sudo().unlink()
        with self.assertRaises(UserError):
            piece.write({"empreinte": "0" * 64})
        with self.assertRaisesRegex(UserError, "ne change pas de dossier"):
            piece.write({"assure_id": self._assure(prenom="Autre").id})
        with self.assertRaises(UserError):
            piece.write({"state": "annulee"})

    def test_annuler(self):
        piece = self._piece()
        self.assertEqual(piece.action_annuler()["res_model"], "cnas.motif.wizard")
        piece.action_annuler("Illisible")
        self.assertEqual((piece.state, piece.situation, piece.motif_annulation), ("annulee", "annulee", "Illisible"))
        with self.assertRaises(UserError):
            piece.action_annuler("Encore")

    def test_roles(self):
        piece = self._piece()
        for role in ("medecin_conseil", "finance", "portail_formation"):
            with self.subTest(role), self.assertRaises(AccessError):
                self._piece(usager=self.usagers[role])
            with self.subTest(role), self.assertRaises(AccessError):
                piece.with_user(self.usagers[role]).action_annuler("Non")
        with self.assertRaises(AccessError):
            piece.with_user(self.usagers["portail_formation"]).read(["fichier"])
        with self.assertRaises(AccessError):
            self.type_cni.with_user(self.agent).write({"name": "X"})
        self.type_cni.with_user(self.usagers["administrateur"]).write({"description": "Recto et verso."})

    def test_meme_fichier_chez_un_autre_est_signale(self):
        self._piece(assure_id=self._assure(prenom="Autre").id)
        self.assertIn("1 autre", self._piece().avertissement)

    # ------------------------------------------------------------------ dates
    def test_dates(self):
        piece = self._piece(date_delivrance="2020-02-10")
        self.assertEqual(str(piece.date_expiration), "2030-02-10")
        self.assertEqual(str(self._piece(date_delivrance="2020-02-10", date_expiration="2025-02-10").date_expiration),
                         "2025-02-10")
        with self.assertRaisesRegex(ValidationError, "futur"):
            self._piece(date_delivrance="2090-01-01")
        with self.assertRaises(psycopg2.IntegrityError), mute_logger("odoo.sql_db"), self.cr.savepoint():
            self._piece(date_delivrance="2020-02-10", date_expiration="2019-01-01").flush_recordset()

    def test_situation_et_recherche(self):
        jour = fields.Date.context_today(self.assure)
        pieces = {
            "valide": self._piece(date_expiration=jour + timedelta(days=400)),
            "bientot": self._piece(date_expiration=jour + timedelta(days=10)),
            "expiree": self._piece(date_expiration=jour - timedelta(days=1)),
        }
        for situation, piece in pieces.items():
            self.assertEqual(piece.situation, situation)
            trouvees = self.env["cnas.piece_administrative"].search(
                [("assure_id", "=", self.assure.id), ("situation", "=", situation)])
            self.assertEqual(trouvees.ids, piece.ids)

    def test_alerte_d_expiration_une_seule_fois(self):
        jour = fields.Date.context_today(self.assure)
        piece = self._piece(date_expiration=jour + timedelta(days=5))
        loin = self._piece(date_expiration=jour + timedelta(days=500))
        for _passage in range(2):
            self.env["cnas.piece_administrative"]._cron_alerter_expiration()
        self.assertEqual((len(piece.activity_ids), len(loin.activity_ids)), (1, 0))
        self.assertEqual((piece.activity_ids.user_id, piece.activity_ids.date_deadline),
                         (self.agent, piece.date_expiration))

    # ------------------------------------------------------------------ pièces obligatoires
    def test_pieces_manquantes(self):
        codes = self.assure.piece_manquante_ids.mapped("code")
        self.assertEqual(set(codes), {"CNI", "ACTE_NAISSANCE", "ATT_EMPLOYEUR"})
        piece = self._piece(date_expiration="2031-01-01")
        self.assertNotIn("CNI", self.assure.piece_manquante_ids.mapped("code"))
        self.assertIn("fournie", self.assure.etat_pieces)
        piece.action_annuler("Illisible")
        self.assertIn("CNI", self.assure.piece_manquante_ids.mapped("code"))
        self._piece(date_expiration="2026-01-01")
        self.assertIn("CNI", self.assure.piece_manquante_ids.mapped("code"))
        self.assertIn("expirée", self.assure.etat_pieces)

    def test_pieces_selon_regime_lien_et_age(self):
        amed = self._assure(prenom="Amed", regime_id=self.env.ref("cnas_base.regime_amed").id)
        self.assertEqual(amed.piece_manquante_ids.mapped("code"), ["DECISION_AMED"])
        conjoint = self._assure(
            prenom="Fatimé", genre="feminin", assure_principal_id=self.assure.id, lien="conjoint", type_assure="ayant_droit")
        self.assertIn("ACTE_MARIAGE", conjoint.piece_manquante_ids.mapped("code"))
        self.assertNotIn("ATT_EMPLOYEUR", conjoint.piece_manquante_ids.mapped("code"))

    def test_libelle_hostile_est_echappe(self):
        self.type_cni.name = "<script>alert(1)</script>"
        self.assure.invalidate_recordset()
        self.assertNotIn("<script>", self.assure.etat_pieces)
