from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged

from .commun import CommunCompta


@tagged("post_install", "-at_install", "cnas")
class TestRoles(CommunCompta):
    """L'agent comptable n'ordonnance pas ; le payeur n'est pas l'ordonnateur ; `account` reste caché aux autres."""

    def test_le_comptable_n_ordonnance_pas(self):
        facture = self.validee()
        with self.assertRaises(AccessError):
            facture.with_user(self.comptable).action_ordonnancer()
        with self.assertRaises(AccessError):
            self.ordonnancee().with_user(self.comptable).action_payer(self.jour(), "VIR-20")

    def test_les_deux_roles_s_excluent(self):
        ordonnateur = self.env.ref("cnas_base.group_finance")
        with self.assertRaisesRegex(ValidationError, "n'ordonnance pas"):
            self.comptable.groups_id = [Command.link(ordonnateur.id)]
        with self.assertRaisesRegex(ValidationError, "n'ordonnance pas"):
            new_test_user(self.env, "t_deux", groups="cnas_base.group_finance,cnas_comptabilite.group_comptable")

    def test_aucun_detour_ne_donne_les_deux_roles(self):
        """Ni un usager déjà connecté, ni les membres d'un groupe, ni ce qu'il implique, ni un compte désactivé."""
        ordonnateur, comptable = self.env.ref("cnas_base.group_finance"), self.env.ref("cnas_comptabilite.group_comptable")
        self.assertFalse(self.comptable.has_group("cnas_base.group_finance"))
        autre = self.env["res.groups"].create({"name": "Détour", "users": [Command.link(self.comptable.id)]})
        administrateur = self.env["res.users"].search([("login", "=", "t_administrateur")]) or new_test_user(
            self.env, "t_administrateur_roles", groups="cnas_base.group_administrateur")
        for geste in (
            lambda: self.comptable.write({"groups_id": [Command.link(ordonnateur.id)]}),
            lambda: self.comptable.write({f"in_group_{ordonnateur.id}": True}),
            lambda: self.comptable.with_user(administrateur)._donner_role("finance", {}),
            lambda: ordonnateur.write({"users": [Command.link(self.comptable.id)]}),
            lambda: comptable.write({"users": [Command.link(self.finance.id)]}),
            lambda: autre.write({"implied_ids": [Command.link(ordonnateur.id)]}),
            lambda: comptable.write({"implied_ids": [Command.link(ordonnateur.id)]}),
        ):
            with self.assertRaisesRegex(ValidationError, "n'ordonnance pas"):
                geste()
        self.comptable.active = False
        with self.assertRaisesRegex(ValidationError, "n'ordonnance pas"):
            ordonnateur.write({"users": [Command.link(self.comptable.id)]})

    def test_le_payeur_n_est_pas_l_ordonnateur(self):
        facture = self.ordonnancee()
        with self.assertRaisesRegex(UserError, "Quatre yeux"):
            facture.with_user(self.finance).action_payer(self.jour(), "VIR-21")

    def test_seul_le_comptable_passe_des_pieces(self):
        for usager in (self.agent, self.finance, self.superviseur, self.tout):
            with self.assertRaises(AccessError):
                self.env["cnas.comptabilite"].with_user(usager).comptabiliser()
            with self.assertRaises(UserError):
                self.env["cnas.fait_comptable"].with_user(usager).create({"cle": "x"})

    def test_les_menus_d_account_sont_caches_aux_autres(self):
        racine = self.env.ref("account.menu_finance")
        for usager in (self.agent, self.finance, self.superviseur, self.tout):
            self.assertNotIn(racine.id, self.env["ir.ui.menu"].with_user(usager)._visible_menu_ids())
        visibles = self.env["ir.ui.menu"].with_user(self.comptable)._visible_menu_ids()
        self.assertIn(self.env.ref("cnas_comptabilite.piece_menu").id, visibles)
        self.assertIn(self.env.ref("cnas_base.menu_facturation").id, visibles)

    def test_le_secret_reste_clos(self):
        for modele in ("cnas.feuille_soin", "cnas.feuille_soin.ligne", "cnas.feuille_soin.piece", "cnas.assure"):
            self.assertFalse(self.env[modele].with_user(self.comptable).check_access_rights("read", False), modele)
        self.assertNotIn("motifs", self.env["cnas.decompte.ligne"].with_user(self.comptable).fields_get())

    def test_le_comptable_ouvre_ses_fiches(self):
        """Ce que montrent ses écrans, il le lit."""
        self.payee()
        self.comptabilite.comptabiliser()
        for modele in ("cnas.decompte", "cnas.lot_paiement", "cnas.indu", "cnas.ordre_paiement", "cnas.fait_comptable", "cnas.schema_comptable",
                       "account.move", "cnas.engagement"):
            vu = self.env[modele].with_user(self.comptable)
            champs = vu.get_views([(False, "form"), (False, "list")])["models"][modele]
            vu.search([], limit=3).read(list(champs))
