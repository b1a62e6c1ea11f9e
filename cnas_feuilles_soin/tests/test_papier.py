import base64
import csv
import io
import json
from datetime import timedelta
from types import SimpleNamespace
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools.translate import code_translations

from odoo.addons.cnas_base.tests.common import pdf
from odoo.addons.cnas_base.tests.pdf import codes_lus, pages_pdf, texte_pdf

from ..report.papiers_pdf import dessiner_accuses, dessiner_bordereaux
from .commun_feuille import PDF, CommunFeuille


class Autre:
    """La même feuille, d'une autre personne."""

    def __init__(self, feuille, rang):
        self._feuille = feuille
        self.numero = self.display_name = f"AG-TST-2026-{rang:06d}"
        self.reference = f"FS{rang:05d}"
        self.assure_id = SimpleNamespace(name=f"Assuré {rang * 7919}", matricule=f"TD126{rang * 7919:07d}12")

    def __getattr__(self, nom):
        return getattr(self._feuille, nom)


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
        gel = self.env["cnas.gel"].with_user(self.superviseur).create({"name": "Recours", "motif": "Tribunal", "assure_id": feuille.assure_id.id})
        with self.assertRaisesRegex(UserError, "sous gel juridique"):
            boite.with_user(self.superviseur).action_detruire("PV 12")
        gel.action_lever("Jugé")
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

    def test_imprimer_rien_se_refuse(self):
        for nom in ("accuse_depot", "demande_pieces", "notification_rejet", "bordereau_transmission", "boite_archive_etiquette"):
            with self.subTest(nom), self.assertRaisesRegex(UserError, "Choisissez"):
                self.env["ir.actions.report"]._render_qweb_pdf(f"cnas_feuilles_soin.{nom}", [])

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
        # l'addon des échanges, s'il est là, livre l'export fermé
        self.env["cnas.parametre"].search([("code", "=", "decisions_a_tous")]).sudo()._ecrire({"valeur": "oui"})
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

    def adresse_publique(self):
        """Règle l'adresse que portent les QR."""
        self.env["ir.config_parameter"].sudo().set_param("web.base.url", "https://cnas.example.td")

    def test_documents_imprimes(self):
        self.adresse_publique()
        feuille = self._numerisee()
        feuille.with_user(self.controleur).action_demander_pieces("Ordonnance signée")
        rapports = self.env["ir.actions.report"]
        for nom in ("accuse_depot_report", "demande_pieces_report", "notification_rejet_report"):
            contenu, genre = rapports._render_qweb_pdf(f"cnas_feuilles_soin.{nom}", feuille.ids)
            texte = texte_pdf(contenu)
            self.assertEqual((contenu[:4], genre), (b"%PDF", "pdf"))
            self.assertIn(feuille.numero, texte)
            self.assertIn("Page 1 / 1", texte)
            qr, numero = sorted(codes_lus(contenu, 150), key=lambda code: "/" not in code)
            self.assertEqual(numero, feuille.numero)
            self.assertEqual(self.env["cnas.papier.mixin"]._trouver_papier(qr.rpartition("/")[2])[1], feuille)
            self.assertNotIn(self.palu.name, texte)
            with self.assertRaisesRegex(UserError, "PDF"):
                rapports._render_qweb_html(f"cnas_feuilles_soin.{nom}", feuille.ids)
        with self.assertRaises(UserError):
            self.brouillon().action_imprimer_accuse()

    def test_en_arabe_pour_qui_l_a_choisi(self):
        """La formation qui a choisi l'arabe le reçoit : titre arabe devant, codes toujours lus, numéros à l'endroit ; les autres, en français."""
        self.adresse_publique()
        un, deux = self.deposee("I-1"), self.deposee("I-2")
        un.formation_id.langue = "ar_001"
        self.env["res.lang"]._activate_lang("ar_001")
        for prestation in un.ligne_ids.prestation_id:
            prestation.update_field_translations("name", {"ar_001": "خدمة تجريبية"})
        traductions = {"Prix unitaire": "سعر الوحدة", "Suite du rejet de la feuille %s": "تابع %s"}
        with patch.object(code_translations, "get_python_translations", lambda _module, _langue: traductions if _langue == "ar_001" else {}):
            contenu = dessiner_accuses(un)
        self.assertIn(un.numero, codes_lus(contenu, 150))
        texte = texte_pdf(contenu)
        self.assertIn("Accusé de dépôt", texte, "le titre français dessous")
        self.assertNotIn("Prix unitaire", texte)
        self.assertNotIn("Consultation d'essai", texte, "le nom de l'acte est dans sa langue")
        self.assertIn(un.numero, texte)
        un.formation_id.langue = False
        self.assertIn("Prix unitaire", texte_pdf(dessiner_accuses(deux)))

    def test_deux_cents_feuilles_imprimees(self):
        """Un bordereau de deux cents feuilles tient en 200 ko ; un accusé par feuille, QR compris, ajoute un ko chacun."""
        self.adresse_publique()
        feuille = self.deposee("I-1")
        bordereau = SimpleNamespace(
            env=self.env, name="BT-1", display_name="BT-1", agence_id=self.agence, destination_id=self.agence, date_envoi=False, feuille_ids=[feuille] * 200,
            _url_papier=feuille._url_papier, manquante_ids=[], observation=False, envoye_par_id=self.agent, recu_par_id=self.agent)
        self.assertLessEqual(len(dessiner_bordereaux([bordereau])), 200 * 1024)
        accuses = dessiner_accuses([Autre(feuille, rang) for rang in range(60)])
        self.assertLessEqual(len(accuses) - len(dessiner_accuses([feuille])), 59 * 1024, "un ko par accusé, QR compris")
        pages = pages_pdf(accuses)
        self.assertEqual(len(pages), 60)
        for rang in (0, 57):
            texte = texte_pdf(pages[rang])
            for mot in ("Page 1 / 1", f"Assuré {rang * 7919}", f"AG-TST-2026-{rang:06d}", "Consultation d'essai", "RÉPUBLIQUE DU TCHAD"):
                self.assertIn(mot, texte)
        self.assertIn("AG-TST-2026-000057", codes_lus(pages[57], 150), "le code-barres se lit encore à 150 points par pouce")

    def test_longue_feuille_rien_de_tronque(self):
        """Titres et rappel à chaque page, report, prestation entière, signatures jamais seules."""
        feuille = self.brouillon()
        longue = self.env["cnas.acte"].create({
            "code": "T-LONG", "name": "Exploration fonctionnelle " * 9 + "FIN-ENTIERE", "type_prestation": "acte", "mode_tarif": "forfait"})
        feuille.write({"ligne_ids": [(0, 0, {"prestation_id": longue.prestation_id.id, "quantite": 1, "prix_unitaire": 1500})
                                     for _rang in range(60)]})
        pages = [texte_pdf(page) for page in pages_pdf(dessiner_accuses(feuille))]
        self.assertGreater(len(pages), 3)
        self.assertEqual("".join(pages).replace("\r", "").replace("\n", "").count("FIN-ENTIERE"), 60)
        for rang, page in enumerate(pages, 1):
            self.assertIn(f"Page {rang} / {len(pages)}", page)
            self.assertIn("Prix unitaire", page)
        self.assertIn("Suite de la feuille", pages[1])
        self.assertIn("À reporter", pages[0])
        self.assertIn("Report", pages[1])
        self.assertIn("Signature et cachet", pages[-1])
        self.assertIn("FIN-ENTIERE", pages[-1].replace("\r\n", ""), "deux prestations au moins avec les signatures")

    def test_bordereau_et_etiquette_imprimes(self):
        un = self.deposee("R-1")
        bordereau = self.env["cnas.bordereau_transmission"].with_user(self.agent).create({
            "agence_id": self.agence.id, "destination_id": self.env["cnas.agence"].search([("siege", "=", True)], limit=1).id})
        bordereau.action_remplir()
        boite = self.env["cnas.boite_archive"].with_user(self.agent).create({"agence_id": self.agence.id, "emplacement": "Salle ɓ, étagère ɗ ŋ"})
        for document, attendus in ((bordereau, (bordereau.name, un.numero)), (boite, (boite.name, "ɓ", "ɗ", "ŋ"))):
            contenu = document._pdf()
            self.assertIn(document.name, codes_lus(contenu, 150))
            for attendu in attendus:
                self.assertIn(attendu, texte_pdf(contenu))

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
