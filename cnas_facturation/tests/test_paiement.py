import base64
import csv
import io
from datetime import timedelta

import psycopg2

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests.common import tagged
from odoo.tools import mute_logger

from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_formations.rib import composer_rib

from .commun_facture import MOIS, CommunFacture


@tagged("post_install", "-at_install", "cnas")
class TestPaiement(CommunFacture):
    """Deux ordres, RIB figé, tout ou rien, banque qui rejette, sommes qui se rapprochent."""

    def test_deux_ordres(self):
        facture = self.ordonnancee()
        montants = {o.compte: (o.montant, o.rib, o.mode_paiement) for o in facture.ordre_ids}
        self.assertEqual(montants, {
            "principal": (facture.montant_soins, self.formation.compte_principal_id.acc_number, "virement"),
            "pharmacie": (facture.montant_pharmacie, self.formation.compte_pharmacie_id.acc_number, "virement")})

    def test_ordre_intouchable(self):
        ordre = self.ordonnancee().ordre_ids[0]
        for usager in (self.agent, self.finance, self.tout):
            for valeurs in ({"montant": 1}, {"rib": "X"}, {"state": "paye"}, {"titulaire": "Moi"}):
                with self.assertRaises(UserError):
                    ordre.with_user(usager).write(valeurs)
            with self.assertRaises(UserError):
                ordre.with_user(usager).unlink()
            with self.assertRaises(UserError):
                self.env["cnas.ordre_paiement"].with_user(usager).create({
                    "numero": "OP-X", "facture_id": ordre.facture_id.id, "compte": "principal", "montant": 1,
                    "mode_paiement": "cheque"})

    def test_qui_ordonnance_ne_paie_pas(self):
        facture = self.ordonnancee()
        self.assertFalse(facture.with_user(self.finance).peut_payer)
        for usager in (self.finance, self.env["res.users"].browse(self.finance.id).sudo()):
            with self.assertRaisesRegex(UserError, "Quatre yeux"):
                facture.with_user(usager).action_payer(self.jour(), "V")
        with self.assertRaisesRegex(UserError, "Quatre yeux"):
            facture.ordre_ids.with_user(self.finance).action_creer_lot()
        lot = self.env["cnas.lot_paiement"].browse(
            facture.ordre_ids.with_user(self.finance2).action_creer_lot()["res_id"])
        with self.assertRaisesRegex(UserError, "Quatre yeux.*Préparé par"):
            lot.with_user(self.finance2).action_signer()
        lot.with_user(self.signataire).action_signer()
        with self.assertRaisesRegex(UserError, "Quatre yeux"):
            lot.with_user(self.finance).action_transmettre()
        lot.with_user(self.finance2).action_transmettre()
        with self.assertRaisesRegex(UserError, "Quatre yeux"):
            lot.with_user(self.finance).action_executer(self.jour(), "B")
        self.assertEqual((lot.state, facture.state), ("transmis", "ordonnancee"))

    def test_qui_decide_du_rib_n_ordonnance_ni_ne_paie(self):
        facture = self.validee()
        demande = self.env["cnas.demande_rib"].with_user(self.agent).create({
            "formation_id": self.formation.id, "rib_nouveau": composer_rib("60002", "00009", f"{98:011d}"),
            "justification": "Changement de banque"})
        demande.with_user(self.finance).action_valider()
        with self.assertRaisesRegex(UserError, "décidé du RIB"):
            facture.with_user(self.finance).action_ordonnancer()
        facture.with_user(self.finance2).action_ordonnancer()
        with self.assertRaisesRegex(UserError, "décidé du RIB"):
            facture.with_user(self.finance).action_payer(self.jour(), "V")
        lot = self.env["cnas.lot_paiement"].browse(
            facture.ordre_ids.with_user(self.tout).action_creer_lot()["res_id"])
        with self.assertRaisesRegex(UserError, "décidé du RIB"):
            lot.with_user(self.finance).action_signer()
        lot.with_user(self.signataire).action_signer()
        with self.assertRaisesRegex(UserError, "décidé du RIB"):
            lot.with_user(self.finance).action_transmettre()
        self.assertEqual(facture.state, "ordonnancee")

    def test_paiement_faux(self):
        facture = self.ordonnancee()
        demain = str(fields.Date.context_today(facture) + timedelta(days=2))
        for date, reference in ((demain, "V"), ("2020-01-01", "V"), ("n'importe", "V"), (self.jour(), ""),
                                (self.jour(), "  "), (self.jour(), "x" * 65), (None, "V"), (self.jour(), None)):
            with self.subTest(date=date, reference=reference), self.assertRaises(UserError):
                facture.with_user(self.finance2).action_payer(date, reference)
        self.assertEqual(facture.state, "ordonnancee")
        action = facture.with_user(self.finance2).action_payer()
        self.assertEqual(action["res_model"], "cnas.paiement.wizard")

    def test_jamais_deux_fois(self):
        facture = self.payee()
        for action in (lambda: facture.with_user(self.finance2).action_payer(self.jour(), "V2"),
                       lambda: facture.with_user(self.finance).action_ordonnancer()):
            with self.assertRaises(UserError):
                action()
        self.assertEqual(sum(facture.ordre_ids.mapped("montant")), facture.net_a_payer)

    def test_rib_modifie_bloque(self):
        facture = self.ordonnancee()
        self.formation._ecrire({"compte_principal_id": self.env["res.partner.bank"].create({
            "acc_number": composer_rib("60002", "00009", f"{99:011d}"),
            "partner_id": self.formation.partner_id.id}).id})
        with self.assertRaisesRegex(UserError, "RIB"):
            facture.with_user(self.finance2).action_payer(self.jour(), "V")
        self.assertEqual(facture.state, "ordonnancee")
        facture.with_user(self.finance).action_annuler_ordonnancement("RIB changé, vérifié")
        self.assertEqual(facture.state, "validee")
        facture.with_user(self.finance).action_ordonnancer()
        self.assertIs(facture.with_user(self.finance2).action_payer(self.jour(), "V"), True)

    def test_sans_rib_cheque(self):
        self.formation._ecrire({"compte_principal_id": False, "compte_pharmacie_id": False})
        facture = self.payee()
        self.assertEqual(set(facture.ordre_ids.mapped("mode_paiement")), {"cheque"})

    def test_lot_de_virements(self):
        facture = self.ordonnancee()
        action = facture.ordre_ids[0].with_user(self.finance2).action_creer_lot()
        lot = self.env["cnas.lot_paiement"].browse(action["res_id"])
        self.assertEqual(lot.ordre_ids, facture.ordre_ids, "les deux ordres d'une facture partent ensemble")
        self.assertEqual(lot.montant_total, facture.net_a_payer)
        self.assertTrue(base64.b64decode(lot.with_user(self.finance).telecharger("pdf")["contenu"]).startswith(b"%PDF"))
        for action in ("action_executer", "action_transmettre"):
            with self.assertRaisesRegex(UserError, "Brouillon"):
                getattr(lot.with_user(self.finance2), action)(*([self.jour(), "B-1"] if action == "action_executer" else []))
        lot.with_user(self.signataire).action_signer()
        lot.with_user(self.finance2).action_transmettre()
        texte = base64.b64decode(lot.with_user(self.finance).telecharger("csv")["contenu"]).decode("utf-8-sig")
        rangs = list(csv.DictReader(io.StringIO(texte), delimiter=";"))
        self.assertEqual(sum(int(r["montant"]) for r in rangs), facture.net_a_payer)
        self.assertEqual({r["rib"] for r in rangs}, set(facture.ordre_ids.mapped("rib")))
        with self.assertRaises(UserError):
            facture.with_user(self.finance).action_annuler_ordonnancement("Trop tard")
        lot.with_user(self.finance2).action_executer(self.jour(), "B-1")
        self.assertEqual((lot.state, facture.state), ("execute", "payee"))
        for usager in (self.agent, self.superviseur):
            with self.assertRaises(AccessError):
                lot.with_user(usager).telecharger("csv")

    def test_rejet_de_banque_et_reemission(self):
        facture = self.ordonnancee()
        lot = self.transmettre(facture)
        rejete = facture.ordre_ids.filtered(lambda o: o.compte == "pharmacie")
        rejete.with_user(self.finance).action_rejeter_banque("Compte clos")
        lot.with_user(self.finance2).action_executer(self.jour(), "B-2")
        self.assertEqual(facture.state, "ordonnancee", "un ordre reste à payer")
        with self.assertRaisesRegex(UserError, "réémettez"):
            facture.with_user(self.finance2).action_payer(self.jour(), "B-2")
        rejete.with_user(self.finance).action_reemettre()
        with self.assertRaises(UserError):
            rejete.with_user(self.finance).action_reemettre()
        facture.with_user(self.finance2).action_payer(self.jour(), "B-3")
        payes = facture.ordre_ids.filtered(lambda o: o.state == "paye")
        self.assertEqual((facture.state, sum(payes.mapped("montant"))), ("payee", facture.net_a_payer))

    def test_reemettre_garde_ses_quatre_yeux(self):
        """Qui a validé la facture, une première fois ou pour de bon, ne réémet pas l'ordre que la banque a rendu."""
        self.env["cnas.parametre"]._dater("seuil_seconde_validation", "1", fields.Date.context_today(self.formation))
        facture = self.en_controle()
        facture.with_user(self.superviseur).action_valider()
        facture.with_user(self.superviseur2).action_valider()
        facture.with_user(self.finance).action_ordonnancer()
        ordre = facture.ordre_ids[0]
        self.rejeter(ordre)
        for usager in (self.superviseur, self.superviseur2):
            usager.groups_id |= self.env.ref("cnas_base.group_finance")
            self.assertIn("Quatre yeux", ordre.with_user(usager).raison_reemettre)
            for appel in (ordre.with_user(usager), ordre.with_user(usager).sudo()):
                with self.subTest(usager=usager.login), self.assertRaisesRegex(UserError, "Quatre yeux"):
                    appel.action_reemettre()
        self.assertIs(ordre.with_user(self.finance).action_reemettre(), True)

    def test_un_seul_ordre_vivant(self):
        """La base refuse un second ordre vivant pour la même facture et le même compte."""
        facture = self.ordonnancee()
        self.env.flush_all()
        with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.errors.UniqueViolation), self.env.cr.savepoint():
            self.env["cnas.ordre_paiement"].sudo()._emettre(facture)
        self.rejeter(facture.ordre_ids)
        self.env.flush_all()
        self.env["cnas.ordre_paiement"].sudo()._emettre(facture)
        self.assertEqual(sorted(facture.ordre_ids.mapped("state")), ["emis", "emis", "rejete", "rejete"])

    def test_rejet_apres_paiement_rouvre(self):
        facture = self.payee()
        ordre = facture.ordre_ids[0]
        ordre.with_user(self.finance).action_rejeter_banque("Retour d'impayé")
        self.assertEqual(facture.state, "ordonnancee")
        self.assertNotIn("payee", facture.feuille_ids.mapped("state"))
        ordre.with_user(self.finance).action_reemettre()
        facture.with_user(self.finance2).action_payer(self.jour(), "B-9")
        self.assertEqual(facture.state, "payee")

    def test_sommes_qui_se_rapprochent(self):
        avant = self.factures.with_user(self.finance).rapprocher(MOIS, MOIS)
        self.payee(nombre=3)
        for _i in range(2):
            self.feuille()
        self.ordonnancee(feuilles=self.feuilles)
        self.feuille()
        self.validee(feuilles=self.feuilles)
        factures = self.factures.search([("formation_id", "=", self.formation.id)])
        sommes = self.factures.with_user(self.finance).rapprocher(MOIS, MOIS)
        self.assertEqual(sommes["ecart"], 0)
        liquide = sum(factures.mapped("montant_cnas"))
        attendu = {
            "feuilles": liquide, "factures": liquide, "decomptes": liquide, "ecart": 0,
            "ordres": sum(factures.ordre_ids.mapped("montant")),
            "paiements": sum(factures.filtered(lambda f: f.state == "payee").mapped("net_a_payer"))}
        self.assertEqual({cle: sommes[cle] - avant[cle] for cle in sommes}, attendu)
        for facture in factures:
            self.assertEqual(facture.montant_cnas, sum(facture.feuille_ids.mapped("montant_cnas")))
            self.assertEqual(facture.montant_cnas, facture.decompte_id.montant_cnas)

    def test_journal_equilibre(self):
        facture = self.payee()
        assistant = self.env["cnas.journal.wizard"].with_user(self.finance).create({
            "date_debut": "2026-01-01", "date_fin": self.jour()})
        assistant.action_exporter()
        texte = base64.b64decode(assistant.fichier).decode("utf-8-sig")
        rangs = list(csv.DictReader(io.StringIO(texte), delimiter=";"))
        self.assertEqual(sum(int(r["debit"]) for r in rangs), sum(int(r["credit"]) for r in rangs))
        tiers = [r for r in rangs if r["compte"] == "40111" and r["tiers"] == self.formation.code]
        self.assertEqual(sum(int(r["credit"]) for r in tiers), facture.net_a_payer)
        self.assertEqual(sum(int(r["debit"]) for r in tiers), facture.net_a_payer)

    def test_un_schema_par_voie_ne_sert_que_la_sienne(self):
        """La ligne la plus précise qui couvre le jour l'emporte ; celle d'une autre voie, ou d'un régime, ne se prend pas pour elle."""
        facture = self.payee()
        ordre = facture.ordre_ids.filtered(lambda o: o.compte == "principal")
        voie = ordre.nature
        autre = "moov" if voie != "moov" else "banque"
        commun = {"operation": "paiement_principal", "journal": "X", "compte_debit": "40111", "date_debut": "2019-01-01"}
        regime = self.env.ref("cnas_base.regime_asi")
        schemas = self.env["cnas.schema_comptable"].sudo()
        schemas.search([("operation", "=", "paiement_principal"), "|", "|", ("regime_id", "!=", False), ("type_prestation", "!=", False), ("voie", "!=", False)]).unlink()
        for comptes, cle in (("52991", {"voie": autre}), ("52992", {"voie": voie, "regime_id": regime.id})):
            schemas.create({**commun, **cle, "compte_credit": comptes})
        assistant = self.env["cnas.journal.wizard"].with_user(self.finance).create({"date_debut": "2026-01-01", "date_fin": self.jour()})

        def credites():
            return {rang[3] for rang in assistant._ecritures() if rang[2] == ordre.numero and rang[7]}
        generale = schemas._choisir(schemas.search([]).grouped("operation"), "paiement_principal", aujourd_hui()).compte_credit
        self.assertEqual(credites(), {generale})
        schemas.create({**commun, "voie": voie, "compte_credit": "52993"})
        self.assertEqual(credites(), {"52993"})
        with self.assertRaises(psycopg2.IntegrityError), mute_logger("odoo.sql_db"), self.env.cr.savepoint():
            schemas.create({**commun, "voie": voie, "compte_credit": "52994"})

    def test_facture_entierement_rejetee(self):
        facture = self.soumise()
        self.decider(facture.feuille_ids, "rejetee")
        facture.with_user(self.controleur).action_controler()
        facture.with_user(self.superviseur).action_valider()
        self.assertEqual((facture.state, facture.close, facture.ordre_ids.ids), ("validee", True, []))
        self.assertEqual(set(facture.feuille_ids.mapped("state")), {"rejetee"})

    def test_remboursement_paye_a_l_assure(self):
        assure = self.creer_assure("Direct", "1990-01-01")
        self.compte_actif(assure)
        resultat = self.importer(self.dossier(self._reference(), matricule=assure.matricule, mode="remboursement"))[0]
        feuille = self.feuilles.browse(resultat["id"])
        self.decider(feuille)
        facture = self.factures.browse(
            self.factures.with_user(self.agent2).preparer_remboursement(assure.matricule, MOIS))
        facture.with_user(self.agent2).action_soumettre()
        facture.with_user(self.controleur).action_controler()
        facture.with_user(self.superviseur).action_valider()
        facture.with_user(self.finance).action_ordonnancer()
        ordre = facture.ordre_ids
        self.assertEqual((ordre.compte, ordre.montant, ordre.mode_paiement),
                         ("assure", facture.montant_cnas, "mobile_money"))
        facture.with_user(self.finance2).action_payer(self.jour(), "MM-1")
        self.assertEqual(feuille.state, "payee")
        self.assertTrue(base64.b64decode(facture.decompte_id.telecharger("pdf")["contenu"]).startswith(b"%PDF"))
        self.assertFalse(self.factures.with_user(self.portail).search([("id", "=", facture.id)]))
