from datetime import date, timedelta

from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .commun_assures import CasAssure


@tagged("post_install", "-at_install", "cnas")
class TestCircuit(CasAssure):
    """Chaque transition : par qui, avec quel motif, et jamais par un `write` direct."""

    def test_immatriculation(self):
        assure = self.creer()
        self.assertTrue(assure.action_immatriculer())
        self.assertEqual(assure.state, "actif")
        self.assertEqual(assure.date_immatriculation, fields.Date.context_today(self.env.user))
        self.assertEqual(self.verifier(assure)["etat_droits"], "ouverts")

    def test_etat_jamais_par_write_ni_create(self):
        for usager in self.usagers.values():
            if usager.has_group("cnas_base.group_agent"):
                with self.subTest(usager.login):
                    assure = self.creer().with_user(usager)
                    for etat in ("actif", "suspendu", "radie"):
                        with self.assertRaises(UserError):
                            assure.write({"state": etat})
                        with self.assertRaises(UserError):
                            self.Assure.with_user(usager).create({
                                "nom": "A", "prenom": "B", "genre": "feminin", "regime_id": self.amed.id,
                                "state": etat})

    def test_roles(self):
        """Matrice des actions : qui n'a pas le rôle reçoit un refus et rien ne change."""
        permis = {
            "action_immatriculer": ("agent", "controleur", "superviseur", "administrateur"),
            "action_suspendre": ("controleur", "superviseur", "administrateur"),
            "action_reactiver": ("controleur", "superviseur", "administrateur"),
            "action_radier": ("superviseur", "administrateur"),
        }
        for action, roles in permis.items():
            for role, usager in self.usagers.items():
                with self.subTest(action=action, role=role):
                    assure = self.creer()
                    if action != "action_immatriculer":
                        assure.sudo().action_immatriculer()
                    if action == "action_reactiver":
                        assure.sudo().action_suspendre("Essai")
                    arguments = () if action in ("action_immatriculer", "action_reactiver") else ("Motif",)
                    avant = assure.state
                    appel = getattr(assure.with_user(usager), action)
                    if role in roles:
                        self.assertIs(appel(*arguments), True)
                        self.assertNotEqual(assure.state, avant)
                    else:
                        with self.assertRaises(AccessError):
                            appel(*arguments)
                        self.assertEqual(assure.state, avant)

    def test_transitions_interdites(self):
        brouillon = self.creer().sudo()
        for action, arguments in (("action_suspendre", ("M",)), ("action_reactiver", ()), ("action_radier", ("M",))):
            with self.subTest(action), self.assertRaises(UserError):
                getattr(brouillon, action)(*arguments)
        actif = self.creer_actif().sudo()
        for action in ("action_immatriculer", "action_reactiver"):
            with self.subTest(action), self.assertRaises(UserError):
                getattr(actif, action)()
        actif.action_radier("Fraude")
        for action, arguments in (("action_immatriculer", ()), ("action_reactiver", ()),
                                  ("action_suspendre", ("M",)), ("action_radier", ("M",))):
            with self.subTest(f"radié {action}"), self.assertRaises(UserError):
                getattr(actif, action)(*arguments)

    def test_motif_obligatoire(self):
        assure = self.creer_actif().sudo()
        for action in ("action_suspendre", "action_radier"):
            for vide in (None, "", "   ", False, [], {}):
                rendu = getattr(assure, action)(vide)
                self.assertEqual(rendu["res_model"], "cnas.motif.wizard")
            with self.assertRaisesRegex(UserError, "motif doit être un texte"):
                getattr(assure, action)(12)
            self.assertEqual(assure.state, "actif")

    def test_motif_par_l_assistant(self):
        assure = self.creer_actif().with_user(self.superviseur)
        contexte = assure.action_radier()["context"]
        assistant = self.env["cnas.motif.wizard"].with_user(self.superviseur).with_context(**contexte).create(
            {"motif": "Double affiliation", "date": date(2026, 1, 1)})
        assistant.action_confirmer()
        self.assertEqual((assure.state, assure.date_radiation), ("radie", date(2026, 1, 1)))

    def test_suspension_puis_reactivation(self):
        assure = self.creer_actif().sudo()
        hier = fields.Date.context_today(self.env.user) - timedelta(days=1)
        assure.action_suspendre("Cotisations impayées")
        reponse = self.verifier(assure)
        self.assertEqual(reponse["etat_droits"], "fermes")
        self.assertIn("Cotisations impayées", reponse["motif"])
        self.assertEqual(self.verifier(assure, str(hier))["etat_droits"], "ouverts")
        assure.action_reactiver()
        self.assertEqual(self.verifier(assure)["etat_droits"], "ouverts")
        self.assertFalse(assure.motif_etat)

    def test_suspension_le_jour_de_l_immatriculation(self):
        assure = self.creer().sudo()
        assure.action_immatriculer()
        assure.action_suspendre("Dossier contesté")
        self.assertEqual(self.verifier(assure)["etat_droits"], "fermes")
        assure.action_reactiver()
        self.assertEqual(self.verifier(assure)["etat_droits"], "ouverts")

    def test_radiation_datee(self):
        assure = self.creer_actif().sudo()
        assure.action_radier("Fausse déclaration", "2026-03-01")
        self.assertEqual(self.verifier(assure, "2026-02-28")["etat_droits"], "ouverts")
        self.assertEqual(self.verifier(assure, "2026-03-01")["etat_droits"], "fermes")
        self.assertEqual(assure.date_radiation, date(2026, 3, 1))

    def test_radiation_future_ou_illisible(self):
        assure = self.creer_actif().sudo()
        for faux in (fields.Date.context_today(self.env.user) + timedelta(days=1), "31/12/2025", "hier"):
            with self.subTest(faux), self.assertRaises(UserError):
                assure.action_radier("Motif", faux)
        self.assertEqual(assure.state, "actif")

    def test_deces(self):
        assure = self.creer_actif()
        assure.action_declarer_deces("2026-06-10")
        self.assertEqual(assure.state, "radie")
        self.assertEqual(self.verifier(assure, "2026-06-10")["etat_droits"], "ouverts")
        apres = self.verifier(assure, "2026-06-11")
        self.assertEqual(apres["etat_droits"], "fermes")
        self.assertIn("décédé le 10/06/2026", apres["motif"])

    def test_deces_corrige_par_un_superviseur(self):
        assure = self.creer_actif()
        assure.write({"date_deces": "2026-06-10"})
        for valeur in ("2026-06-11", False):
            with self.assertRaises(AccessError):
                assure.write({"date_deces": valeur})
        assure.with_user(self.superviseur).write({"date_deces": "2026-06-09"})
        self.assertEqual(self.verifier(assure, "2026-06-10")["etat_droits"], "fermes")

    def test_copie_d_un_ayant_droit(self):
        principal = self.creer_actif()
        enfant = self.creer(assure_principal_id=principal.id, lien="enfant", date_naissance=date(2020, 1, 1))
        self.assertEqual(enfant.copy().type_assure, "principal")

    def test_deces_faux(self):
        assure = self.creer_actif()
        for faux, erreur in ((fields.Date.context_today(self.env.user) + timedelta(days=1), ValidationError),
                             (date(1980, 1, 1), IntegrityError)):
            with self.subTest(faux), mute_logger("odoo.sql_db"), self.assertRaises(erreur):
                assure.write({"date_deces": faux})
                assure.flush_recordset()
        with self.assertRaises(UserError):
            assure.action_declarer_deces()

    def test_identite_figee_apres_immatriculation(self):
        assure = self.creer_actif(nom_mere="Zara")
        for champ, valeur in (("nom", "Autre"), ("prenom", "Autre"), ("genre", "feminin"), ("nom_mere", "Achta"),
                              ("date_naissance", "1990-01-01"), ("date_naissance_estimee", True)):
            with self.subTest(champ), self.assertRaisesRegex(UserError, "demande de correction"):
                assure.with_user(self.usagers["administrateur"]).write({champ: valeur})
        for champ, valeur in (("regime_id", self.ass.id), ("date_affiliation", "2020-01-01")):
            with self.subTest(champ), self.assertRaisesRegex(UserError, "passez par"):
                assure.write({champ: valeur})
        assure.write({"nom": "Adoum", "nom_pere": "Hassan", "telephone_1": "66123456"})
        self.assertEqual(assure.nom_pere, "Hassan")

    def test_brouillon_se_modifie(self):
        assure = self.creer()
        assure.write({"nom": "Youssouf", "regime_id": self.ass.id, "date_naissance": "1991-01-01"})
        self.assertEqual(assure.name, "Youssouf Brahim")
