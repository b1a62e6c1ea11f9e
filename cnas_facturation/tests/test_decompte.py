import base64
import csv
import io

import openpyxl
import psycopg2

from odoo.exceptions import AccessError, UserError
from odoo.tests.common import tagged
from odoo.tools import mute_logger

from odoo.addons.cnas_base.ecriture_arabe import somme_en_arabe

from .commun_facture import CommunFacture


@tagged("post_install", "-at_install", "cnas")
class TestDecompte(CommunFacture):
    """Figé, numéroté, prouvé, imprimable ; corrigé par contre-passation seulement."""

    def test_etabli_a_la_validation(self):
        facture = self.en_controle(nombre=3)
        self.decider(facture.feuille_ids[0], "rejetee")
        self.assertFalse(facture.decompte_ids)
        facture.with_user(self.superviseur).action_valider()
        decompte = facture.decompte_id
        self.assertRegex(decompte.numero, r"^DEC/\d{4}/\d{6}$")
        self.assertEqual(len(decompte.ligne_ids), len(facture.feuille_ids.ligne_ids))
        for champ in ("montant_facture", "montant_base", "montant_cnas", "ticket_moderateur", "depassement",
                      "montant_rejete"):
            self.assertEqual(sum(decompte.ligne_ids.mapped(champ)), facture[champ], champ)
            self.assertEqual(decompte[champ], facture[champ], champ)
        self.assertEqual((decompte.date_limite_recours - decompte.date_decompte).days, 30)
        self.assertEqual(decompte.net_a_payer, facture.montant_cnas)
        self.assertEqual(decompte.verifier(), {decompte.numero: True})

    def test_numeros_sans_trou(self):
        premier = self.validee().decompte_id
        self.feuille()
        second = self.validee(feuilles=self.feuilles).decompte_id
        self.assertEqual(int(second.numero[-6:]), int(premier.numero[-6:]) + 1)

    def test_jamais_modifie(self):
        decompte = self.validee().decompte_id
        for usager in (self.agent, self.superviseur, self.finance, self.tout):
            for enregistrement, valeurs in ((decompte, {"montant_cnas": 1}), (decompte, {"state": "contre_passe"}),
                                            (decompte.ligne_ids[0], {"montant_cnas": 1})):
                with self.assertRaises(UserError):
                    enregistrement.with_user(usager).write(valeurs)
            for enregistrement in (decompte, decompte.ligne_ids[0]):
                with self.assertRaises(UserError):
                    enregistrement.with_user(usager).unlink()
            with self.assertRaises(UserError):
                self.env["cnas.decompte"].with_user(usager).create({"numero": "X"})
            with self.assertRaises(UserError):
                self.env["cnas.decompte.ligne"].with_user(usager).create({"decompte_id": decompte.id})

    def test_la_base_refuse_aussi(self):
        decompte = self.validee().decompte_id
        self.env.flush_all()
        for requete in ("UPDATE cnas_decompte SET montant_cnas = montant_cnas + 1 WHERE id = %s",
                        "DELETE FROM cnas_decompte WHERE id = %s",
                        "UPDATE cnas_decompte_ligne SET montant_cnas = 0 WHERE decompte_id = %s",
                        "DELETE FROM cnas_decompte_ligne WHERE decompte_id = %s"):
            with self.subTest(requete=requete), mute_logger("odoo.sql_db"), \
                    self.assertRaisesRegex(psycopg2.errors.CheckViolation, "figée?"), self.env.cr.savepoint():
                self.env.cr.execute(requete, (decompte.id,))

    def test_empreinte_detecte_une_alteration(self):
        decompte = self.validee().decompte_id
        self.env.flush_all()
        self.env.cr.execute("ALTER TABLE cnas_decompte_ligne DISABLE TRIGGER USER")
        self.env.cr.execute(
            "UPDATE cnas_decompte_ligne SET beneficiaire = 'Autre', motifs = 'Faux' WHERE decompte_id = %s",
            (decompte.id,))
        self.env.cr.execute("ALTER TABLE cnas_decompte_ligne ENABLE TRIGGER USER")
        self.env.invalidate_all()
        self.assertEqual(decompte.verifier(), {decompte.numero: False})

    def test_contre_passation(self):
        facture = self.validee()
        original = facture.decompte_id
        with self.assertRaises(AccessError):
            facture.with_user(self.controleur).action_contre_passer("Erreur de taux")
        self.assertIs(facture.with_user(self.superviseur).action_contre_passer("Erreur de taux"), True)
        self.assertEqual(facture.state, "controle")
        self.assertEqual(original.state, "contre_passe")
        inverse = facture.decompte_ids - original
        self.assertEqual(inverse.nature, "contre_passation")
        self.assertEqual(inverse.net_a_payer, -original.net_a_payer)
        self.assertEqual(sum((original | inverse).ligne_ids.mapped("montant_cnas")), 0)
        self.assertTrue(all(inverse.verifier().values()))
        self.assertFalse(facture.decompte_id)
        facture.with_user(self.superviseur2).action_valider()
        self.assertEqual(len(facture.decompte_ids), 3)
        self.assertEqual(sum(facture.decompte_ids.mapped("montant_cnas")), facture.montant_cnas)

    def test_contre_passation_refusee_apres_ordonnancement(self):
        for facture in (self.ordonnancee(),):
            with self.assertRaises(UserError):
                facture.with_user(self.superviseur).action_contre_passer("Erreur")
            facture.with_user(self.finance2).action_payer(self.jour(), "V")
            with self.assertRaises(UserError):
                facture.with_user(self.superviseur).action_contre_passer("Erreur")

    def test_fichiers(self):
        facture = self.validee(nombre=4)
        decompte = facture.decompte_id
        pdf = decompte.with_user(self.agent).telecharger("pdf")
        self.assertTrue(base64.b64decode(pdf["contenu"]).startswith(b"%PDF"))
        classeur = openpyxl.load_workbook(
            io.BytesIO(base64.b64decode(decompte.with_user(self.finance).telecharger("xlsx")["contenu"])))
        rangs = list(classeur.worksheets[0].iter_rows(values_only=True))
        self.assertEqual(len(rangs), len(decompte.ligne_ids) + 2)
        colonne = rangs[0].index("Part CNAS")
        self.assertEqual(rangs[-1][colonne], decompte.montant_cnas)
        texte = base64.b64decode(decompte.telecharger("csv")["contenu"]).decode("utf-8-sig")
        lignes = list(csv.DictReader(io.StringIO(texte), delimiter=";"))
        self.assertEqual(sum(int(ligne["Part CNAS"]) for ligne in lignes), decompte.montant_cnas)
        with self.assertRaises(UserError):
            decompte.telecharger("exe")
        bordereau = facture.with_user(self.agent).telecharger("pdf")
        self.assertTrue(base64.b64decode(bordereau["contenu"]).startswith(b"%PDF"))

    def test_en_lettres(self):
        decompte = self.env["cnas.decompte"]
        for montant, texte in ((0, "zéro franc CFA"), (1, "un franc CFA"), (80, "quatre-vingts francs CFA"),
                               (2000000, "deux millions de francs CFA"), (-5, "moins cinq francs CFA"),
                               (71200, "soixante et onze mille deux cents francs CFA")):
            self.assertEqual(decompte._en_lettres(montant).replace("\u00a0", " "), texte)

    def test_le_net_en_lettres_se_lit_dans_la_langue_de_l_ecran(self):
        self.env["res.lang"]._activate_lang("ar_001")
        decompte = self.validee().decompte_id
        self.assertIn("francs CFA", decompte.montant_lettres)
        self.assertEqual(decompte.with_context(lang="ar_001").montant_lettres, somme_en_arabe(decompte.net_a_payer))

    def test_un_decompte_fige_le_francais(self):
        """Ce qu'un décompte recopie est français, même validé par qui lit en arabe : son empreinte ne dépend de la langue de personne."""
        self.env["res.lang"]._activate_lang("ar_001")
        formation = self.formation
        formation.district_id.update_field_translations("name", {"ar_001": "دائرة"})
        facture = self.validee()
        ligne = facture.decompte_id.ligne_ids[:1]
        ligne.prestation_id.update_field_translations("name", {"ar_001": "خدمة"})
        self.assertEqual(facture.with_context(lang="ar_001")._identite_du_jour()["district"], formation.district_id.name)
        self.assertEqual(ligne.with_context(lang="ar_001").prestation_libelle, ligne.prestation_id.with_context(lang="fr_FR").name)

    def test_notifie_la_formation(self):
        facture = self.validee()
        message = facture.message_ids.filtered(lambda m: "Décompte disponible" in (m.subject or ""))
        self.assertEqual(len(message), 1)
        self.assertIn(self.portail.partner_id, message.partner_ids)
        self.assertIn(facture.decompte_id.numero, message.body)

    def test_portail_lit_le_sien_seulement(self):
        decompte = self.validee().decompte_id
        self.assertTrue(decompte.with_user(self.portail).telecharger("pdf")["contenu"])
        self.portail.formation_ids = self.autre_formation
        self.env.registry.clear_cache()
        for appel in (lambda: decompte.with_user(self.portail).telecharger("pdf"),
                      lambda: decompte.with_user(self.portail).verifier(),
                      lambda: decompte.with_user(self.portail).read(["numero"]),
                      lambda: decompte.ligne_ids.with_user(self.portail).read(["montant_cnas"])):
            with self.assertRaises(AccessError):
                appel()
        self.assertFalse(self.env["cnas.decompte.ligne"].with_user(self.portail).search([]))

    def test_pas_de_diagnostic(self):
        decompte = self.validee().decompte_id
        contenu = base64.b64decode(decompte.telecharger("csv")["contenu"]).decode("utf-8-sig")
        self.assertNotIn(self.palu.code, contenu)
        self.assertNotIn(self.palu.name, contenu)
