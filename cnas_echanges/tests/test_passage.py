import os
import socket
import struct
import threading
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.cnas_facturation.models.sms import PasserelleInjoignable, couper_sms
from odoo.addons.cnas_feuilles_soin.tests.commun_portail import CommunPortail

from ..models.sms import PasserelleSmpp


@tagged("post_install", "-at_install", "cnas")
class TestPassage(CommunPortail):
    """Le code de passage, sa règle éteinte, le message au patient et ses voies."""

    def regler(self, code, valeur):
        self.env["cnas.parametre"].search([("code", "=", code)]).sudo()._ecrire({"valeur": valeur})

    def allumer_la_regle(self):
        self.env["cnas.regle_parametre"].search([("code", "=", "exige"), ("regle_id.code", "=", "PAS-01")]).parametre_id.sudo()._ecrire({"valeur": "oui"})

    def passages(self, user=None):
        return self.env["cnas.passage"].with_user(user or self.portail)

    # ------------------------------------------------------------------ le code
    def test_demander_puis_confirmer(self):
        self.regler("sms_adaptateur", "fichier")
        self.assure.telephone_1 = "66 12 34 56"
        self.assertIn("code part", self.passages().demander("T-CS-01", self.assure.matricule))
        passage = self.env["cnas.passage"].search([("assure_id", "=", self.assure.id)])
        code = passage._code()
        self.assertIn(code, self.env["cnas.sms"].search([("modele", "=", "cnas.passage"), ("res_id", "=", passage.id)]).texte)
        self.assertEqual(self.env["cnas.passage"]._codes_du_jour(self.assure), [(self.formation.name, code)])
        with self.assertRaisesRegex(UserError, "pas celui de cette personne"), self.cr.savepoint():
            self.passages().confirmer("T-CS-01", self.assure.matricule, "000000" if code != "000000" else "111111")
        self.assertTrue(self.passages().confirmer("T-CS-01", self.assure.matricule, code))
        self.assertEqual((passage.state, passage.confirme_par_id), ("confirme", self.portail))
        with self.assertRaisesRegex(UserError, "pas la vôtre"):
            self.passages(self.voisin).confirmer("T-CS-01", self.assure.matricule, code)
        self.assertFalse(self.passages(self.voisin).search([("id", "=", passage.id)]))
        with self.assertRaises(UserError):
            self.passages().confirmer("T-CS-01", self.assure.matricule, code, "2026-01-01")

    def test_par_la_carte(self):
        """Hors ligne : le QR signé de la carte vaut code, le jour des soins ; une carte d'autrui, non."""
        carte = self.env["cnas.carte"].sudo()
        with patch.object(type(self.env["cnas.assure"]), "_numero_du_qr", lambda _s, _t: ("C1", False)), \
                patch.object(type(carte), "search", lambda _s, *_a, **_k: carte.new({"assure_id": self.assure.id})):
            self.assertTrue(self.passages().confirmer("T-CS-01", self.assure.matricule, "CNAS1|x|C1", "2026-11-24"))
        self.assertEqual(self.env["cnas.passage"].search([("assure_id", "=", self.assure.id)]).canal, "carte")
        with self.assertRaisesRegex(UserError, "signé"):
            self.passages().confirmer("T-CS-01", self.enfant.matricule, "CNAS1|faux|C1")

    def test_chiffres_arabes_et_redite(self):
        """Un clavier arabe donne le même code ; un passage confirmé, redit après le délai, le reste."""
        self.passages().demander("T-CS-01", self.assure.matricule, "portail")
        passage = self.env["cnas.passage"].search([("assure_id", "=", self.assure.id)])
        code = "".join(chr(0x660 + int(chiffre)) for chiffre in passage._code())
        for faux in ("²²²²²²", "١٢"):
            with self.assertRaises(UserError), self.cr.savepoint():
                self.passages().confirmer("T-CS-01", self.assure.matricule, faux)
        self.assertTrue(self.passages().confirmer("T-CS-01", self.assure.matricule, code))
        passage.sudo()._ecrire({"jour": "2026-01-05"})
        self.assertTrue(self.passages().confirmer("T-CS-01", self.assure.matricule, "000000", "2026-01-05"))

    def test_la_regle_est_eteinte(self):
        """Éteinte, rien ; allumée, la feuille sans passage se signale, et celle d'un passage confirmé non."""
        feuille = self.deposee("PA-1")
        feuille._controler()
        self.assertNotIn("PAS-01", feuille.anomalie_ids.mapped("code"))
        self.allumer_la_regle()
        sans, avec = self.deposee("PA-2", matricule=self.enfant.matricule), self.deposee("PA-3", date_soins="2026-11-24")
        self.env["cnas.passage"].sudo()._creer([{"assure_id": self.assure.id, "formation_id": self.formation.id, "jour": "2026-11-24", "state": "confirme"}])
        (sans | avec)._controler()
        self.assertIn("PAS-01", sans.anomalie_ids.mapped("code"))
        self.assertNotIn("PAS-01", avec.anomalie_ids.mapped("code"))

    def test_au_portail(self):
        page = self.poster("/my/formation/passages", quoi="portail", matricule=self.assure.matricule)
        self.assertIn("Mon dossier", page.text)
        self.assertIn(self.assure.name, page.text)
        self.assertIn("pas celui de cette personne", self.poster("/my/formation/passages", quoi="confirmer", matricule=self.assure.matricule, code="12").text)
        code = self.env["cnas.passage"].search([("assure_id", "=", self.assure.id)])._code()
        self.assertIn("Passage confirmé", self.poster("/my/formation/passages", quoi="confirmer", matricule=self.assure.matricule, code=code).text)

    def test_parcours(self):
        """Du code à l'alerte : le passage confirmé ne se signale pas ; celui d'à côté, si, et le « NON » de la personne prévient le contrôle."""
        self.allumer_la_regle()
        self.regler("message_patient", "oui")
        self.regler("sms_adaptateur", "fichier")
        self.enfant.telephone_1 = "66 77 88 99"
        jour = "2026-11-25"
        self.poster("/my/formation/passages", quoi="portail", matricule=self.assure.matricule)
        code = self.env["cnas.passage"]._codes_du_jour(self.assure)[0][1]
        self.poster("/my/formation/passages", quoi="confirmer", matricule=self.assure.matricule, code=code)
        avec, sans = self.deposee("PC-1", date_soins=jour), self.deposee("PC-2", matricule=self.enfant.matricule, date_soins=jour)
        (avec | sans)._controler()
        self.assertEqual([("PAS-01" in f.anomalie_ids.mapped("code")) for f in (avec, sans)], [False, True])
        messages = self.env["cnas.message_patient"]._annoncer()
        sms = self.env["cnas.sms"].search([("modele", "=", "cnas.message_patient"), ("res_id", "in", messages.ids), ("numero", "=", "+23566778899")])
        self.assertEqual(len(sms), 1)
        with patch.dict(os.environ, {"CNAS_SMS_JETON": "secret"}):
            reponse = self.opener.post(self.base_url() + "/cnas/sms/retour", data={"numero": "+23566778899", "texte": "Non"},
                                       headers={"Authorization": "Bearer secret"})
        self.assertTrue(reponse.json()["conteste"])
        self.env.invalidate_all()
        self.assertTrue(sans.activity_ids.filtered(lambda a: "conteste" in a.summary))
        self.assertFalse(avec.activity_ids.filtered(lambda a: "conteste" in a.summary))

    # ------------------------------------------------------------------ le message
    def test_le_patient_repond_non(self):
        self.assure.telephone_1 = "99 87 65 43"
        feuille = self.deposee("ME-1")
        messages = self.env["cnas.message_patient"]
        self.assertFalse(messages._annoncer(), "éteint à la livraison")
        self.regler("message_patient", "oui")
        self.regler("sms_adaptateur", "fichier")
        annonces = messages._annoncer()
        message = annonces.filtered(lambda m: m.feuille_id == feuille)
        self.assertTrue(message)
        self.assertFalse(messages._annoncer() & message, "une fois chacun")
        self.assertNotIn("X98", self.env["cnas.sms"].search([("res_id", "=", message.id), ("modele", "=", message._name)]).texte)
        adresse = self.base_url() + "/cnas/sms/retour"
        champs = {"from": "+23599876543", "text": "Non !"}
        with patch.dict(os.environ, {"CNAS_SMS_JETON": "secret"}):
            self.assertEqual(self.opener.post(adresse, data=champs).status_code, 401)
            self.assertEqual(self.opener.post(adresse, data=champs, headers={"Authorization": "Bearer faux"}).status_code, 401)
            for texte, conteste in (("Merci", False), ("NON", True), ("NON", False)):
                reponse = self.opener.post(adresse, data={**champs, "text": texte}, headers={"Authorization": "Bearer secret"})
                self.assertEqual(reponse.json(), {"recu": True, "conteste": conteste})
        self.env.invalidate_all()
        self.assertEqual(message.state, "conteste")
        self.assertTrue(feuille.activity_ids.filtered(lambda a: "conteste" in a.summary))
        message.with_user(self.controleur).action_traiter("Vu avec la formation")
        self.assertEqual(message.state, "traite")

    # ------------------------------------------------------------------ les voies
    def test_voie_fichier(self):
        self.regler("sms_adaptateur", "fichier")
        sms = self.env["cnas.sms"].sudo()._deposer([(self.assure, "+23566000001", "CNAS. Essai\tà plat")])
        sms._envoyer_en_attente()
        self.assertEqual(sms.state, "envoye")
        piece = self.env["ir.attachment"].sudo().search([("name", "=", "sms_20261125.tsv")])
        self.assertIn(b"+23566000001\tCNAS. Essai \xc3\xa0 plat\n", piece.raw)

    def test_un_texte_arabe_se_coupe_a_67_signes(self):
        """Soixante-dix signes seuls ; au-delà, des morceaux numérotés de soixante-sept, trois au plus."""
        morceaux = PasserelleSmpp._morceaux
        self.assertEqual(morceaux("ن" * 70), [("ن" * 70).encode("utf-16-be")])
        coupes = morceaux("ن" * 71)
        self.assertEqual([(m[:3], m[4:6], len(m)) for m in coupes], [(b"\x05\x00\x03", b"\x02\x01", 140), (b"\x05\x00\x03", b"\x02\x02", 14)])
        self.assertEqual(len(morceaux(couper_sms("ن" * 500))), 3)
        self.assertEqual(len(couper_sms("a" * 500)), 459)

    def test_voie_smpp(self):
        """Un vrai centre SMPP en boucle locale : identification, message en UCS-2, refus dit, panne attendue."""
        recus, ecoute = [], socket.create_server(("127.0.0.1", 0))

        def servir():
            for statut in (0, 0x45):
                prise, _adresse = ecoute.accept()
                with prise:
                    while True:
                        entete = prise.recv(16, socket.MSG_WAITALL)
                        if len(entete) < 16:
                            break
                        longueur, commande, _s, rang = struct.unpack(">IIII", entete)
                        corps = prise.recv(longueur - 16, socket.MSG_WAITALL) if longueur > 16 else b""
                        if commande == 6:
                            break
                        recus.append((commande, corps))
                        prise.sendall(struct.pack(">IIII", 17, commande | 0x80000000, statut if commande == 4 else 0, rang) + b"\x00")
        fil = threading.Thread(target=servir, daemon=True)
        fil.start()
        self.regler("sms_adaptateur", "smpp")
        self.regler("sms_adresse", f"smpp://caisse@127.0.0.1:{ecoute.getsockname()[1]}")
        voie = self.env["cnas.sms"].sudo()._adaptateur()
        self.assertIsNone(voie.envoyer("+23566000001", "CNAS. Dépôt"))
        self.assertIn("CNAS. Dépôt".encode("utf-16-be"), recus[1][1])
        self.assertIn("69", voie.envoyer("+23566000001", "x"))
        fil.join(5)
        ecoute.close()
        with self.assertRaises(PasserelleInjoignable):
            voie.envoyer("+23566000001", "x")
        self.regler("sms_adresse", "https://ailleurs.td")
        self.assertFalse(self.env["cnas.sms"].sudo()._adaptateur())
