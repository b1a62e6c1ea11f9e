import base64
from datetime import timedelta

import psycopg2
from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests.common import tagged
from odoo.tools import mute_logger

from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.tests.pdf import texte_pdf

from .commun_facture import CommunFacture


@tagged("post_install", "-at_install", "cnas")
class TestInduReglement(CommunFacture):
    """Un indu revient par chèque, versement, échéancier ou retenue ; soldé, il a sa quittance."""

    def notifie(self, montant=1000, **qui):
        indu = self.env["cnas.indu"].with_user(self.controleur).create({
            "motif": "Somme versée à tort", "montant": montant, **(qui or {"formation_id": self.formation.id})})
        indu.with_user(self.superviseur).action_notifier()
        return indu

    def encaisser(self, indu, montant, mode="versement", date=None, reference="BV-1", usager=None):
        action = indu.with_user(usager or self.finance).action_encaisser(montant, mode, date or self.jour(), reference)
        return self.env["cnas.indu.reglement"].browse(action["res_id"])

    def test_formation_assure_ou_employeur(self):
        employeur = self.env["cnas.employeur"].create({"raison_sociale": "Essai SARL", "type_employeur": "prive"})
        assure = self.creer_assure("Debiteur", "1980-01-01")
        for qui in ({"formation_id": self.formation.id}, {"assure_id": assure.id}, {"employeur_id": employeur.id}):
            with self.subTest(qui=qui):
                indu = self.notifie(**qui)
                premier = self.encaisser(indu, 400, "cheque", reference="CHQ 1")
                self.assertEqual((premier.reste, indu.solde, indu.state), (600, 600, "notifie"))
                second = self.encaisser(indu, 600, reference="BV-2")
                self.assertEqual((indu.state, indu.solde, second.reste), ("solde", 0, 0))
                self.assertNotEqual(premier.numero, second.numero)
                self.assertTrue(indu.quittance.startswith("QUI/"))
                for papier in (premier, second, indu):
                    contenu = base64.b64decode(papier.with_user(self.finance).telecharger("pdf")["contenu"])
                    self.assertTrue(contenu.startswith(b"%PDF"))
                self.assertIn(indu.quittance, indu.message_ids.mapped("body")[0])

    def test_un_seul_debiteur(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.errors.CheckViolation), self.env.cr.savepoint():
            self.notifie(formation_id=self.formation.id, assure_id=self.creer_assure("Deux", "1980-01-01").id)

    def test_encaissement_faux(self):
        indu = self.notifie()
        demain = str(aujourd_hui() + timedelta(days=1))
        for montant, mode, date, reference in (
                (0, "cheque", self.jour(), "C"), (1001, "cheque", self.jour(), "C"), (-5, "cheque", self.jour(), "C"),
                (10, "cheque", demain, "C"), (10, "cheque", "2020-01-01", "C"), (10, "cheque", self.jour(), " "),
                ("dix", "cheque", self.jour(), "C"), (10, "cheque", "hier", "C"), (None, "cheque", self.jour(), "C")):
            with self.subTest(montant=montant, date=date, reference=reference), self.assertRaises(UserError), self.env.cr.savepoint():
                self.encaisser(indu, montant, mode, date, reference)
        for usager in (self.agent, self.controleur, self.superviseur, self.portail):
            with self.subTest(usager=usager.login), self.assertRaises(AccessError):
                self.encaisser(indu, 10, usager=usager)
        self.assertFalse(indu.reglement_ids)

    def test_un_recu_ne_se_retouche_pas(self):
        indu = self.notifie()
        recu = self.encaisser(indu, 1000)
        autre = self.notifie(formation_id=self.autre_formation.id)
        for geste in (lambda: recu.sudo().write({"indu_id": autre.id}), lambda: autre.sudo().write({"reglement_ids": [(4, recu.id)]}),
                      lambda: autre.sudo().write({"reglement_ids": [(6, 0, recu.ids)]})):
            with self.assertRaises(UserError), self.env.cr.savepoint():
                geste()
        for valeurs in ({"montant": 1}, {"reference": "X"}, {"state": "annule"}, {"reste": 5}, {"numero": "X"}):
            with self.subTest(valeurs=valeurs), self.assertRaises(UserError):
                recu.with_user(self.finance).write(valeurs)
        with self.assertRaises(UserError):
            recu.sudo().unlink()
        with self.assertRaisesRegex(UserError, "Quatre yeux"):
            recu.with_user(self.finance).action_annuler("Impayé")
        recu.with_user(self.finance2).action_annuler("Chèque impayé")
        self.assertEqual((recu.state, indu.state, indu.solde, indu.quittance), ("annule", "notifie", 1000, False))
        self.assertEqual(self.encaisser(indu, 1000).reste, 0, "le même versement se réencaisse")

    def test_quittance_reprise_se_dit(self):
        """Le papier remis ne vaut plus : qui doit le lit avec le numéro, et le journal garde les deux."""
        indu = self.notifie()
        recu = self.encaisser(indu, 1000)
        quittance = indu.quittance
        recu.with_user(self.finance2).action_annuler("Chèque impayé")
        message = indu.message_ids[0].body
        self.assertIn(quittance, message)
        self.assertIn("ne vaut plus", message)
        self.assertNotEqual(self.encaisser(indu, 1000).indu_id.quittance, quittance, "un numéro rendu ne resert pas")
        self.env.flush_all()
        ecrits = self.env["cnas.journal"].search([("modele", "=", "cnas.indu"), ("res_id", "=", indu.id)]).mapped("apres")
        self.assertIn(quittance, [apres.get("quittance") for apres in ecrits if apres])

    def test_papiers_redisent_le_debiteur(self):
        """Le reçu et la quittance nomment qui devait le jour de la notification, quoi que devienne son nom."""
        indu = self.notifie()
        nom, recu = self.formation.name, self.encaisser(indu, 1000)
        self.formation._ecrire({"name": "Autre formation"})
        for papier in (recu, indu):
            texte = texte_pdf(base64.b64decode(papier.with_user(self.finance).telecharger("pdf")["contenu"]))
            self.assertIn(nom, texte)
            self.assertNotIn("Autre formation", texte)

    def test_echeancier_sans_fin(self):
        """Une première échéance hors de portée laisserait la dette sans retenue, et une année fausse ne fait pas une trace Python."""
        indu = self.notifie()
        for jour in ("9999-12-31", str(fields.Date.add(aujourd_hui(), years=1, days=1))):
            with self.subTest(jour=jour), self.assertRaisesRegex(UserError, "plus d'un an"):
                indu.with_user(self.superviseur).action_echelonner(2, jour)

    def test_echeancier(self):
        indu = self.notifie(1000)
        premiere = fields.Date.add(aujourd_hui(), months=1)
        for nombre, jour in ((1, premiere), (61, premiere), (3, aujourd_hui() - timedelta(days=1)), ("x", premiere)):
            with self.subTest(nombre=nombre), self.assertRaises(UserError):
                indu.with_user(self.superviseur).action_echelonner(nombre, str(jour))
        indu.with_user(self.superviseur).action_echelonner(3, str(premiere))
        self.assertEqual(indu.echeance_ids.mapped("montant"), [333, 333, 334])
        self.assertEqual(indu.exigible, 0)
        self.feuille()
        self.assertFalse(self.validee(feuilles=self.feuilles).montant_compense, "rien d'échu : rien de retenu")
        with freeze_time(premiere):
            indu.invalidate_recordset()
            self.assertEqual(indu.exigible, 333)
            self.encaisser(indu, 300, date=str(aujourd_hui()))
            self.assertEqual(indu.exigible, 33)
        with self.assertRaises(AccessError):
            indu.with_user(self.finance).action_echelonner(2, str(premiere))

    def test_retenue_et_versement_ensemble(self):
        indu = self.notifie(1000)
        self.feuille()
        facture = self.validee(feuilles=self.feuilles)
        retenu = facture.montant_compense
        self.assertGreater(retenu, 0)
        with self.assertRaisesRegex(UserError, "récupéré"):
            indu.with_user(self.superviseur).action_annuler("Erreur")
        self.encaisser(indu, 1000 - retenu)
        self.assertEqual(indu.state, "solde")
        facture.with_user(self.superviseur).action_contre_passer("Erreur")
        self.assertEqual((indu.state, indu.solde, indu.quittance), ("notifie", retenu, False))

    def test_journal_comptable_equilibre(self):
        self.encaisser(self.notifie(1000), 700)
        assistant = self.env["cnas.journal.wizard"].with_user(self.finance).create({})
        rangs = [rang for rang in assistant._ecritures() if rang[2].startswith("RCI/")]
        self.assertEqual([(rang[6], rang[7]) for rang in rangs], [(700, 0), (0, 700)])

    def test_portail_lit_les_siens(self):
        recu = self.encaisser(self.notifie(1000), 700)
        autre = self.encaisser(self.notifie(1000, formation_id=self.autre_formation.id), 700)
        lus = self.env["cnas.indu.reglement"].with_user(self.portail).search([("id", "in", (recu | autre).ids)])
        self.assertEqual(lus, recu)
