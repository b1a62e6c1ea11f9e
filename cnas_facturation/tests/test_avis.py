import re
from unittest.mock import Mock, patch

import requests

from odoo.tests.common import tagged

from odoo.addons.cnas_base.impression.langue import ARABE
from odoo.addons.cnas_base.jour import aujourd_hui

from .commun_facture import MOIS, CommunFacture

POSTER = "odoo.addons.cnas_facturation.models.sms.requests.post"


@tagged("post_install", "-at_install", "cnas")
class TestAvis(CommunFacture):
    """Payé, rejeté et pourquoi, pièce manquante, RIB changé, recours décidé : qui doit le savoir le sait, d'un lien qui s'ouvre."""

    def brancher(self):
        for code, valeur in (("sms_adaptateur", "http"), ("sms_adresse", "https://sms.example.td/envoi")):
            self.env["cnas.parametre"]._dater(code, valeur, aujourd_hui())

    def sms(self, numero):
        return self.env["cnas.sms"].search([("numero", "=", numero.replace(" ", ""))])

    def avis(self, dossier):
        self.env.flush_all()
        return self.env["cnas.journal"].search(
            [("modele", "=", dossier._name), ("res_id", "=", dossier.id), ("evenement", "=", "avis")])

    def test_paye_dit_quand_et_par_quel_ordre(self):
        facture = self.payee()
        message = facture.message_ids.filtered(lambda m: m.subject and m.subject.startswith("Facture payée"))
        self.assertIn(aujourd_hui().strftime("%d/%m/%Y"), message.body)
        self.assertIn(facture.ordre_ids[0].numero, message.body)
        self.assertRegex(message.body, rf"href=[\"']https?://[^/]+/my/formation/factures/{facture.id}[\"']")
        self.assertNotRegex(message.body, r"\d{4}-\d{2}-\d{2}")
        self.assertIn(self.portail.partner_id, message.notified_partner_ids)

    def test_assure_sans_adresse_le_journal_garde_l_avis(self):
        assure = self.creer_assure("Direct", "1980-01-01")
        facture = self.remboursement(assure)
        self.assertEqual(self.avis(facture).mapped("apres")[-1]["voies"], ["fil"])
        self.assertFalse(self.env["cnas.sms"].search([]))

    def test_assure_courriel_et_sms(self):
        self.brancher()
        assure = self.creer_assure("Direct", "1980-01-01")
        assure._ecrire({"email": "direct@example.org", "telephone_1": "66 12 34 56"})
        facture = self.remboursement(assure)
        courriels = self.env["mail.mail"].search([("email_to", "=", "direct@example.org")])
        self.assertTrue(any("Facture payée" in c.subject for c in courriels))
        textes = self.sms(assure.telephone_1).mapped("texte")
        lien = facture.decompte_id._url_assure()
        self.assertTrue(all(lien in texte for texte in textes) and textes)
        for prestation in facture.feuille_ids.ligne_ids.prestation_id:
            self.assertFalse([texte for texte in textes if prestation.name in texte or prestation.code in texte])

    def test_dans_la_langue_de_qui_le_lit(self):
        """L'agent travaille en français ; le fil, le courriel, son papier et le SMS d'un lecteur arabe sont en arabe, et du bon sens."""
        self.brancher()
        self.env["res.lang"]._activate_lang(ARABE)
        assure = self.creer_assure("Direct", "1980-01-01")
        assure._ecrire({"email": "direct@example.org", "telephone_1": "66 12 34 56", "langue": ARABE})
        facture = self.remboursement(assure)
        courriel = self.env["mail.mail"].search([("email_to", "=", "direct@example.org")], order="id desc", limit=1)
        self.formation.langue = ARABE
        autre = self.payee()
        assure._annoncer_changement(lambda assure: assure.env.lang, set())
        annonce = self.env["mail.mail"].search([("email_to", "=", "direct@example.org")], order="id desc", limit=1)
        for texte in (courriel.subject, courriel.body_html, annonce.subject, *self.sms(assure.telephone_1).mapped("texte"),
                      *(message.body for message in (facture | autre).message_ids if message.subject)):
            self.assertRegex(str(texte), "[\u0600-\u06ff]{4}")
        self.assertNotIn("Facture payée", courriel.subject)
        self.assertIn('dir="rtl"', courriel.body_html)
        self.assertIn(ARABE, annonce.body_html)

    def test_un_lot_en_requetes_constantes(self):
        """Six remboursements payés se disent en autant de requêtes qu'un seul ; une formation reçoit un seul avis."""
        self.brancher()
        factures = self.factures
        for rang in range(6):
            assure = self.creer_assure(f"Lot{rang}", "1980-01-01")
            assure._ecrire({"email": f"lot{rang}@example.org", "telephone_1": f"66 12 34 {rang}0"})
            factures |= self.remboursement(assure, "ordonnancee")
        factures._ecrire({"date_paiement": aujourd_hui(), "reference_paiement": "MM-9"})
        _chauffe, un, six = (self.requetes(lot._informer_paiement) for lot in (factures, factures[:1], factures))
        self.assertLessEqual(six, un + 2)
        self.assertEqual(len(self.sms("+23566123450")), 3, "son décompte, puis deux fois son paiement")

    def test_passerelle(self):
        self.brancher()
        sms = self.env["cnas.sms"].sudo()._deposer([(self.formation, "+235 66 12 34 56", "Essai " * 200)])
        with patch(POSTER, side_effect=requests.ConnectionError):
            self.env["cnas.sms"]._envoyer_en_attente()
        self.assertEqual((sms.state, sms.essais), ("attente", 0), "une panne s'attend, sans compter")
        self.assertLessEqual(len(sms.texte), 459)
        with patch(POSTER, return_value=Mock(ok=False, status_code=503)):
            self.env["cnas.sms"]._envoyer_en_attente()
        self.assertEqual((sms.state, sms.essais), ("attente", 1))
        with patch(POSTER, return_value=Mock(ok=True)) as envoi:
            self.env["cnas.sms"]._envoyer_en_attente()
            self.env["cnas.sms"]._envoyer_en_attente()
        self.assertEqual((sms.state, envoi.call_count), ("envoye", 1))
        self.assertEqual(envoi.call_args.kwargs["json"]["to"], "+23566123456")
        perdu = self.env["cnas.sms"].sudo()._deposer([(self.formation, "+235 66 12 34 57", "Essai")])
        with patch(POSTER, return_value=Mock(ok=False, status_code=400)):
            for _essai in range(6):
                self.env["cnas.sms"]._envoyer_en_attente()
        self.assertEqual((perdu.state, perdu.essais), ("echec", 5))

    def test_recours_decide_et_changement(self):
        self.brancher()
        facture = self.en_controle()
        self.decider(facture.feuille_ids[0], "rejetee")
        facture.with_user(self.superviseur).action_valider()
        self.formation._ecrire({"telephone_1": "+235 66 20 30 40"})
        ligne = facture.decompte_id.ligne_ids.filtered(lambda n: n.decision == "rejetee")[0]
        recours = self.env["cnas.contestation"].with_user(self.portail).create({
            "decompte_ligne_id": ligne.id, "motif": "Ordonnance", "montant_demande": 100})
        recours.with_user(self.controleur).action_rejeter("Pièce illisible")
        self.assertRegex(recours.message_ids[0].body, r"href=[\"']https?://[^/]+/my/formation/contestations[\"']")
        self.formation._annoncer_changement(lambda _formation: "RIB changé : 123 → 456", set())
        textes = self.sms("+23566203040").mapped("texte")
        self.assertTrue([texte for texte in textes if "rejetée" in texte])
        self.assertFalse([texte for texte in textes if "illisible" in texte], "le motif se lit au dossier, pas sur un téléphone")
        changement = [texte for texte in textes if "changement" in texte]
        self.assertTrue(changement and "456" not in changement[0])

    def test_entente_decidee(self):
        """Accordée ou refusée : la formation l'apprend au fil, dans son espace, par SMS ; ni le patient, ni le soin, ni le motif."""
        self.formation._ecrire({"telephone_1": "+235 66 20 30 45"})
        ententes = self.env["cnas.entente_prealable"].with_user(self.agent).create([{
            "assure_id": self.assure.id, "formation_id": self.formation.id, "prestation_id": self.acte.prestation_id.id,
            "quantite_demandee": 1, "pathologie_id": self.palu.id} for _rang in range(2)]).with_user(self.medecin)
        ententes.action_examiner()
        ententes[0].action_refuser("Non fondée médicalement")
        self.assertEqual(self.avis(ententes[0]).mapped("apres")[-1]["voies"], ["fil", "portail"], "sans SMS branché, le journal garde l'avis")
        self.brancher()
        ententes[1].action_accorder()
        self.assertEqual(self.avis(ententes[1]).mapped("apres")[-1]["voies"], ["fil", "portail", "sms"])
        for entente, dit in zip(ententes.sudo(), ("refusée", "accordée")):
            message = entente.message_ids.filtered(lambda m: self.portail.partner_id in m.notified_partner_ids)
            self.assertIn(dit, message.body)
            self.assertRegex(message.body, rf"/my/formation/ententes/{entente.id}[\"']")
            for secret in (self.assure.name, self.assure.matricule, entente.prestation_id.name, "médicalement"):
                self.assertNotIn(secret, message.body)
        self.assertIn(ententes[1].numero, self.sms("+23566203045").texte)

    def test_motif_et_lien(self):
        """Le motif d'une annulation ne part pas par SMS ; un texte trop long se coupe, jamais son lien."""
        self.brancher()
        self.formation._ecrire({"telephone_1": "+235 66 20 30 42"})
        indu = self.env["cnas.indu"].with_user(self.controleur).create(
            {"motif": "Acte fictif", "montant": 1000, "formation_id": self.formation.id})
        indu.with_user(self.superviseur).action_notifier()
        action = indu.with_user(self.finance).action_encaisser(1000, "cheque", self.jour(), "CHQ")
        self.env["cnas.indu.reglement"].browse(action["res_id"]).with_user(self.finance2).action_annuler("Signature contestée " * 40)
        textes = self.sms("+23566203042").mapped("texte")
        self.assertTrue([texte for texte in textes if "annulé" in texte])
        self.assertFalse([texte for texte in textes if "contestée" in texte or "fictif" in texte])
        texte = self.env["cnas.avis"]._texte_sms("Long " * 200, "https://cnas.example.td/x")
        self.assertTrue(texte.endswith(" https://cnas.example.td/x"))
        self.assertLessEqual(len(texte), 459)

    def test_remboursement_ne_se_dit_pas_a_la_formation(self):
        """Le remboursement d'un assuré, et le lien de son recours, ne vont qu'à lui, même si la facture nomme la formation."""
        assure = self.creer_assure("Direct", "1980-01-01")
        valeurs = {"mode": "remboursement", "assure_id": assure.id, "formation_id": self.formation.id, "periode": MOIS}
        ecran = self.factures.with_user(self.agent2).new({**valeurs, "mode": "tiers_payant"})
        ecran.mode = "remboursement"
        ecran._onchange_mode()
        self.assertFalse(ecran.formation_id, "choisie avant de changer de mode, elle ne reste pas derrière l'écran")
        facture = self.factures.with_user(self.agent2).create(valeurs)
        self.importer(self.dossier(self._reference(), matricule=assure.matricule, mode="remboursement"))
        facture.with_user(self.agent2).action_rassembler()
        facture.with_user(self.agent2).action_soumettre()
        self.decider(facture.feuille_ids)
        facture.with_user(self.controleur).action_controler()
        facture.with_user(self.superviseur).action_valider()
        self.assertNotIn(self.portail.partner_id, facture.message_ids.notified_partner_ids)
        self.assertNotIn(self.formation.partner_id, facture.message_ids.notified_partner_ids)
        recours = self.env["cnas.contestation"].with_user(self.agent).create({
            "decompte_ligne_id": facture.decompte_id.ligne_ids[0].id, "motif": "Ticket à tort", "montant_demande": 10})
        self.assertEqual(recours.formation_id, self.formation)
        self.assertFalse(self.env["cnas.contestation"].with_user(self.portail).search([("id", "=", recours.id)]),
                         "le recours de l'assuré n'est pas celui de la formation que nomme sa facture")

    def test_piece_manquante(self):
        self.brancher()
        self.formation._ecrire({"telephone_1": "+235 66 20 30 41", "email": "formation@example.org"})
        feuille = self.feuille()
        feuille.with_user(self.controleur).action_demander_pieces("Ordonnance")
        self.assertIn("Pièces attendues", self.sms("+23566203041").texte)
        courriel = self.env["mail.mail"].search([("email_to", "ilike", "formation@example.org")], order="id desc", limit=1)
        self.assertIn(feuille.date_limite_instance.strftime("%d/%m/%Y"), courriel.body_html)
        self.assertTrue(re.search(rf"https?://[^/]+/my/formation/feuilles/{feuille.id}", courriel.body_html))
