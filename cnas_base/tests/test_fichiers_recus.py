import base64
import errno
import os
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.cnas_base.lecture import apercu_pdf, fichier, ouvrir_fichier, vues
from odoo.addons.cnas_base.models import fichier as module

from .common import TransactionCase, octets, page_numerisee, pdf
from .fichiers_pieges import fichiers_abimes, fichiers_sains


def ecart(une, quatre):
    return min(sum(a != b for a, b in zip(une, autre)) for autre in quatre)


@tagged("post_install", "-at_install", "cnas")
class TestFichiersRecus(TransactionCase):
    """Un fichier reçu se lit jusqu'au bout ou se refuse ; gardé, le disque le rend tel quel ou on le sait."""

    # ------------------------------------------------------------------ lecture
    def test_abimes_refuses_d_une_phrase(self):
        abimes = fichiers_abimes()
        self.assertGreaterEqual(len(abimes), 60)
        for nom, contenu in abimes.items():
            with self.subTest(nom), self.assertRaises(UserError) as refus:
                ouvrir_fichier(contenu, nom)
            self.assertIn(nom, str(refus.exception))

    def test_le_socle_seul_oublie_sans_fiche_a_fichier(self):
        modele = self.env["cnas.lecture.mixin"]
        with patch.object(type(modele), "_modeles_lus", return_value=[]):
            modele._oublier()
        self.env.cr.execute("SELECT count(*) FROM cnas_page_lue")
        self.assertEqual(self.env.cr.fetchone()[0], 0)

    def test_sains_lus_et_affichables(self):
        for nom, (contenu, mime, pages) in fichiers_sains().items():
            with self.subTest(nom):
                self.assertEqual(ouvrir_fichier(contenu, nom), (mime, pages))
                apercu = apercu_pdf(contenu, mime)
                if apercu:
                    self.assertEqual(ouvrir_fichier(apercu, nom), ("application/pdf", pages))
                self.assertEqual(bool(apercu), mime in ("image/tiff", "image/webp", "image/heic"))

    def test_heic_sans_bibliotheque(self):
        """Sans `pillow-heif`, la phrase dit quoi faire."""
        contenu = fichiers_sains()["photo.heic"][0]
        fichier._ouverts.clear()
        with patch.object(fichier, "_lit_heic", return_value=False), self.assertRaisesRegex(UserError, "envoyez-la en JPEG"):
            ouvrir_fichier(contenu, "photo.heic")

    # ------------------------------------------------------------------ image déjà vue
    def test_meme_page_tournee_recadree_recompressee(self):
        for graine in range(6):
            page = page_numerisee(graine, (1240, 1754))
            vue = vues(octets(page, "JPEG"), "image/jpeg")[1][0]
            retouches = {
                "tournée": page.rotate(90, expand=True), "retournée": page.rotate(180), "recadrée": page.crop((40, 30, 1210, 1720)),
                "réduite": page.resize((930, 1315)),
            }
            for nom, image in retouches.items():
                with self.subTest(nom, graine=graine):
                    self.assertLessEqual(ecart(vue, vues(octets(image, "JPEG", quality=35), "image/jpeg")[1]), 26)
            with self.subTest("dans un PDF", graine=graine):
                self.assertLessEqual(ecart(vue, vues(octets(page, "PDF"), "application/pdf")[1]), 26)
            autre = vues(octets(page_numerisee(graine + 50, (1240, 1754)), "JPEG"), "image/jpeg")[1]
            self.assertGreater(ecart(vue, autre), 30)

    def test_page_blanche_ne_ressemble_a_rien(self):
        self.assertFalse(vues(octets(page_numerisee(1).point(lambda _p: 255), "JPEG"), "image/jpeg"))
        self.assertFalse(vues(pdf("texte"), "application/pdf"))

    # ------------------------------------------------------------------ toute pièce jointe d'un dossier
    def test_jointe_a_un_dossier(self):
        agence = self.env["cnas.agence"].search([], limit=1)
        joindre = {"res_model": "cnas.agence", "res_id": agence.id}
        for nom, contenu in (("a.pdf", b"%PDF-1.4"), ("a.pdf", b""), ("a.jpg", b"MZ"), ("sans extension", b"%PDF-1.4 rien")):
            for valeurs in ({"raw": contenu}, {"datas": base64.b64encode(contenu)}):
                with self.subTest(nom, **valeurs), self.assertRaises(UserError):
                    self.env["ir.attachment"].create({"name": nom, **joindre, **valeurs})
        with self.assertRaises(UserError):
            self.env["ir.attachment"].with_context(default_res_model="cnas.agence").create({"name": "a.pdf", "raw": b"%PDF-1.4"})
        libre = self.env["ir.attachment"].create({"name": "a.pdf", "raw": b"%PDF-1.4"})
        with self.assertRaises(UserError):
            libre.write(joindre)
        with self.assertRaises(UserError):
            libre.with_user(self.env.ref("base.user_admin")).sudo().write(joindre)
        admin = self.env["ir.attachment"].with_user(self.env.ref("base.user_admin"))
        for champ, contenu in (("datas", base64.b64encode(b"%PDF-1.4")), ("raw", b"%PDF-1.4"), ("store_fname", "aa/aa"), ("db_datas", b"%PDF-1.4")):
            with self.subTest(contexte=champ):
                vide = admin.with_context(**{f"default_{champ}": contenu}).create({"name": "a.pdf", **joindre})
                self.assertFalse(vide.raw or vide.sudo().store_fname, "le contexte ne remplit pas un fichier")
        for geste in (lambda: admin.create({"name": "a.pdf", "db_datas": b"%PDF-1.4", **joindre}),
                      lambda: admin.create({"name": "a.pdf", "raw": pdf()}).write({"db_datas": b"%PDF-1.4", **joindre})):
            with self.assertRaisesRegex(UserError, "db_datas"):
                geste()
        classeur = self.env["ir.attachment"].create({"name": "a.csv", "raw": b"a;b", **joindre})
        self.assertEqual(classeur.raw, b"a;b")

    def test_garde_a_l_octet_pres(self):
        """Odoo réduit une image de plus de 1 920 points, et d'un TIFF ne garde que la première page."""
        grand = page_numerisee(5, (2400, 3200))
        contenu = octets(grand, "TIFF", save_all=True, append_images=[grand], compression="tiff_deflate")
        joint = self.env["ir.attachment"].create({"name": "a.tif", "raw": contenu, "res_model": "cnas.agence", "res_id": 1})
        joint.invalidate_recordset()
        self.assertEqual(joint.raw, contenu)

    # ------------------------------------------------------------------ disque
    def joint(self, contenu=None, nom="a.pdf"):
        agence = self.env["cnas.agence"].search([], limit=1)
        return self.env["ir.attachment"].create({
            "name": nom, "raw": contenu or pdf(os.urandom(8).hex()), "res_model": "cnas.agence", "res_id": agence.id})

    @mute_logger("odoo.addons.cnas_base.models.fichier")
    def test_disque_plein(self):
        contenu = pdf(os.urandom(8).hex())
        for numero, phrase in ((errno.ENOSPC, "Plus de place"), (errno.EIO, "n'a pas pu garder")):
            with self.subTest(phrase), patch.object(module.os, "fsync", side_effect=OSError(numero, "essai")), \
                    self.assertRaisesRegex(UserError, phrase):
                self.joint(contenu)
        joint = self.joint(contenu)
        joint.invalidate_recordset()
        self.assertEqual(joint.mimetype, "application/pdf")
        self.assertEqual(joint.raw, contenu, "une fois la place revenue, le même fichier se renvoie")

    @mute_logger("odoo.addons.cnas_base.models.fichier")
    def test_relu_autre_qu_ecrit(self):
        with patch.object(module, "empreinte_du_disque", return_value="autre"), self.assertRaisesRegex(UserError, "n'a pas pu garder"):
            self.joint()

    def test_deux_envois_du_meme_a_la_fois(self):
        """Un double clic, deux fils du serveur : chacun écrit à côté, aucun n'ôte ni ne tronque ce que l'autre vient d'écrire."""
        contenu, forcer, autres = pdf(os.urandom(8).hex()), os.fsync, [True]

        def pendant(descripteur):
            if autres:
                autres.pop()
                self.joint(contenu)
            return forcer(descripteur)
        with patch.object(module.os, "fsync", side_effect=pendant):
            joint = self.joint(contenu)
        joint.invalidate_recordset()
        self.assertEqual((joint.raw, autres), (contenu, []))

    @mute_logger("odoo.addons.cnas_base.models.fichier")
    def test_renvoi_repare(self):
        """Tronqué par un disque plein d'autrefois, le même fichier renvoyé reprend sa place."""
        contenu = pdf(os.urandom(8).hex())
        joint = self.joint(contenu)
        with open(joint._full_path(joint.store_fname), "wb") as sortie:
            sortie.write(contenu[:40])
        autre = self.joint(contenu)
        self.assertEqual((autre.raw, autre.store_fname), (contenu, joint.store_fname))

    # ------------------------------------------------------------------ contrôle nocturne
    def test_controle_nocturne_et_remplacement(self):
        abimes = self.env["cnas.fichier_abime"]
        perdu, altere, sain, raccourci = self.joint(), self.joint(), self.joint(), self.joint()
        chemins = {f: f._full_path(f.store_fname) for f in (perdu, altere, raccourci)}
        os.unlink(chemins[perdu])
        contenu = altere.raw
        with open(chemins[altere], "wb") as sortie:
            sortie.write(contenu[:-10] + b"x" * 10)
        with open(chemins[raccourci], "wb") as sortie:
            sortie.write(b"")
        abimes._controler_chaque_nuit()
        self.assertFalse(abimes.search([("attachment_id", "=", sain.id)]))
        trouves = {f: abimes.search([("attachment_id", "=", f.id)]) for f in (perdu, altere, raccourci)}
        self.assertEqual([trouves[f].constat for f in (perdu, altere, raccourci)], ["perdu", "altere", "altere"])
        self.assertIn("fichiers", self.env["cnas.sante"]._relever()["alertes"])
        abimes._controler_chaque_nuit()
        self.assertEqual(abimes.search_count([("attachment_id", "=", perdu.id)]), 1, "signalé une fois")
        self._remplacer(trouves[perdu], perdu)
        with open(chemins[altere], "wb") as sortie:
            sortie.write(contenu)
        abimes._controler_chaque_nuit()
        self.assertEqual((trouves[altere].state, trouves[raccourci].state), ("retrouve", "constate"))

    def test_une_perte_se_signe(self):
        """Un superviseur signe la perte : elle sort des alertes, n'est plus signalée, et finit si le fichier revient."""
        abimes, perdu = self.env["cnas.fichier_abime"], self.joint()
        chemin, contenu = perdu._full_path(perdu.store_fname), perdu.raw
        os.unlink(chemin)
        abimes._controler_chaque_nuit()
        abime = abimes.search([("attachment_id", "=", perdu.id)])
        avant = self.env["cnas.sante"]._relever()["fichiers_abimes"]
        with self.assertRaises(AccessError):
            abime.with_user(new_test_user(self.env, "t_agent_perte", groups="cnas_base.group_agent")).action_constater_perte("perdue")
        chef = new_test_user(self.env, "t_chef_perte", groups="cnas_base.group_superviseur")
        self.assertNotEqual(abime.with_user(chef).action_constater_perte(), True, "le motif est exigé")
        abime.with_user(chef).action_constater_perte("disque de 2024, aucune copie")
        self.assertEqual((abime.state, abime.perte_par_id, abime.motif_perte), ("perdu", chef, "disque de 2024, aucune copie"))
        ligne = self.env["cnas.journal"].search([("evenement", "=", "perte_fichier")], limit=1, order="id desc")
        self.assertEqual((ligne.res_id, ligne.user_id, ligne.avant["empreinte"]), (perdu.res_id, chef, perdu.checksum))
        self.assertEqual(abimes._controler_chaque_nuit(), avant - 1)
        self.assertEqual(abimes.search_count([("attachment_id", "=", perdu.id)]), 1)
        with open(chemin, "wb") as sortie:
            sortie.write(contenu)
        abimes._controler_chaque_nuit()
        self.assertEqual(abime.state, "retrouve")

    def test_ce_qui_n_est_d_aucun_dossier(self):
        """Une image d'Odoo perdue se signale aussi (elle rendrait toute sauvegarde incomplète), à l'administrateur seul."""
        image = self.env["ir.attachment"].create({"name": "logo.txt", "raw": os.urandom(16)})
        os.unlink(image._full_path(image.store_fname))
        abimes = self.env["cnas.fichier_abime"]
        abimes._controler_chaque_nuit()
        abime = abimes.search([("attachment_id", "=", image.id)])
        chef, administrateur = (new_test_user(self.env, f"t_{role}_image", groups=f"cnas_base.group_{role}")
                                for role in ("superviseur", "administrateur"))
        self.assertFalse(abimes.with_user(chef).search([("id", "=", abime.id)]))
        with self.assertRaisesRegex(UserError, "aucun dossier"):
            abime.with_user(administrateur).action_remplacer("perdue")
        abime.with_user(administrateur).action_constater_perte("image sans intérêt")
        self.assertEqual(abime.state, "perdu")

    def _remplacer(self, abime, joint):
        abime = abime.with_user(self.env.ref("base.user_admin"))
        with self.assertRaises(UserError):
            abime.action_remplacer("perdu")
        abime.remplacement = base64.b64encode(b"%PDF-1.4")
        with self.assertRaises(UserError):
            abime.action_remplacer("perdu")
        abime.remplacement = base64.b64encode(pdf("renumérisé"))
        self.assertNotEqual(abime.action_remplacer(), True, "le motif est exigé")
        abime.action_remplacer("page renumérisée")
        joint.invalidate_recordset()
        self.assertEqual((joint.raw, abime.state, abime.remplacement), (pdf("renumérisé"), "remplace", False))
        ligne = self.env["cnas.journal"].search([("evenement", "=", "remplacement_fichier")], limit=1, order="id desc")
        self.assertEqual((ligne.res_id, ligne.motif), (joint.res_id, "page renumérisée"))

    def test_la_liste_se_lit_en_requetes_constantes(self):
        agences = self.env["cnas.agence"].search([], limit=6)
        abimes = self.env["cnas.fichier_abime"]._creer([{
            "attachment_id": self.joint().id, "name": "a.pdf", "modele": "cnas.agence", "res_id": agence.id, "constat": "perdu"}
            for agence in agences]).with_user(self.env.ref("base.user_admin"))
        self.assertEqual(abimes.mapped("dossier"), agences.mapped("display_name"))
        _droits, deux, six = (self.requetes(lambda lus=abimes[:n]: lus.read(["dossier", "peut_remplacer"])) for n in (2, 2, 6))
        self.assertEqual(deux, six)

    def test_chaque_nuit_relit_la_suite(self):
        joints = self.joint() | self.joint() | self.joint()
        self.env["cnas.parametre"].search([("code", "=", "fichiers_relus_par_nuit")])._ecrire({"valeur": "1"})
        self.env["ir.config_parameter"].set_param("cnas.dernier_fichier_relu", joints[0].id)
        for joint in joints:
            with open(joint._full_path(joint.store_fname), "r+b") as sortie:
                sortie.write(b"xxxx")
        constats = []
        for _nuit in range(2):
            self.env["cnas.fichier_abime"]._controler_chaque_nuit()
            constats.append(self.env["cnas.fichier_abime"].search([("attachment_id", "in", joints.ids)]).attachment_id)
        self.assertEqual(constats, [joints[1], joints[1] | joints[2]])
