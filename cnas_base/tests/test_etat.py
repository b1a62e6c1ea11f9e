from odoo_test_helper import FakeModelLoader

from odoo import fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .common import TransactionCase


@tagged("post_install", "-at_install", "cnas")
class TestEtat(TransactionCase):
    """L'état ne s'écrit ni par `create`, ni par `write`, ni avec un contexte forgé."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.chargeur = FakeModelLoader(cls.env, cls.__module__)
        cls.chargeur.backup_registry()

        class Dossier(models.Model):
            _name = "cnas.test_dossier"
            _description = "Dossier d'essai"
            _inherit = "cnas.etat.mixin"
            _etat_transitions = {"brouillon": ("ouvert",), "ouvert": ("clos",)}
            _champs_geles = ("montant",)

            name = fields.Char()
            montant = fields.Integer()
            state = fields.Selection(
                [("brouillon", "Brouillon"), ("ouvert", "Ouvert"), ("clos", "Clos")], default="brouillon")

        cls.chargeur.update_registry((Dossier,))
        cls.addClassCleanup(cls.chargeur.restore_registry)
        cls.dossier = cls.env["cnas.test_dossier"].create({"name": "D1"})

    def test_ecriture_directe_refusee(self):
        for vals in ({"state": "ouvert"}, {"montant": 5}, {"name": "x", "state": "clos"}):
            with self.subTest(vals=vals), self.assertRaisesRegex(UserError, "boutons"):
                self.dossier.write(vals)

    def test_ecriture_sans_effet_acceptee(self):
        self.dossier.write({"state": "brouillon", "montant": 0, "name": "D2"})
        self.assertEqual(self.dossier.name, "D2")

    def test_creation_avancee_refusee(self):
        for vals in ({"state": "clos"}, {"montant": 9}):
            with self.subTest(vals=vals), self.assertRaises(UserError):
                self.env["cnas.test_dossier"].create(vals)

    def test_contexte_forge_refuse(self):
        for jeton in (True, 1, "cnas_verrou"):
            with self.subTest(jeton=jeton), self.assertRaises(UserError):
                self.dossier.with_context(cnas_verrou=jeton).write({"state": "ouvert"})

    def test_defaut_forge_ignore(self):
        dossiers = self.env["cnas.test_dossier"].with_context(default_state="clos", default_montant=7)
        self.assertEqual((dossiers.create({}).state, dossiers.create({}).montant), ("brouillon", 0))

    def test_transitions(self):
        self.dossier._changer_etat("ouvert", montant=12)
        self.assertEqual((self.dossier.state, self.dossier.montant), ("ouvert", 12))
        with self.assertRaisesRegex(UserError, "ne peut pas passer à « Brouillon »"):
            self.dossier._changer_etat("brouillon")

    def test_exiger_groupe(self):
        agent = new_test_user(self.env, "agent_etat", groups="cnas_base.group_agent")
        with self.assertRaisesRegex(AccessError, "Superviseur peut valider"):
            self.dossier.with_user(agent)._exiger_groupe("cnas_base.group_superviseur", "valider")
        self.dossier.with_user(agent)._exiger_groupe("cnas_base.group_agent", "valider")
