from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from odoo.addons.cnas_base.garde import Action, actions, en_silence, ouverture, transition
from odoo.addons.cnas_base.tests.common import TransactionCase

from .chargeur import Chargeur

AGENT, SUPERVISEUR = "cnas_base.group_agent", "cnas_base.group_superviseur"


@tagged("post_install", "-at_install", "cnas")
class TestEtat(TransactionCase):
    """L'état ne s'écrit ni par `create`, ni par `write`, ni par ricochet, ni avec un contexte forgé."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.chargeur = Chargeur(cls.env, cls.__module__)
        cls.chargeur.backup_registry()

        @actions
        class Dossier(models.Model):
            _name = "cnas.test_dossier"
            _description = "Dossier d'essai"
            _inherit = ["cnas.etat.mixin", "mail.thread"]
            _champs_geles = ("montant", "auteur_id", "ami_ids")
            _actions = {
                "ouvrir": Action(titre="Ouvrir", de=("brouillon",), vers=("ouvert",), roles=(AGENT,)),
                "clore": Action(titre="Clore", de=("ouvert",), vers=("clos",), roles=(SUPERVISEUR,),
                                quatre_yeux=("auteur_id",), motif=True, empeche=("_sans_montant",)),
                "tout_clore": Action(titre="Tout clore", de=("ouvert",), vers=("clos",), roles=(SUPERVISEUR,), motif=True),
            }
            _passages = {"clos": ("ouvert",)}

            name = fields.Char()
            montant = fields.Integer(tracking=True)
            double = fields.Integer(compute="_compute_double", store=True)
            longueur = fields.Integer(compute="_compute_longueur", store=True)
            auteur_id = fields.Many2one("res.users")
            motif = fields.Char()
            parent_id = fields.Many2one("cnas.test_dossier")
            enfant_ids = fields.One2many("cnas.test_dossier", "parent_id")
            ami_ids = fields.Many2many("cnas.test_dossier", "cnas_test_ami", "un_id", "deux_id")
            state = fields.Selection(
                [("brouillon", "Brouillon"), ("ouvert", "Ouvert"), ("clos", "Clos")], default="brouillon")

            @api.depends("montant")
            def _compute_double(self):
                for dossier in self:
                    dossier.double = 2 * dossier.montant

            @api.depends("name")
            def _compute_longueur(self):
                for dossier in self:
                    dossier.longueur = len(dossier.name or "")

            def _completer_creation(self, vals_list):
                for vals in vals_list:
                    vals["auteur_id"] = self.env.uid
                return super()._completer_creation(vals_list)

            def _sans_montant(self):
                return {dossier.id: "il n'y a rien à clore." for dossier in self if not dossier.montant}

            @transition("ouvrir")
            def action_ouvrir(self):
                self._changer_etat("ouvert")

            @transition("clore")
            def action_clore(self, motif=None):
                self._changer_etat("clos", motif=motif)

            @transition("tout_clore")
            def action_tout_clore(self, motif=None):
                (self | self.enfant_ids)._changer_etat("clos")

        cls.chargeur.update_registry((Dossier,))
        cls.addClassCleanup(cls.chargeur.restore_registry)
        cls.modele = cls.env["cnas.test_dossier"]
        cls.env["ir.model.access"].create({
            "name": "essai", "model_id": cls.env["ir.model"]._get_id("cnas.test_dossier"),
            "perm_read": True, "perm_write": True, "perm_create": True, "perm_unlink": True})
        cls.dossier = cls.modele.create({"name": "D1"})
        cls.agent = new_test_user(cls.env, "agent_etat", groups=AGENT)
        cls.superviseur = new_test_user(cls.env, "superviseur_etat", groups=SUPERVISEUR)

    # ------------------------------------------------------------------ la garde
    def test_ecriture_directe_refusee(self):
        for vals in ({"state": "ouvert"}, {"montant": 5}, {"double": 7}, {"name": "x", "state": "clos"}):
            with self.subTest(vals=vals), self.assertRaisesRegex(UserError, "boutons"):
                self.dossier.write(vals)

    def test_ecriture_sans_effet_acceptee(self):
        self.dossier.write({"state": "brouillon", "montant": 0, "name": "D2"})
        self.assertEqual(self.dossier.name, "D2")

    def test_creation_avancee_refusee(self):
        for vals in ({"state": "clos"}, {"montant": 9}, {"double": 4}):
            with self.subTest(vals=vals), self.assertRaises(UserError):
                self.modele.create(vals)

    def test_un_vide_a_la_creation_ne_remplace_pas_un_calcul(self):
        self.assertEqual(self.modele.create({"name": "abc", "longueur": 0, "state": "brouillon"}).longueur, 3)

    def test_le_code_complete_la_creation(self):
        self.assertEqual(self.modele.with_user(self.agent).create({"name": "D"}).auteur_id, self.agent)

    def test_ecrire_ouvre_ces_champs_et_eux_seuls(self):
        self.dossier._ecrire({"montant": 12})
        self.assertEqual((self.dossier.montant, self.dossier.double), (12, 24))
        with self.assertRaises(UserError):
            self.dossier.write({"montant": 13})

    def test_un_contexte_forge_n_ouvre_rien(self):
        for cle in ("cnas_verrou", "cnas_ouverture", "install_mode", "tracking_disable"):
            with self.subTest(cle=cle), self.assertRaises(UserError):
                self.dossier.with_context(**{cle: True}).write({"state": "ouvert"})

    def test_defaut_forge_ignore(self):
        forge = self.modele.with_context(default_state="clos", default_montant=7, default_auteur_id=1)
        dossier, interne = forge.create({}), forge._creer([{"name": "x"}])
        for cree in (dossier, interne):
            self.assertEqual((cree.state, cree.montant, cree.auteur_id), ("brouillon", 0, self.env.user))

    def test_une_valeur_par_defaut_de_l_usager_ignoree(self):
        """Chacun s'écrit des valeurs par défaut (`ir.default`) : elles ne remplissent aucun champ gardé."""
        defauts = self.env["ir.default"].with_user(self.agent)
        for champ, valeur in (("state", "clos"), ("montant", 7), ("double", 14), ("name", "Défaut")):
            defauts.set("cnas.test_dossier", champ, valeur, user_id=True)
        dossier = self.modele.with_user(self.agent).create({})
        self.assertEqual((dossier.state, dossier.montant, dossier.double, dossier.name), ("brouillon", 0, 0, "Défaut"))
        self.assertNotIn("montant", self.modele.with_user(self.agent).default_get(["montant", "state"]))

    def test_une_commande_imbriquee_passe_par_la_garde_de_l_enfant(self):
        enfant = self.modele.create({"name": "E"})
        for commande in (Command.update(enfant.id, {"state": "clos"}), Command.create({"montant": 3})):
            for appel in (
                lambda c=commande: self.modele.create({"name": "P", "enfant_ids": [c]}),
                lambda c=commande: self.dossier.write({"enfant_ids": [c]}),
                lambda c=commande: self.dossier._ecrire({"montant": 1, "enfant_ids": [c]}),
                lambda c=commande: self.modele._creer([{"montant": 1, "enfant_ids": [c]}]),
            ):
                with self.subTest(commande=commande), self.assertRaisesRegex(UserError, "boutons"):
                    appel()
        self.assertEqual(enfant.state, "brouillon")

    def test_une_commande_sur_une_relation_gardee_ne_touche_pas_l_enfant(self):
        ami = self.modele.create({"name": "A"})
        self.dossier._ecrire({"ami_ids": [Command.set(ami.ids)]})
        for commande in (Command.update(ami.id, {"state": "clos"}), Command.create({}), Command.clear()):
            with self.subTest(commande=commande), self.assertRaisesRegex(UserError, "boutons"):
                self.dossier.write({"ami_ids": [commande]})
        self.assertEqual((ami.state, self.dossier.ami_ids), ("brouillon", ami))
        with self.assertRaisesRegex(UserError, "boutons"):
            self.dossier._ecrire({"ami_ids": [Command.update(ami.id, {"state": "clos"})]})

    def test_une_erreur_referme(self):
        with self.assertRaises(ValueError):
            self.dossier._ecrire({"montant": 1, "inconnu": 2})
        self.assertIsNone(ouverture())
        self.assertFalse(en_silence())

    def test_le_suivi_ne_se_tait_que_par_le_code(self):
        def messages():
            self.env.flush_all()
            self.cr.precommit.run()
            return len(self.dossier.message_ids)
        messages()
        self.dossier.with_context(tracking_disable=True, mail_notrack=True)._ecrire({"montant": 5})
        self.assertEqual(messages(), 2, "création et suivi du montant")
        self.dossier._ecrire({"montant": 6}, suivi=False)
        self.assertEqual(messages(), 2)

    # ------------------------------------------------------------------ la table
    def test_transitions(self):
        self.dossier._changer_etat("ouvert", montant=12)
        self.assertEqual((self.dossier.state, self.dossier.montant), ("ouvert", 12))
        with self.assertRaisesRegex(UserError, "ne peut pas passer à « Brouillon »"):
            self.dossier._changer_etat("brouillon")

    def test_l_action_exige_role_etat_quatre_yeux_et_metier(self):
        dossier = self.modele.with_user(self.superviseur).create({"name": "D"})
        with self.assertRaisesRegex(AccessError, "Superviseur.*Clore"):
            dossier.with_user(self.agent).action_clore("fini")
        with self.assertRaisesRegex(UserError, "à l'état « Brouillon »"):
            dossier.action_clore("fini")
        dossier.with_user(self.agent).action_ouvrir()
        with self.assertRaisesRegex(UserError, "Quatre yeux"):
            dossier.action_clore("fini")
        autre = new_test_user(self.env, "autre_etat", groups=SUPERVISEUR)
        with self.assertRaisesRegex(UserError, "rien à clore"):
            dossier.with_user(autre).action_clore("fini")
        dossier._ecrire({"montant": 1})
        self.assertIs(dossier.with_user(autre).action_clore(" fini  net "), True)
        self.assertEqual((dossier.state, dossier.motif), ("clos", "fini  net"))
        ligne = self.env["cnas.journal"].search([("modele", "=", dossier._name), ("res_id", "=", dossier.id),
                                                 ("evenement", "=", "clore")])
        self.assertEqual(ligne.motif, "fini  net")

    def test_le_motif_d_une_action_est_au_journal_de_tout_ce_qu_elle_mene(self):
        """Une action qui n'écrit pas son motif sur la fiche, ou qui en mène une autre, le laisse quand même."""
        enfant = self.modele.create({"name": "E", "parent_id": self.dossier.id})
        (self.dossier | enfant)._changer_etat("ouvert")
        self.dossier.with_user(self.superviseur).action_tout_clore("Décision 12")
        lignes = self.env["cnas.journal"].search([("modele", "=", self.dossier._name), ("evenement", "=", "tout_clore")])
        self.assertEqual({(ligne.res_id, ligne.motif) for ligne in lignes},
                         {(self.dossier.id, "Décision 12"), (enfant.id, "Décision 12")})

    def test_le_bouton_lit_la_meme_table(self):
        dossier = self.modele.with_user(self.superviseur).create({"name": "D"})
        self.assertTrue(dossier.peut_ouvrir)
        self.assertFalse(dossier.peut_clore)
        dossier.action_ouvrir()
        dossier.invalidate_recordset()
        self.assertIn("Quatre yeux", dossier.raison_clore)
        self.assertIn("Clore : Quatre yeux", dossier.raisons_actions)
        self.assertIn("Superviseur", dossier.with_user(self.agent).raison_clore)

    def test_sans_motif_l_assistant(self):
        self.dossier._changer_etat("ouvert", montant=1)
        dossier = self.dossier.with_user(self.superviseur)
        assistant = dossier.action_clore()
        self.assertEqual(dossier.state, "ouvert")
        saisie = self.env[assistant["res_model"]].with_user(self.superviseur).with_context(
            **assistant["context"]).create({"motif": "Fini"})
        saisie.action_confirmer()
        self.assertEqual((dossier.state, dossier.motif), ("clos", "Fini"))

    def test_l_assistant_ne_rappelle_qu_une_action_a_motif(self):
        for modele, action in (("cnas.test_dossier", "ouvrir"), ("cnas.test_dossier", "unlink"), ("res.users", "clore")):
            assistant = self.env["cnas.motif.wizard"].create(
                {"modele": modele, "ids_texte": "1", "action": action, "motif": "x"})
            with self.subTest(action=action), self.assertRaisesRegex(UserError, "n'existe pas"):
                assistant.action_confirmer()

    def test_exiger_groupe(self):
        with self.assertRaisesRegex(AccessError, "Superviseur peut valider"):
            self.dossier.with_user(self.agent)._exiger_groupe(SUPERVISEUR, "valider")
        self.dossier.with_user(self.agent)._exiger_groupe(AGENT, "valider")
