import base64
import io
from unittest.mock import patch

import pypdfium2
from dateutil.relativedelta import relativedelta
from PIL import Image, ImageChops, ImageStat

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from odoo.addons.cnas_base.lecture import Mot
from odoo.addons.cnas_base.lecture import page as module
from odoo.addons.cnas_base.tests.common import octets, pdf

from ..lecture_page import proposer
from ..report.papiers_pdf import dessiner_accuses
from .commun_feuille import CommunFeuille
from .feuilles_papier import feuille_remplie


def numerise(contenu):
    """Rend l'image que donne un numériseur de la première page d'un PDF."""
    return pypdfium2.PdfDocument(contenu)[0].render(scale=150 / 72).to_pil().convert("L")


@tagged("post_install", "-at_install", "cnas")
class TestLecture(CommunFeuille):
    """Le texte des pages numérisées : lu en tâche de fond, cherché avec les droits de la pièce, proposé, jamais déposé."""

    def joindre(self, feuille, contenu, nom="scan.jpg"):
        return self.env["cnas.feuille_soin.piece"].with_user(self.agent).create(
            {"feuille_id": feuille.id, "name": nom, "contenu": base64.b64encode(contenu).decode()})

    def chercher(self, mots, user=None):
        pieces = self.env["cnas.feuille_soin.piece"]
        de_cet_essai = pieces.search([("feuille_id.formation_id", "=", self.formation.id)])
        return pieces.with_user(user or self.agent).search([("texte_lu", "ilike", mots), ("id", "in", de_cet_essai.ids)])

    # ------------------------------------------------------------------ texte
    def test_image_lue_et_cherchee(self):
        feuille = self.deposee("L-1")
        image, verite = feuille_remplie(3)
        piece = self.joindre(feuille, octets(image, "JPEG", quality=60))
        tache = self.env["queue.job"].sudo().search([("model_name", "=", piece._name), ("method_name", "=", "_lire")], limit=1, order="id desc")
        self.assertIn(piece.id, tache.records.ids)
        self.assertIn("tâche de fond", piece.lecture_dite)
        piece.sudo()._lire()
        self.assertEqual(piece.lecture, "lue")
        self.assertGreater(piece.confiance, 60)
        self.assertIn(verite["reference"], piece.texte_lu)
        for mots in (verite["matricule"], "PRATICIEN signature", "République"):
            self.assertEqual(self.chercher(mots), piece, mots)
        self.assertFalse(self.chercher("praticien introuvable"))
        self.assertFalse(self.chercher("  ' & | :* "))
        with self.assertRaises(UserError):
            self.env["cnas.feuille_soin.piece"].search([("texte_lu", "!=", "a")])
        self._droits_de_la_piece(verite["reference"], piece)

    def _droits_de_la_piece(self, mot, piece):
        """Qui ne lit pas la pièce n'apprend rien de ses mots ; le texte ne se change pas."""
        self.env["cnas.parametre"].search([("code", "=", "cloison_agences")])._ecrire({"valeur": "oui"})
        ailleurs = new_test_user(self.env, "t_ailleurs2", groups="cnas_base.group_agent",
                                 agence_ids=[(6, 0, self.env.ref("cnas_base.agence_abeche").ids)])
        self.assertFalse(self.chercher(mot, ailleurs))
        self.assertEqual(self.chercher(mot, self.portail), piece, "la formation lit ses pièces")
        self.portail.formation_ids = self.autre_formation
        self.assertFalse(self.chercher(mot, self.portail))
        with self.assertRaises(AccessError):
            self.chercher(mot, self.finance)
        with self.assertRaises(UserError):
            piece.with_user(self.agent).write({"lecture": "a_lire"})

    def test_page_tournee_lue(self):
        """Posée de côté ou tête en bas, une page se lit, et les zones proposées sont celles de la page remise droite."""
        image, verite = feuille_remplie(5)
        for angle in (0, 180, 270):
            with self.subTest(angle):
                droite = module.orienter(image.rotate(angle, expand=True))
                self.assertEqual(droite.size, image.size)
                self.assertLess(ImageStat.Stat(ImageChops.difference(droite, image)).mean[0], 1)
        piece = self.joindre(self.deposee("L-9"), octets(image.rotate(90, expand=True), "JPEG", quality=60))
        piece.sudo()._lire()
        self.assertEqual(self.chercher(verite["matricule"]), piece)
        self.assertEqual(proposer(piece._pages_lues()[1][1])["reference"].valeur, verite["reference"])

    def test_sans_moteur_le_fichier_reste(self):
        feuille = self.deposee("L-2")
        piece = self.joindre(feuille, octets(feuille_remplie(4)[0].resize((620, 877)), "PNG"), "scan.png")
        texte = self.joindre(feuille, pdf("Ordonnance de paracétamol, mille comprimés"), "a.pdf")
        with patch.object(module, "langues_presentes", return_value=()):
            (piece | texte).sudo()._lire()
        self.assertEqual(piece.lecture, "sans_moteur")
        self.assertIn("Tesseract", piece.lecture_dite)
        self.assertEqual((texte.lecture, texte.confiance), ("lue", 100), "la couche de texte d'un PDF se lit sans lui")
        self.assertEqual(self.chercher("paracetamol"), texte)
        self.env["cnas.lecture.mixin"]._reprendre()
        self.assertEqual(piece.lecture, "a_lire", "l'outil posé, la lecture reprend")

    def test_texte_oublie_avec_le_fichier(self):
        piece = self.joindre(self.brouillon(), pdf("Texte à oublier bientôt, entièrement"), "a.pdf")
        piece.sudo()._lire()
        empreinte = piece.empreinte
        piece.unlink()
        self.env["cnas.lecture.mixin"]._reprendre()
        self.env.cr.execute("SELECT count(*) FROM cnas_page_lue WHERE empreinte = %s", [empreinte])
        self.assertEqual(self.env.cr.fetchone()[0], 0)

    # ------------------------------------------------------------------ plan de classement
    def test_pieces_echues_detruites(self):
        """Dix ans après la décision, la pièce se détruit, son aperçu et sa pile avec ; un dossier ouvert ou gelé garde les siennes."""
        image, verite = feuille_remplie(6)
        close, ouverte, gelee = self.deposee("CL-1"), self.deposee("CL-2"), self.deposee("CL-3")
        lot = self.lot(**{f"{close.numero}.tif": octets(image, "TIFF")})
        lot.action_ranger()
        pieces = lot.ligne_ids.piece_id | self.joindre(ouverte, octets(feuille_remplie(7)[0], "JPEG")) | self.joindre(
            gelee, octets(feuille_remplie(8)[0], "JPEG"))
        pieces[0].sudo()._lire()
        self.assertEqual(self.chercher(verite["reference"]), pieces[0])
        (close | gelee)._ecrire({"state": "rejetee", "date_decision": fields.Datetime.now() - relativedelta(years=11)})
        self.env["cnas.gel"].with_user(self.superviseur).create({"name": "Recours", "motif": "Tribunal", "feuille_id": gelee.id})
        destruction = self.env["cnas.destruction"].with_user(self.agent).create({})
        destruction.action_lister()
        lignes = destruction.ligne_ids.filtered(lambda ligne: ligne.modele == pieces._name)
        self.assertEqual([(ligne.res_id, ligne.cote) for ligne in lignes], [(pieces[0].id, f"{close.numero}/{pieces[0].id}")])
        destruction.action_proposer()
        destruction.with_user(self.superviseur).action_approuver()
        self.env.invalidate_all()
        self.assertTrue(pieces[0].destruction_id and pieces[0].empreinte)
        self.assertFalse(pieces[0].contenu or pieces[0].apercu_id.raw or lot.fichier_ids.raw or pieces[0].texte_lu)
        self.assertFalse(self.chercher(verite["reference"]))
        self.assertTrue(pieces[1].contenu and pieces[2].contenu)
        # Soigné sous le numéro de sa mère, l'enfant est un dossier à lui : l'affaire qui le vise garde ces pièces aussi.
        ouverte._ecrire({"enfant_id": self.creer_assure("Enfant", "2026-11-01").id})
        self.env["cnas.gel"].with_user(self.superviseur).create({"name": "Expertise", "motif": "Parquet", "assure_id": ouverte.enfant_id.id})
        self.assertTrue(pieces[1].gele)

    # ------------------------------------------------------------------ lots
    def lot(self, **fichiers):
        jointes = self.env["ir.attachment"].with_user(self.agent).create([{"name": nom, "raw": brut} for nom, brut in fichiers.items()])
        return self.env["cnas.lot_numerisation"].with_user(self.agent).create({"fichier_ids": [(6, 0, jointes.ids)], "agence_id": self.agence.id})

    def test_pile_separee_par_codes_barres(self):
        """Une pile numérisée d'un coup : chaque accusé commence son dossier, les pages qui suivent vont avec lui."""
        un, deux = self.deposee("PILE-1"), self.deposee("PILE-2")
        suite = Image.new("L", (1240, 1754), 200)
        pages = [numerise(dessiner_accuses(un)), suite, numerise(dessiner_accuses(deux)), numerise(dessiner_accuses(deux)), suite, suite]
        pile = octets(pages[0], "PDF", save_all=True, append_images=pages[1:])
        lot = self.lot(**{"pile.pdf": pile, "inconnu.pdf": octets(suite, "PDF")})
        lot.action_reconnaitre()
        self.assertEqual([(x.feuille_id.numero, x.pages) for x in lot.ligne_ids], [(un.numero, "1 à 2"), (deux.numero, "3 à 6"), (False, False)])
        self.assertTrue(all(lot.ligne_ids.mapped("vignette")))
        lot.action_ranger()
        self.assertEqual([len(module.PdfReader(io.BytesIO(f.piece_ids.attachment_id.raw)).pages) for f in (un, deux)], [2, 4])
        self.assertEqual((lot.restants, self.env["cnas.lot_numerisation.ligne"].search([("lot_id", "=", lot.id), ("piece_id", "=", False)])),
                         (1, lot.ligne_ids[2]))
        with self.assertRaises(UserError):
            lot.ligne_ids[2].write({"premiere": 1})

    # ------------------------------------------------------------------ préremplissage
    def test_milliers_d_une_ligne(self):
        """« ACT0002 Radio 1 1 500 1 500 » est une fois 1 500, jamais 500 fois 1."""
        places = ((761, 400), (1946, 500), (5767, 60), (6777, 50), (6860, 180), (8059, 50), (8140, 180))
        mots = [Mot(texte, 90, x, 3700, largeur, 100) for texte, (x, largeur) in zip("ACT0002 Radio 1 1 500 1 500".split(), places)]
        self.assertEqual([ligne.valeur for ligne in proposer(mots)["lignes"]], [("ACT0002", 1, 1500, 1500)])

    def test_preremplir_propose_et_ne_depose_pas(self):
        code = self._creer_formation("CS-NDJ-99", "centre_sante").code
        self.acte.prestation_id._ecrire({"code": "ACT9901"})
        image, verite = feuille_remplie(5, matricule=self.assure.matricule, formation=code, lignes=[("ACT9901", 2, 1500, 3000)], total=3000)
        lot = self.lot(**{"feuille.jpg": octets(image, "JPEG", quality=70)})
        lot.action_reconnaitre()
        ligne = lot.ligne_ids
        assistant = self.env["cnas.preremplissage.wizard"].with_user(self.agent).browse(ligne.action_preremplir()["res_id"])
        self.assertEqual((assistant.assure_id, assistant.formation_id.code, assistant.reference, assistant.date_soins, assistant.total_declare),
                         (self.assure, code, verite["reference"], verite["date_soins"], 3000))
        self.assertEqual(assistant.ligne_ids.mapped(lambda x: (x.prestation_id.code, x.quantite, x.prix_unitaire)), [("ACT9901", 2, 1500)])
        self.assertTrue(assistant.zone_matricule and assistant.zone_total and assistant.ligne_ids.zone)
        self.assertFalse(ligne.feuille_id, "rien n'est écrit avant que l'agent vérifie")
        feuille = self.feuilles.browse(assistant.action_creer()["res_id"])
        self.assertEqual((feuille.state, feuille.montant_facture, feuille.saisie_par_id), ("brouillon", 3000, self.agent))
        self.assertEqual(feuille.piece_ids, ligne.piece_id)
        with self.assertRaisesRegex(UserError, "déjà rangé"):
            ligne.action_preremplir()
        with patch.object(module, "langues_presentes", return_value=()), self.assertRaisesRegex(UserError, "Tesseract"):
            autre = self.lot(**{"a.jpg": octets(image, "JPEG", quality=30)})
            autre.action_reconnaitre()
            autre.ligne_ids.action_preremplir()
