from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from .common import RIB_VRAI, CasFormations

MODELES = ("cnas.formation_sanitaire", "cnas.convention", "cnas.suspension", "cnas.agrement", "cnas.affectation",
           "cnas.praticien", "cnas.carnet")


@tagged("post_install", "-at_install", "cnas")
class TestPortail(CasFormations):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sienne, cls.autre = (cls._formation_complete(rang) for rang in range(2))
        cls.usager = cls.creer_usager(cls.sienne)

    @classmethod
    def _formation_complete(cls, rang):
        formation = cls.creer_formation(convention=("2025-01-01", "2027-12-31"))
        formation.convention_ids.action_suspendre("Motif")
        specialite = cls.env["cnas.specialite"].create({"code": f"ESS{rang}", "name": f"Spécialité {rang}"})
        cls.env["cnas.agrement"].create(
            {"formation_id": formation.id, "specialite_id": specialite.id, "date_debut": "2025-01-01"})
        cls.env["cnas.carnet"].create(
            {"formation_id": formation.id, "debut": 800_000_001 + 100 * rang, "fin": 800_000_100 + 100 * rang})
        cls.env["cnas.praticien"].create({
            "name": "Dr Essai", "numero_ordre": f"ONMT-900{rang}",
            "affectation_ids": [Command.create({"formation_id": formation.id, "date_debut": "2025-01-01"})]})
        return formation

    def les(self, modele, formation):
        """Rend les enregistrements du modèle qui appartiennent à la formation."""
        chemin = {"cnas.formation_sanitaire": "id", "cnas.praticien": "formation_ids"}.get(modele, "formation_id")
        return self.env[modele].search([(chemin, "in", formation.ids)])

    def test_ne_voit_que_la_sienne(self):
        for modele in MODELES:
            with self.subTest(modele):
                siens, autres = self.les(modele, self.sienne), self.les(modele, self.autre)
                self.assertTrue(siens and autres)
                self.assertEqual(self.env[modele].with_user(self.usager).search([]), siens)
                siens.with_user(self.usager).read()
                with self.assertRaises(AccessError):
                    autres.with_user(self.usager).read(["display_name"])

    def test_n_ecrit_rien(self):
        for modele in MODELES:
            with self.subTest(modele):
                siens = self.les(modele, self.sienne).with_user(self.usager)
                with self.assertRaises(AccessError):
                    siens.write({"create_uid": self.usager.id})
                with self.assertRaises(AccessError):
                    siens.unlink()
                with self.assertRaises(AccessError):
                    self.env[modele].with_user(self.usager).create({})

    def test_actions_refusees(self):
        formation = self.sienne.with_user(self.usager)
        for action, arguments in (("action_suspendre", ("x",)), ("action_fermer", ("x",)), ("action_inviter", ()),
                                  ("action_demander_rib", ()), ("action_retirer_usagers", ([self.usager.id],))):
            with self.assertRaises(AccessError):
                getattr(formation, action)(*arguments)

    def test_ni_rib_ni_demande(self):
        self.autre.rib_principal = RIB_VRAI
        with self.assertRaises(AccessError):
            self.env["cnas.demande_rib"].with_user(self.usager).search([])
        with self.assertRaises(AccessError):
            self.env["res.partner.bank"].with_user(self.usager).search([])

    def test_ne_devine_pas_le_rib_d_une_autre(self):
        self.sienne.rib_principal = self.autre.rib_principal = RIB_VRAI
        lus = self.sienne.with_user(self.usager).read()[0]
        self.assertEqual(lus["rib_principal"], RIB_VRAI)
        self.assertFalse({"rib_alerte", "rib_partage", "demande_rib_ids"} & lus.keys())

    def test_ne_s_attribue_pas_une_formation(self):
        usager = self.usager.with_user(self.usager)
        with self.assertRaises(AccessError):
            usager.write({"formation_ids": [Command.link(self.autre.id)]})
        self.assertEqual(usager.read(["formation_ids"])[0]["formation_ids"], self.sienne.ids)

    def test_un_agent_ne_represente_pas_de_formation(self):
        with self.assertRaises(ValidationError):
            self.roles["agent"].formation_ids = self.sienne

    # ------------------------------------------------------------------ invitation et retrait
    def inviter(self, *personnes):
        action = self.en_tant_que("superviseur", self.sienne).action_inviter()
        assistant = self.env[action["res_model"]].with_user(self.roles["superviseur"]).with_context(
            action["context"]).create({"ligne_ids": [
                Command.create({"name": nom, "email": courriel}) for nom, courriel in personnes]})
        assistant.action_inviter()
        return assistant

    def test_invitation_de_plusieurs_personnes(self):
        assistant = self.inviter(("Achta", "Achta@sante.example"), ("Moussa", "moussa@sante.example"))
        usagers = self.env["res.users"].search([("login", "in", ("achta@sante.example", "moussa@sante.example"))])
        self.assertEqual(len(usagers), 2)
        self.assertTrue(all(u.share and u.has_group("cnas_base.group_portail_formation") for u in usagers))
        self.assertLessEqual(usagers, self.sienne.user_ids)
        self.assertTrue(all("token=" in ligne.lien for ligne in assistant.ligne_ids))
        self.assertEqual(self.sienne.nombre_usagers, 3)
        self.assertEqual(usagers[0].partner_id.parent_id, self.sienne.partner_id)

    def test_invitation_d_un_usager_existant(self):
        self.usager.login = "deja@sante.example"
        self.en_tant_que("superviseur", self.autre)._inviter_usager("Peu importe", "deja@sante.example")
        self.assertEqual(self.usager.formation_ids, self.sienne + self.autre)
        self.assertEqual(
            self.env["cnas.formation_sanitaire"].with_user(self.usager).search([]), self.sienne + self.autre)

    def test_invitations_refusees(self):
        with self.assertRaises(AccessError):
            self.en_tant_que("agent", self.sienne).action_inviter()
        with self.assertRaises(UserError):
            self.inviter()
        with self.assertRaises(ValidationError):
            self.inviter(("X", "pas un courriel"))
        self.roles["agent"].login = "agent@essai.example"
        with self.assertRaises(UserError):
            self.inviter(("Agent", "agent@essai.example"))
        with self.assertRaises(UserError):
            self.en_tant_que("superviseur", self.creer_formation("brouillon")).action_inviter()

    def test_retrait_immediat(self):
        self.usager.formation_ids += self.autre
        formations = self.env["cnas.formation_sanitaire"].with_user(self.usager)
        self.assertEqual(formations.search([]), self.sienne + self.autre)
        self.en_tant_que("superviseur", self.sienne).action_retirer_usagers(self.usager.ids)
        self.assertEqual(formations.search([]), self.autre)
        with self.assertRaises(AccessError):
            self.sienne.with_user(self.usager).read(["name"])
        self.assertTrue(self.usager.active)
        usager = self.usager.with_user(self.roles["superviseur"]).with_context(formation_id=self.autre.id)
        usager.action_retirer_portail()
        self.assertFalse(self.usager.active)
        self.assertFalse(formations.search([]))

    def test_retrait_refuse(self):
        with self.assertRaises(AccessError):
            self.en_tant_que("agent", self.sienne).action_retirer_usagers(self.usager.ids)
        with self.assertRaises(UserError):
            self.en_tant_que("superviseur", self.autre).action_retirer_usagers(self.usager.ids)
