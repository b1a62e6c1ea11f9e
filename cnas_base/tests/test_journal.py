from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.cnas_base.models.journal import VERROU
from odoo.addons.cnas_base.tests.common import TransactionCase


@tagged("post_install", "-at_install", "cnas")
class TestJournal(TransactionCase):
    """Ajout seul, pour tous et par toutes les portes ; une ligne altérée se trouve."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.journal = cls.env["cnas.journal"]
        cls.journal._ajouter([{"modele": "cnas.essai", "res_id": n, "evenement": "essai", "avant": {"x": n},
                               "apres": {"x": n + 1}, "motif": "pour voir"} for n in range(3)])
        cls.journal._sceller()
        cls.lignes = cls.journal.search([("modele", "=", "cnas.essai")], order="id")

    def test_qui_quoi_quand(self):
        ligne = self.lignes[0]
        self.assertEqual((ligne.user_id, ligne.avant, ligne.apres, ligne.motif),
                         (self.env.user, {"x": 0}, {"x": 1}, "pour voir"))
        self.assertTrue(ligne.date and ligne.empreinte)
        self.assertEqual(self.lignes[1].precedente, ligne.empreinte)

    def test_scellee_apres_la_validation(self):
        """Le sceau attend la validation : un point de reprise ne tient pas le verrou devant les autres écrivains."""
        with self.env.cr.savepoint():
            self.journal._ajouter([{"modele": "cnas.essai", "res_id": 9, "evenement": "premier"}])
        ligne = self.journal.search([("res_id", "=", 9), ("modele", "=", "cnas.essai")])
        self.assertFalse(ligne.empreinte)
        self.assertTrue(self.env.cr.postcommit.data.get(VERROU), "la validation le demandera")
        self.journal._sceller()
        ligne.invalidate_recordset()
        self.assertTrue(ligne.empreinte)

    def test_personne_n_ecrit(self):
        administrateur = new_test_user(self.env, "adm_journal", groups="cnas_base.group_administrateur,base.group_system")
        for journal in (self.lignes[0], self.lignes[0].sudo()):
            for attaque in (lambda j=journal: j.write({"motif": "autre"}), lambda j=journal: j.unlink(),
                            lambda j=journal: j.create({"modele": "x", "evenement": "faux"})):
                with self.assertRaises(UserError):
                    attaque()

        with self.assertRaises(AccessError):
            self.lignes[0].with_user(administrateur).unlink()

    def test_le_sql_non_plus(self):
        for requete in ("UPDATE cnas_journal SET motif = 'autre'", "DELETE FROM cnas_journal", "TRUNCATE cnas_journal",
                        "UPDATE cnas_journal SET empreinte = NULL"):
            with self.subTest(requete), mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), \
                    self.env.cr.savepoint():
                self.env.cr.execute(requete)

    def test_une_ligne_alteree_ou_otee_se_trouve(self):
        self.assertTrue(self.journal.verifier()["intact"])
        self.env.cr.execute("ALTER TABLE cnas_journal DISABLE TRIGGER USER")
        milieu = self.lignes[1].id
        for requete in ("UPDATE cnas_journal SET motif = 'autre' WHERE id = %s", "UPDATE cnas_journal SET user_id = 2 WHERE id = %s",
                        """UPDATE cnas_journal SET apres = '{"x": 9}' WHERE id = %s"""):
            with self.env.cr.savepoint() as reprise:
                self.env.cr.execute(requete, [milieu])
                self.assertEqual(self.journal.verifier()["premiere_rupture"], milieu)
                reprise.rollback()
        with self.env.cr.savepoint() as reprise:
            self.env.cr.execute("DELETE FROM cnas_journal WHERE id = %s", [milieu])
            self.assertEqual(self.journal.verifier()["premiere_rupture"], self.lignes[2].id)
            reprise.rollback()
        self.assertTrue(self.journal.verifier()["intact"])

    def test_la_fin_otee_se_trouve(self):
        """Rien ne suit la dernière ligne : c'est la tête qui dit qu'elle a existé, après la vérification de la nuit aussi."""
        self.env.cr.execute("ALTER TABLE cnas_journal DISABLE TRIGGER USER")
        self.journal._verifier_chaque_nuit()
        self.journal._sceller()
        *_debut, avant, derniere = self.journal.search([], order="rang").ids
        self.env.cr.execute("DELETE FROM cnas_journal WHERE id = %s", [derniere])
        resultat = self.journal.verifier()
        self.assertFalse(resultat["intact"])
        self.assertEqual(resultat["premiere_rupture"], avant)

    def test_verifier_est_reserve(self):
        with self.assertRaises(AccessError):
            self.journal.with_user(new_test_user(self.env, "agt_journal", groups="cnas_base.group_agent")).verifier()
