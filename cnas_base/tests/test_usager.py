from unittest.mock import patch
from urllib.parse import parse_qs, urlparse

from odoo.exceptions import AccessError, UserError
from odoo.http import Request
from odoo.tests import new_test_user, tagged

from odoo.addons.base.models.ir_mail_server import MailDeliveryException
from odoo.addons.cnas_base.jour import aujourd_hui

from .common import HttpCase, TransactionCase


@tagged("post_install", "-at_install", "cnas")
class TestUsager(TransactionCase):
    """L'administrateur métier gère les usagers sans s'élever ni toucher aux comptes techniques."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = new_test_user(cls.env, "admin_usagers", groups="cnas_base.group_administrateur")
        cls.superviseur = new_test_user(cls.env, "superviseur_usagers", groups="cnas_base.group_superviseur")
        cls.assistants = cls.env["cnas.usager.wizard"].with_user(cls.admin)

    def regler(self, usager, role):
        self.assistants.with_context(default_usager_id=usager.id).create({"role": role}).action_enregistrer()

    def test_creer_regler_desactiver(self):
        agence = self.env["cnas.agence"].search([], limit=1)
        self.assistants.create({"name": "Awa Essai", "login": "awa@cnas.example", "role": "controleur",
                                "agence_ids": [(6, 0, agence.ids)]}).action_enregistrer()
        usager = self.env["res.users"].search([("login", "=", "awa@cnas.example")])
        self.assertEqual((usager.role_cnas, usager.agence_ids, usager.lang), ("controleur", agence, "fr_FR"))
        self.assertFalse(usager.has_group("base.group_erp_manager"))
        self.regler(usager, "finance")
        self.assertTrue(usager.has_group("cnas_base.group_finance"))
        self.assertFalse(usager.has_group("cnas_base.group_agent"))
        usager.with_user(self.admin).action_basculer_usager()
        self.assertFalse(usager.active)
        journal = self.env["cnas.journal"].search([("modele", "=", "res.users"), ("res_id", "=", usager.id)],
                                               order="id")
        self.assertIn("creation", journal.mapped("evenement"))
        self.assertIn(self.env.ref("cnas_base.group_finance").id, journal[-2].apres["groups_id"])
        self.assertEqual((journal[-1].avant, journal[-1].apres), ({"active": True}, {"active": False}))
        with self.assertRaisesRegex(UserError, "déjà pris"):
            self.assistants.create({"name": "X", "login": "awa@cnas.example", "role": "agent"}).action_enregistrer()

    def test_sans_serveur_de_courriel(self):
        """Le compte naît, et l'écran dit que l'invitation reste à envoyer."""
        panne = MailDeliveryException("muet", ConnectionRefusedError())
        with patch.object(type(self.env["res.users"]), "_action_reset_password", side_effect=panne):
            suite = self.assistants.create(
                {"name": "Sans courriel", "login": "muet@cnas.example", "role": "agent"}).action_enregistrer()
        self.assertEqual(self.env["res.users"].search([("login", "=", "muet@cnas.example")]).role_cnas, "agent")
        self.assertIn("Inviter", suite["params"]["message"])

    def test_le_compte_d_un_autre_ne_se_detourne_pas(self):
        """Ni le contexte de l'appelant ni ses défauts ne rattachent le nouveau compte au contact d'un compte technique."""
        racine = self.env.ref("base.user_root").partner_id
        self.env["ir.default"].with_user(self.admin).set("res.users", "partner_id", racine.id, user_id=True)
        nom = racine.name
        self.assistants.with_context(default_partner_id=racine.id).create(
            {"name": "Pris", "login": "pris@cnas.example", "role": "agent"}).action_enregistrer()
        usager = self.env["res.users"].search([("login", "=", "pris@cnas.example")])
        self.assertNotEqual(usager.partner_id, racine)
        self.assertEqual(racine.name, nom)

    def test_ne_pas_s_elever(self):
        technique = new_test_user(self.env, "technique", groups="base.group_system")
        portail = new_test_user(self.env, "portail_u", groups="base.group_portal")
        for usager in (self.admin, technique, portail, self.env.ref("base.user_root")):
            with self.subTest(usager=usager.login):
                with self.assertRaises(UserError):
                    self.regler(usager, "administrateur")
                with self.assertRaises(UserError):
                    usager.with_user(self.admin).action_basculer_usager()
                with self.assertRaises(UserError):
                    usager.with_user(self.admin).action_inviter_usager()
        with self.assertRaises(AccessError):
            self.admin.with_user(self.admin).write({"groups_id": [(4, self.env.ref("base.group_system").id)]})

    def test_administrateur_seul(self):
        with self.assertRaises(AccessError):
            self.env["cnas.usager.wizard"].with_user(self.superviseur).create({"name": "x", "login": "y", "role": "agent"})
        with self.assertRaises(AccessError):
            self.admin.with_user(self.superviseur).action_basculer_usager()


@tagged("post_install", "-at_install", "cnas")
class TestConnexion(HttpCase):
    """Le second facteur s'exige par rôle ; un mot de passe donné se change avant d'entrer."""

    def test_second_facteur_par_role(self):
        superviseur, agent = (new_test_user(self.env, f"deux_{role}", groups=f"cnas_base.group_{role}")
                              for role in ("superviseur", "agent"))
        self.assertEqual((superviseur._mfa_type(), superviseur._rpc_api_keys_only()), (None, False))
        parametres = self.env["cnas.parametre"]
        parametres._dater("roles_deux_facteurs", "superviseur, finance", aujourd_hui())
        self.assertEqual((superviseur._mfa_type(), superviseur._rpc_api_keys_only()), ("totp_mail", True))
        self.assertEqual((agent._mfa_type(), agent._rpc_api_keys_only()), (None, False))

    def test_choisir_son_mot_de_passe_ne_demande_aucun_droit(self):
        """Chacun, l'administrateur des accès compris, change un mot de passe sans écrire le champ technique."""
        usager = new_test_user(self.env, "sans_droit", password="donne-par-un-autre", groups="cnas_base.group_agent")
        gestionnaire = new_test_user(self.env, "gestionnaire", groups="base.group_erp_manager")
        for geste in (lambda: usager.with_user(usager).env.user._change_password("choisi-par-moi-8"),
                      lambda: usager.with_user(gestionnaire).write({"password": "choisi-par-un-autre-8"})):
            usager.mot_de_passe_provisoire = True
            geste()
            self.assertFalse(usager.mot_de_passe_provisoire)

    def test_mot_de_passe_provisoire(self):
        usager = new_test_user(self.env, "provisoire", password="donne-par-un-autre", groups="cnas_base.group_agent")
        usager.mot_de_passe_provisoire = True
        self.authenticate("provisoire", "donne-par-un-autre")
        page = self.url_open("/web")
        self.assertIn("/web/reset_password?", page.url)
        jeton = parse_qs(urlparse(page.url).query)["token"][0]
        self.url_open("/web/reset_password", data={
            "token": jeton, "login": "provisoire", "name": usager.name, "password": "choisi-par-moi-8",
            "confirm_password": "choisi-par-moi-8", "csrf_token": Request.csrf_token(self)})
        usager.invalidate_recordset()
        self.assertFalse(usager.mot_de_passe_provisoire)
        self.authenticate("provisoire", "choisi-par-moi-8")
        self.assertNotIn("reset_password", self.url_open("/web").url)
