import base64
import os
import re
from email.message import EmailMessage

from odoo import http
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from odoo.addons.cnas_base.tests.common import HttpCase, octets, page_numerisee, pdf
from odoo.addons.cnas_base.tests.fichiers_pieges import fichiers_abimes, fichiers_sains

from .commun_feuille import CommunFeuille


@tagged("post_install", "-at_install", "cnas")
class TestFichiersRecus(HttpCase, CommunFeuille):
    """Le jeu de fichiers abîmés rejoué par les cinq portes : portail, `importer`, courriel, lot, écran."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.abimes, cls.sains = fichiers_abimes(), fichiers_sains()

    def pieces(self):
        return self.env["cnas.feuille_soin.piece"].search_count([])

    # ------------------------------------------------------------------ les portes
    def test_importer(self):
        def dossiers(prefixe, fichiers):
            return [self.dossier(f"{prefixe}-{rang}", pieces=[
                {"type": "ORDONNANCE", "nom": nom, "contenu": base64.b64encode(contenu).decode()}])
                for rang, (nom, contenu) in enumerate(fichiers.items())]
        avant = self.pieces()
        retours = self.importer(*dossiers("F", self.abimes))
        self.assertEqual((len(retours), self.pieces()), (len(self.abimes), avant))
        for nom, retour in zip(self.abimes, retours):
            self.assertIn("Pièce 1 : ", " ".join(retour["erreurs"]), nom)
            self.assertIn(nom, " ".join(retour["erreurs"]))
            self.assertFalse(retour["id"])
        for nom, retour in zip(self.sains, self.importer(*dossiers("S", {nom: sain[0] for nom, sain in self.sains.items()}))):
            self.assertFalse(retour["erreurs"], nom)
        self.assertEqual(self.pieces(), avant + len(self.sains))

    def test_courriel(self):
        message = EmailMessage()
        message["From"], message["To"], message["Subject"], message["Message-Id"] = (
            "cs@sante.example", "numerisation@cnas.example", "scans", "<pieges@x>")
        message.set_content("bonjour")
        for nom, contenu in [*self.abimes.items(), *((nom, sain[0]) for nom, sain in self.sains.items())]:
            message.add_attachment(contenu, maintype="application", subtype="octet-stream", filename=nom)
        lot = self.env["cnas.lot_numerisation"].browse(
            self.env["mail.thread"].message_process("cnas.lot_numerisation", message.as_bytes()))
        self.assertEqual(set(lot.fichier_ids.mapped("name")), set(self.sains))
        reponse = self.env["mail.mail"].search([("email_to", "=", "cs@sante.example")], order="id desc", limit=1)
        self.assertIn("scans", reponse.subject)
        for nom in self.abimes:
            self.assertIn(nom, reponse.body_html)
            self.assertIn(nom, lot.message_ids[-1].body + "".join(lot.message_ids.mapped("body")))

    def test_lot(self):
        """Un mauvais fichier garde son refus ; il n'arrête pas les autres."""
        feuille = self.deposee("L-1")
        jointes = self.env["ir.attachment"].with_user(self.agent).create(
            [{"name": nom, "raw": contenu or b" "} for nom, contenu in self.abimes.items()]
            + [{"name": nom, "raw": sain[0]} for nom, sain in self.sains.items()])
        lot = self.env["cnas.lot_numerisation"].with_user(self.agent).create({"fichier_ids": [(6, 0, jointes.ids)]})
        lot.action_reconnaitre()
        lot.ligne_ids.write({"feuille_id": feuille.id})
        lot.action_ranger()
        self.assertEqual(set(lot.ligne_ids.filtered("piece_id").attachment_id.mapped("name")), set(self.sains))
        self.assertTrue(all(lot.ligne_ids.filtered(lambda x: not x.piece_id).mapped("refus")))

    def test_ecran(self):
        feuille = self.deposee("E-1")
        avant, jointes = self.pieces(), self.env["ir.attachment"].search_count([("res_model", "like", "cnas.%")])
        pieces = self.env["cnas.feuille_soin.piece"].with_user(self.agent)
        for nom, contenu in self.abimes.items():
            with self.subTest(nom), self.assertRaises(UserError):
                pieces.create({"feuille_id": feuille.id, "name": nom, "contenu": base64.b64encode(contenu).decode()})
        self.authenticate("t_agent", "t_agent")
        for nom, contenu in self.abimes.items():
            for adresse, champs in (
                ("/web/binary/upload_attachment", {"model": "cnas.lot_numerisation", "id": 0}),
                ("/mail/attachment/upload", {"thread_model": "cnas.feuille_soin", "thread_id": feuille.id}),
            ):
                reponse = self.url_open(adresse, data={**champs, "csrf_token": self.jeton_csrf()}, files={"ufile": (nom, contenu)})
                retour = reponse.json()
                self.assertIn(nom, (retour[0] if isinstance(retour, list) else retour)["error"], (adresse, nom))
        self.assertEqual((self.pieces(), self.env["ir.attachment"].search_count([("res_model", "like", "cnas.%")])), (avant, jointes))

    def jeton_csrf(self):
        return http.Request.csrf_token(self)

    def test_portail(self):
        feuille = self.deposee("P-1")
        feuille.with_user(self.controleur).action_demander_pieces("Ordonnance")
        self.portail.password = "portail-essai-1"
        self.authenticate("t_portail", "portail-essai-1")
        avant = self.pieces()
        jeton = self.jeton_portail(feuille)
        for nom, contenu in self.abimes.items():
            reponse = self.url_open(f"/my/formation/feuilles/{feuille.id}/completer", data={"csrf_token": jeton, "type_piece": "ORDONNANCE"},
                                    files={"fichiers_0": (nom, contenu, "application/pdf")})
            self.assertIn(nom, reponse.text)
        self.assertEqual(self.pieces(), avant)

    def jeton_portail(self, feuille):
        return re.search(r'name="csrf_token" value="([^"]+)"', self.url_open(f"/my/formation/feuilles/{feuille.id}").text).group(1)

    # ------------------------------------------------------------------ aperçu
    def test_apercu_page_par_page(self):
        feuille = self.deposee("A-1")
        contenu = self.sains["scan.tif"][0]
        piece = self.env["cnas.feuille_soin.piece"].with_user(self.agent).create(
            {"feuille_id": feuille.id, "name": "scan.tif", "contenu": base64.b64encode(contenu).decode()})
        self.assertEqual((piece.attachment_id.raw, piece.mimetype), (contenu, "image/tiff"))
        apercu = piece.apercu_id
        self.assertEqual((apercu.mimetype, apercu.res_model, apercu.res_id), ("application/pdf", "cnas.feuille_soin", feuille.id))
        formats = {f["id"]: f["mimetype"] for f in (piece.attachment_id | apercu)._attachment_format()}
        self.assertEqual(formats, {piece.attachment_id.id: "application/octet-stream", apercu.id: "application/pdf"})
        with self.assertRaises(UserError):
            apercu.with_user(self.agent).unlink()
        with self.assertRaises(UserError):
            piece.write({"apercu_id": piece.attachment_id.id})

    # ------------------------------------------------------------------ déjà vue
    def test_meme_page_signalee(self):
        page = page_numerisee(77, (1240, 1754))
        pieces = self.env["cnas.feuille_soin.piece"].with_user(self.agent)

        def joindre(feuille, contenu):
            return pieces.create({"feuille_id": feuille.id, "name": "scan.jpg", "contenu": base64.b64encode(contenu).decode()})
        premiere, deuxieme, autre = (self.deposee(f"V-{n}") for n in range(3))
        originale = joindre(premiere, octets(page, "JPEG"))
        self.assertFalse(originale.ressemblance)
        self.assertFalse(joindre(premiere, octets(page.rotate(90, expand=True), "JPEG")).ressemblance, "le même dossier")
        copie = joindre(deuxieme, octets(page.rotate(180).crop((20, 20, 1220, 1740)), "JPEG", quality=40))
        self.assertEqual(copie.deja_vue_id, premiere)
        self.assertIn(premiere.numero, copie.ressemblance)
        self.assertIn(premiere.numero, deuxieme.message_ids[0].body)
        differente = joindre(autre, octets(page_numerisee(78, (1240, 1754)), "JPEG"))
        self.assertFalse(differente.deja_vue_id or differente.ressemblance)

    def test_lot_de_pages_compare_plus_tard(self):
        un, deux = self.deposee("W-1"), self.deposee("W-2")
        pieces = self.env["cnas.feuille_soin.piece"].sudo()
        images = [page_numerisee(100 + n) for n in range(21)]
        pieces.create([{"feuille_id": un.id, "name": f"{n}.png", "contenu": base64.b64encode(octets(i, "PNG")).decode()}
                       for n, i in enumerate(images)])
        copies = pieces.create([{"feuille_id": deux.id, "name": f"{n}.jpg", "contenu": base64.b64encode(octets(i, "JPEG")).decode()}
                                for n, i in enumerate(images)])
        self.assertFalse(any(copies.mapped("ressemblance")))
        pieces._comparer_vues()
        self.assertEqual(copies.deja_vue_id, un)
        self.assertTrue(all(copies.mapped("ressemblance")))

    # ------------------------------------------------------------------ remplacement
    def test_piece_perdue_remplacee(self):
        feuille = self.deposee("X-1")
        piece = self.env["cnas.feuille_soin.piece"].with_user(self.agent).create(
            {"feuille_id": feuille.id, "name": "a.pdf", "contenu": base64.b64encode(pdf("perdue bientôt")).decode()})
        os.unlink(piece.attachment_id._full_path(piece.attachment_id.store_fname))
        self.env["cnas.fichier_abime"]._controler_chaque_nuit()
        abime = self.env["cnas.fichier_abime"].search([("attachment_id", "=", piece.attachment_id.id)]).with_user(self.agent)
        self.assertEqual(abime.dossier, feuille.display_name)
        feuille._ecrire({"saisie_par_id": self.agent.id, "controleur_id": False})
        self.env["cnas.parametre"].search([("code", "=", "cloison_agences")])._ecrire({"valeur": "oui"})
        ailleurs = abime.with_user(new_test_user(self.env, "t_ailleurs", groups="cnas_base.group_agent",
                                                 agence_ids=[(6, 0, self.env.ref("cnas_base.agence_abeche").ids)]))
        self.env.invalidate_all()
        self.assertEqual((abime.search([("id", "=", abime.id)]), ailleurs.search([("id", "=", abime.id)])), (abime, abime.browse()))
        for geste in (lambda: ailleurs.read(["name", "remplacement"]), lambda: ailleurs.write({"remplacement": base64.b64encode(pdf())}),
                      lambda: ailleurs.action_remplacer("perdu"), lambda: abime.with_user(self.finance).read(["name"])):
            with self.assertRaises(AccessError):
                geste()
        abime.remplacement = base64.b64encode(pdf("renumérisée"))
        abime.action_remplacer("perdue sur le disque")
        self.assertEqual((piece.attachment_id.raw, piece.taille), (pdf("renumérisée"), len(pdf("renumérisée"))))
        with self.assertRaises(UserError):
            piece.attachment_id.with_user(self.agent).write({"raw": pdf("autre")})
