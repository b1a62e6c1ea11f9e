import base64
import re
import runpy
from datetime import timedelta
from pathlib import Path

from odoo.exceptions import UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import ouvrir_fichier
from odoo.addons.cnas_base.tests.common import HttpCase, octets, page_numerisee

from .commun_feuille import CommunFeuille


@tagged("post_install", "-at_install", "cnas")
class TestGestesEcran(CommunFeuille):
    """Juger à l'écran : chaque geste groupé rend compte, la pièce manquante est nommée, la question est posée."""

    def en_controle(self, *references):
        feuilles = self.feuilles.union(*(self.deposee(reference) for reference in references))
        feuilles._changer_etat("controle")
        for ligne in feuilles.ligne_ids:
            montant = ligne.montant_facture
            ligne._ecrire({"decision": "acceptee", "montant_base": montant, "montant_cnas": montant})
        return feuilles.with_user(self.controleur)

    def test_le_controle_groupe_dit_ses_comptes(self):
        feuilles = self.feuilles.union(*(self.deposee(f"R-{i}") for i in range(3))).with_user(self.controleur)
        compte_rendu = feuilles.action_controler_lot()
        self.assertEqual((compte_rendu["tag"], compte_rendu["params"]["voir"]["domain"]), ("cnas_bilan", [("id", "in", feuilles.ids)]))
        etats = feuilles.grouped("state")
        validees = len(etats.get("validee", ()))
        self.assertIn(f"3 contrôlées : {validees} validées", compte_rendu["params"]["message"])
        self.assertIn("à juger", compte_rendu["params"]["message"])

    def test_valider_en_lot_garde_ce_qui_ne_peut_l_etre(self):
        bonnes, mauvaise = self.en_controle("V-1", "V-2"), self.en_controle("V-3")
        mauvaise.sudo().ligne_ids._ecrire({"decision": "attente", "montant_base": 0, "montant_cnas": 0})
        compte_rendu = (bonnes | mauvaise).action_valider_lot()["params"]
        self.assertEqual(((bonnes | mauvaise).mapped("state"), compte_rendu["alerte"]), (["validee", "validee", "controle"], True))
        self.assertIn("3 choisies : 2 validées, 1 non validées", compte_rendu["message"])
        self.assertIn("lancez le contrôle", compte_rendu["message"])

    def test_valider_et_suivante_ouvre_la_plus_ancienne_de_sa_file_l_urgente_d_abord(self):
        premiere, ancienne, urgente = (self.en_controle(f"S-{i}") for i in range(3))
        (ancienne | urgente).sudo()._ecrire({"controleur_id": self.controleur.id})
        self.env.cr.execute("UPDATE cnas_feuille_soin SET urgence = true WHERE id = %s", [urgente.id])
        self.env.invalidate_all()
        suite = premiere.action_valider_et_suivante()
        self.assertEqual((premiere.state, suite["params"]["action"]["res_id"]), ("validee", urgente.id))
        suite = urgente.action_valider_et_suivante()
        self.assertEqual(suite["params"]["action"]["res_id"], ancienne.id)
        self.assertIn("file est vide", ancienne.action_valider_et_suivante()["params"]["message"])

    def test_demander_des_pieces_se_coche_et_la_banniere_les_nomme(self):
        feuille = self.en_controle("P-1")
        action = feuille.action_demander_pieces()
        assistant = Form(self.env[action["res_model"]].with_user(self.controleur).with_context(action["context"]))
        types = self.env["cnas.type_piece"].search([("usage", "=", "feuille")], limit=2)
        for type_piece in types:
            assistant.type_ids.add(type_piece)
        self.assertIn(types[0].name, str(assistant.apercu))
        limite = aujourd_hui() + timedelta(days=3)
        assistant.date_limite = limite
        assistant.save().action_confirmer()
        self.assertEqual((feuille.state, feuille.date_limite_instance), ("instance", limite))
        self.assertEqual(feuille.pieces_attendues, ", ".join(types.mapped("name")))

    def test_une_phrase_type_s_ajoute_et_se_lit_dans_la_lettre(self):
        action = self.en_controle("P-2").action_demander_pieces()
        assistant = Form(self.env[action["res_model"]].with_user(self.controleur).with_context(action["context"]))
        assistant.precision = "Page 2"
        assistant.phrase = "cachet"
        self.assertEqual(assistant.precision, "Page 2 ; Cachet ou signature du praticien absents")
        self.assertFalse(assistant.phrase)
        assistant.phrase = "cachet"
        self.assertEqual(assistant.precision.count("Cachet"), 1)
        self.assertIn("Cachet", str(assistant.apercu))

    def test_demander_rien_ou_pour_hier_se_refuse(self):
        feuille = self.en_controle("P-2")
        assistant = self.env["cnas.demande_pieces.wizard"].with_user(self.controleur).create({"feuille_ids": feuille.ids})
        with self.assertRaisesRegex(UserError, "Cochez au moins une pièce"):
            assistant.action_confirmer()
        with self.assertRaisesRegex(UserError, "échéance"):
            feuille.action_demander_pieces("Ordonnance", aujourd_hui())
        self.assertEqual(feuille.state, "controle")

    def test_la_question_au_medecin_vise_des_lignes_et_l_avis_repond_par_ligne(self):
        feuille = self.en_controle("M-1")
        premiere, seconde = feuille.ligne_ids
        with self.assertRaisesRegex(UserError, "celles de la feuille"):
            feuille.action_transmettre_medecin("Fondé ?", self.deposee("M-2").ligne_ids.ids)
        feuille.action_transmettre_medecin("La durée est-elle fondée ?", [seconde.id])
        self.assertEqual(feuille.with_user(self.medecin).question_medecin, "La durée est-elle fondée ?")
        self.assertEqual((premiere.avis_demande, seconde.avis_demande), (False, True))
        avis = self.env["cnas.avis_medical.wizard"].with_user(self.medecin).create(
            {"feuille_ids": feuille.ids, "avis": "partiel", "motif": "Durée trop longue"})
        with self.assertRaisesRegex(UserError, "quelles lignes"):
            avis.action_confirmer()
        avis.ligne_ids = seconde
        avis.action_confirmer()
        self.assertEqual((feuille.state, feuille.avis_ids.ligne_refusee_ids), ("controle", seconde))
        self.assertIn("refusée par le médecin", seconde.anomalies_texte)
        self.assertNotIn("médecin", seconde.with_user(self.agent).anomalies_texte.replace("avis médical demandé", ""))

    def test_l_export_suit_le_role_se_trace_et_tait_le_diagnostic(self):
        feuille = self.deposee("X-1").with_user(self.superviseur)
        self.assertTrue(self.superviseur.has_group("base.group_allow_export"))
        self.assertFalse(self.agent.has_group("base.group_allow_export"))
        for champ in ("pathologie_id/code", "diagnostic_saisi_id", "avis_ids/motif", "ligne_ids/feuille_id/pathologie_id",
                      "pathologie_id.id", "pathologie_id:id", "ligne_ids/feuille_id/pathologie_id.id", "question_medecin"):
            with self.subTest(champ), self.assertRaisesRegex(UserError, "ne s'exporte pas"):
                feuille.export_data(["numero", champ])
        self.assertEqual(feuille.export_data(["numero"])["datas"], [[feuille.numero]])
        self.env["cnas.journal"]._verser()  # ce que fait la validation de la transaction
        self.assertTrue(self.env["cnas.journal"].search(
            [("modele", "=", "cnas.feuille_soin"), ("evenement", "=", "export"), ("user_id", "=", self.superviseur.id)]))

    def test_les_dernieres_feuilles_sont_celles_que_chacun_ouvre(self):
        feuille, ailleurs = self.deposee("D-1"), self.deposee("D-2")
        ailleurs._ecrire({"agence_id": self.env.ref("cnas_base.agence_abeche").id})
        self.env["cnas.parametre"].search([("code", "=", "cloison_agences")])._ecrire({"valeur": "oui"})
        self.env.invalidate_all()
        lien = f"id={ailleurs.id}&"
        self.assertIn(lien, feuille.dernieres_feuilles)
        self.assertNotIn(lien, feuille.with_user(self.agent2).dernieres_feuilles, "ce qu'un autre a lu ne reste pas en mémoire")

    def test_les_gabarits_d_ecran_ne_nomment_que_ce_qu_owl_connait(self):
        """Owl lit « Number » sur le composant, où il n'est pas ; une boucle nommée comme un accesseur n'en prend pas la valeur."""
        gabarits = [chemin for addon in Path(__file__).parents[2].glob("cnas_*") for chemin in addon.glob("static/src/xml/*.xml")]
        self.assertGreater(len(gabarits), 1)
        for chemin in gabarits:
            dits, js = chemin.read_text(), chemin.parents[1] / "js" / f"{chemin.stem}.js"
            with self.subTest(chemin.name):
                self.assertFalse(re.findall(r"\b(?:Number|String|Boolean|JSON|parseInt|parseFloat|Set|Map)\b[.(]", dits))
                accesseurs = re.findall(r"get (\w+)\(", js.read_text()) if js.exists() else []
                self.assertFalse(set(accesseurs) & set(re.findall(r't-as="(\w+)"', dits)))

    def test_les_etats_se_groupent_dans_l_ordre_du_circuit(self):
        self.en_controle("O-1")
        self.deposee("O-2")
        ordre = [etat for etat, _libelle in self.feuilles._fields["state"].selection]
        for lazy, cles in ((True, ["state"]), (False, ["state"]), (False, ["formation_id", "state"])):
            with self.subTest(lazy=lazy, cles=cles):
                lus = self.feuilles.read_group([("formation_id", "=", self.formation.id)], ["__count"], cles, lazy=lazy)
                etats = [groupe["state"] for groupe in lus]
                self.assertEqual(etats, sorted(etats, key=ordre.index))
                self.assertGreater(len(etats), 1)


