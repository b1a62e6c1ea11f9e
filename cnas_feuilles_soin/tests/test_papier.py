import base64
import csv
import io
import json
from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.cnas_base.tests.common import pdf

from .commun_feuille import PDF, CommunFeuille


@tagged("post_install", "-at_install", "cnas")
class TestPapier(CommunFeuille):

    def _numerisee(self, reference="R-1"):
        return self.deposee(reference, pieces=[{"type": "FEUILLE", "nom": "scan.pdf", "contenu": PDF}])

    def _boite(self, **autres):
        return self.env["cnas.boite_archive"].with_user(self.agent).create(
            {"agence_id": self.agence.id, "emplacement": "Salle B", **autres})

    # ------------------------------------------------------------------ archives
    def test_garde_de_quinze_jours(self):
        feuille = self._numerisee().with_user(self.agent)
        self.assertEqual((feuille.date_archivage_prevue - feuille.date_numerisation).days, 15)
        boite = self._boite()
        with self.assertRaisesRegex(UserError, "se garde jusqu"):
            feuille.action_archiver_papier(boite.id)
        with freeze_time(fields.Datetime.now() + timedelta(days=15)):
            feuille.action_archiver_papier(boite.id)
            self.assertEqual((feuille.papier, feuille.boite_id), ("archive", boite))
            self.assertEqual(feuille.archivee_par_id, self.agent)
            with self.assertRaisesRegex(UserError, "déjà archivé"):
                feuille.action_archiver_papier(boite.id)

    def test_bloque_en_instance_ou_sans_scan(self):
        boite = self._boite()
        with freeze_time(fields.Datetime.now() + timedelta(days=20)):
            with self.assertRaisesRegex(UserError, "n'est pas numérisé"):
                self.deposee("R-0").with_user(self.agent).action_archiver_papier(boite.id)
        feuille = self._numerisee()
        feuille.with_user(self.controleur).action_demander_pieces("manque")
        with freeze_time(fields.Datetime.now() + timedelta(days=20)), self.assertRaisesRegex(UserError, "En instance"):
            feuille.with_user(self.agent).action_archiver_papier(boite.id)

    def test_destruction(self):
        feuille = self._numerisee()
        boite = self._boite(capacite=1)
        with freeze_time(fields.Datetime.now() + timedelta(days=16)):
            feuille.with_user(self.agent).action_archiver_papier(boite.id)
        boite.action_fermer()
        with self.assertRaises(AccessError):
            boite.action_detruire("PV 12")
        with self.assertRaisesRegex(UserError, "n'est pas clos"):
            boite.with_user(self.superviseur).action_detruire("PV 12")
        feuille.with_user(self.agent).action_annuler("Erreur")
        boite.with_user(self.superviseur).action_detruire("PV 12")
        self.assertEqual((boite.state, feuille.papier, boite.motif_destruction), ("detruite", "detruit", "PV 12"))
        with self.assertRaises(UserError):
            boite.unlink()

    def test_boite_pleine(self):
        un, deux = self._numerisee("R-1"), self._numerisee("R-2")
        with freeze_time(fields.Datetime.now() + timedelta(days=16)), self.assertRaisesRegex(UserError, "place"):
            (un | deux).with_user(self.agent).action_archiver_papier(self._boite(capacite=1).id)

    # ------------------------------------------------------------------ bordereau
    def test_bordereau_et_ecarts(self):
        un, deux = self.deposee("R-1"), self.deposee("R-2")
        siege = self.env["cnas.agence"].search([("siege", "=", True)], limit=1)
        bordereau = self.env["cnas.bordereau_transmission"].with_user(self.agent).create(
            {"agence_id": self.agence.id, "destination_id": siege.id})
        with self.assertRaisesRegex(UserError, "vide"):
            bordereau.action_envoyer()
        bordereau.action_remplir()
        self.assertEqual(bordereau.feuille_ids, un | deux)
        with self.assertRaises(UserError):
            bordereau.action_recevoir()
        bordereau.action_envoyer()
        self.assertEqual(bordereau.nombre_envoye, 2)
        bordereau.manquante_ids = deux
        bordereau.action_recevoir()
        self.assertEqual((bordereau.state, un.bordereau_id), ("recu", bordereau))
        self.assertFalse(deux.bordereau_id)
        with self.assertRaises(UserError):
            bordereau.unlink()

    # ------------------------------------------------------------------ numérisation par lot
    def test_lot_de_numerisation(self):
        feuille, autre = self.deposee("REF-AA"), self.deposee("REF-BB")
        fichiers = self.env["ir.attachment"].create([
            {"name": nom, "raw": contenu} for nom, contenu in (
                (f"{feuille.numero}.pdf", pdf("un")), ("ref-bb.pdf", pdf("deux")),
                ("inconnu.pdf", pdf("trois")), (f"{autre.numero} page 2.pdf", b"MZ virus"))])
        lot = self.env["cnas.lot_numerisation"].with_user(self.agent).create({"fichier_ids": [(6, 0, fichiers.ids)]})
        lot.action_ranger()
        self.assertEqual(len(feuille.piece_ids), 1)
        self.assertEqual(len(autre.piece_ids), 1)
        self.assertEqual(lot.restants, 2)
        self.assertEqual(len(lot.ligne_ids.filtered("refus")), 1)
        lot.action_ranger()
        self.assertEqual(len(feuille.piece_ids), 1)

    def test_lot_par_courriel(self):
        courriel = (
            "From: cs@sante.example\nTo: numerisation@cnas.example\nSubject: scans\nMessage-Id: <a1@x>\n"
            "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=B\n\n--B\nContent-Type: text/plain\n\nbonjour\n"
            "--B\nContent-Type: application/pdf\nContent-Disposition: attachment; filename=\"a.pdf\"\n"
            f"Content-Transfer-Encoding: base64\n\n{PDF}\n--B--\n")
        lot_id = self.env["mail.thread"].message_process("cnas.lot_numerisation", courriel)
        self.assertEqual(self.env["cnas.lot_numerisation"].browse(lot_id).fichier_ids.mapped("name"), ["a.pdf"])

    # ------------------------------------------------------------------ export et impressions
    def test_export_des_decisions(self):
        feuille = self.deposee("=CMD()")
        feuille.with_user(self.controleur).action_rejeter("motif")
        jour = fields.Date.to_string(fields.Date.context_today(self.env.user))
        modele = self.feuilles.with_user(self.superviseur)
        fait = modele.exporter_decisions(jour, jour, "json")
        rangs = [r for r in json.loads(base64.b64decode(fait["contenu"])) if r["numero"] == feuille.numero]
        self.assertEqual(len(rangs), 2)
        self.assertEqual(sum(r["montant_rejete"] for r in rangs), 2700)
        self.assertNotIn("pathologie", " ".join(rangs[0]))
        fait = modele.exporter_decisions(jour, jour, "csv")
        texte = base64.b64decode(fait["contenu"]).decode("utf-8-sig")
        self.assertIn("'=CMD()", texte)
        self.assertTrue(list(csv.DictReader(io.StringIO(texte), delimiter=";")))
        with self.assertRaises(AccessError):
            self.feuilles.with_user(self.agent).exporter_decisions(jour, jour)
        for mauvais in (("hier", jour), (jour, "2020-01-01"), (None, None)):
            with self.assertRaises(UserError):
                modele.exporter_decisions(*mauvais)

    def test_documents_imprimes(self):
        feuille = self._numerisee()
        feuille.with_user(self.controleur).action_demander_pieces("Ordonnance signée")
        rapports = self.env["ir.actions.report"]
        for nom in ("accuse_depot_report", "demande_pieces_report", "notification_rejet_report"):
            html = rapports._render_qweb_html(f"cnas_feuilles_soin.{nom}", feuille.ids)[0].decode()
            self.assertIn(feuille.numero, html)
            self.assertIn("data:image/png;base64", html)
            self.assertNotIn(self.palu.name, html)
        with self.assertRaises(UserError):
            self.brouillon().action_imprimer_accuse()

    def test_verifier_avant_depot(self):
        """L'essai montre ce que diraient les règles, sans rien garder ni prendre de numéro."""
        feuille = self.brouillon()
        action = feuille.action_verifier_avant_depot()
        resultat = self.env["cnas.verification.wizard"].browse(action["res_id"]).resultat
        self.assertIn("serait", resultat)
        self.assertEqual((feuille.state, feuille.numero), ("brouillon", False))
        self.assertFalse(feuille.anomalie_ids)
        feuille.action_deposer()
        self.assertTrue(feuille.numero.endswith("000001"))