@tagged("post_install", "-at_install", "cnas")
class TestApercuTiff(CommunFeuille, HttpCase):

    def test_un_tiff_se_lit_par_son_apercu_a_qui_lit_la_piece(self):
        pages = [page_numerisee(n) for n in range(2)]
        piece = self.env["cnas.feuille_soin.piece"].with_user(self.agent).create({
            "feuille_id": self.deposee("T-1").id, "name": "scan.tif",
            "contenu": base64.b64encode(octets(pages[0], "TIFF", save_all=True, append_images=pages[1:])).decode()})
        adresse = f"/web/content/{piece.apercu_id.id}"
        self.authenticate("t_controleur", "t_controleur")
        reponse = self.url_open(adresse)
        self.assertEqual((reponse.status_code, reponse.headers["Content-Type"]), (200, "application/pdf"))
        self.assertEqual(ouvrir_fichier(reponse.content, "a.pdf").pages, 2)
        self.assertTrue(self.env["cnas.journal"].search(
            [("evenement", "=", "lecture_fichier"), ("res_id", "=", piece.feuille_id.id), ("user_id", "=", self.controleur.id)]))
        self.authenticate("t_finance", "t_finance")
        with mute_logger("odoo.http"):
            self.assertIn(self.url_open(adresse).status_code, (403, 404))

    def test_un_tiff_d_avant_prend_son_apercu(self):
        feuille, pieces = self.deposee("T-2"), self.env["cnas.feuille_soin.piece"].sudo()
        bonne, abimee = (pieces.create({"feuille_id": feuille.id, "name": f"{n}.tif", "contenu": base64.b64encode(
            octets(page_numerisee(n), "TIFF")).decode()}) for n in range(2))
        (bonne | abimee)._ecrire({"apercu_id": False})
        with open(abimee.attachment_id._full_path(abimee.attachment_id.store_fname), "wb") as sortie:
            sortie.write(b"II*\x00rien")
        self.env.invalidate_all()
        chemin = Path(__file__).parents[1] / "migrations/17.0.1.2.0/post-apercus.py"
        with self.assertLogs(level="WARNING") as dits:
            runpy.run_path(str(chemin))["migrate"](self.cr, "17.0.1.1.0")
        self.assertEqual(len(dits.output), 1)
        self.env.invalidate_all()
        self.assertEqual((bonne.apercu_id.mimetype, abimee.apercu_id.id), ("application/pdf", False))
