from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import TransactionCase


@tagged("post_install", "-at_install", "cnas")
class TestChangement(TransactionCase):
    """Le cœur : l'un demande, un autre accepte, le code applique ; rien ne s'en efface."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for role, groupe in (("admin", "administrateur"), ("superviseur", "superviseur"), ("agent", "agent")):
            setattr(cls, role, new_test_user(cls.env, f"{role}_chg", groups=f"cnas_base.group_{groupe}"))
        cls.jour = fields.Date.context_today(cls.env["cnas.parametre"])
        cls.delai = cls.env["cnas.parametre"].create({
            "code": "essai_deux", "name": "Essai", "famille": "feuilles", "valeur": "30", "date_debut": "2000-01-01"})

    def demander(self, valeurs=None, usager=None, **mots):
        cible = self.delai.with_user(usager or self.admin)
        valeurs = {"valeur": "60"} if valeurs is None else valeurs
        return self.env["cnas.changement"].browse(cible.demander_changement(valeurs, "Décision d'essai", **mots))

    def test_un_seul_ne_suffit_pas(self):
        ligne = self.delai.with_user(self.admin)
        for vals in ({"minimum": 5}, {"date_fin": self.jour - timedelta(days=1)}, {"date_fin": self.jour}, {"choix": "a"}):
            with self.subTest(vals=vals), self.assertRaisesRegex(UserError, "se change à deux"):
                ligne.write(vals)
        with self.assertRaisesRegex(UserError, "se change à deux"):
            ligne.with_context(install_mode=True, tracking_disable=True).write({"minimum": 5})
        ligne.write({"unite": "jours", "minimum": 0})
        demain = self.jour + timedelta(days=1)
        for dates in ({"date_debut": "1990-01-01", "date_fin": "1999-01-01"}, {"date_debut": demain}):
            with self.subTest(dates=dates), self.assertRaisesRegex(UserError, "se change à deux"):
                ligne.copy({"valeur": "1", **dates})
        a_venir = self.env["cnas.parametre"]._dater("essai_deux", "45", demain).with_user(self.admin)
        for vals in ({"valeur": "46"}, {"date_debut": demain + timedelta(days=1)}, {"date_fin": demain}):
            with self.subTest(vals=vals), self.assertRaisesRegex(UserError, "se change à deux"):
                a_venir.write(vals)
        with self.assertRaisesRegex(UserError, "se change à deux"):
            a_venir.unlink()

    def test_accepte_et_applique(self):
        demande = self.demander()
        self.assertEqual((demande.state, demande.demandeur_id, demande.avant), ("demande", self.admin, {"valeur": "30"}))
        self.assertIn("60", demande.comparaison)
        self.assertIn("<strong>0</strong>", self.demander({"maximum": 0}).comparaison)
        self.assertEqual(self.env["cnas.parametre"]._au("essai_deux"), 30)
        with self.assertRaisesRegex(UserError, "Quatre yeux"):
            demande.with_user(self.admin).action_accepter()
        with self.assertRaises(AccessError):
            demande.with_user(self.agent).action_accepter()
        self.assertIs(demande.with_user(self.superviseur).action_accepter(), True)
        self.assertEqual((demande.state, demande.decideur_id), ("applique", self.superviseur))
        self.assertEqual(self.env["cnas.parametre"]._au("essai_deux"), 60)
        self.assertEqual(self.env["cnas.parametre"]._au("essai_deux", self.jour - timedelta(days=1)), 30)
        journal = self.env["cnas.journal"].search([("modele", "=", "cnas.changement"), ("res_id", "=", demande.id)])
        self.assertEqual(journal.mapped("evenement"), ["accepter", "accepter", "creation"])
        with self.assertRaises(UserError):
            demande.with_user(self.superviseur).action_accepter()

    def test_refuse(self):
        demande = self.demander()
        self.assertEqual(demande.with_user(self.superviseur).action_refuser()["res_model"], "cnas.motif.wizard")
        demande.with_user(self.superviseur).action_refuser("Sans texte")
        self.assertEqual((demande.state, demande.motif_refus), ("refuse", "Sans texte"))
        self.assertEqual(self.env["cnas.parametre"]._au("essai_deux"), 30)

    def test_a_sa_date_d_effet(self):
        demain = self.jour + timedelta(days=1)
        demande = self.demander(date_effet=str(demain))
        demande.with_user(self.superviseur).action_accepter()
        self.assertEqual(demande.state, "accepte")
        self.env["cnas.changement"]._appliquer_les_dus()
        self.assertEqual(demande.state, "accepte")
        demande._ecrire({"date_effet": self.jour})
        self.env["cnas.changement"]._appliquer_les_dus()
        self.assertEqual((demande.state, self.env["cnas.parametre"]._au("essai_deux")), ("applique", 60))

    def test_delai_date(self):
        self.env["cnas.parametre"]._dater("delai_changement_jours", "3", self.jour)
        demande = self.demander()
        demande.with_user(self.superviseur).action_accepter()
        self.assertEqual((demande.state, demande.date_effet), ("accepte", self.jour + timedelta(days=3)))

    @mute_logger("odoo.addons.cnas_base.models.changement")
    def test_une_demande_qui_echoue_n_arrete_pas_les_autres(self):
        mauvaise, bonne = self.demander({"valeur": "trente"}), self.demander({"date_fin": str(self.jour)})
        for demande in (mauvaise, bonne):
            demande._changer_etat("accepte", decideur_id=self.superviseur.id)
        self.env["cnas.changement"]._appliquer_les_dus()
        self.assertEqual((mauvaise.state, bonne.state), ("accepte", "applique"))
        self.assertIn("Non appliqué", mauvaise.message_ids[0].body)

    def test_demandes_refusees(self):
        hier = str(self.jour - timedelta(days=1))
        for valeurs, mots, phrase in (
            ({"name": "x"}, {}, "ne se change pas par une demande"), ({"inconnu": 1}, {}, "ne se change pas par une demande"),
            ({"message_ids": []}, {}, "ne se change pas par une demande"), ({"valeur": "1"}, {"date_effet": hier}, "jour à venir"),
            ({"code": "autre"}, {}, "ne se réécrit pas"), ("x", {}, "mal formées"), ({"minimum": "x"}, {}, "ne peut pas porter"),
            ({"type_valeur": "inconnu"}, {}, "ne peut pas porter"), ({"date_fin": "demain"}, {}, "ne peut pas porter"),
            ({"valeur": "   "}, {}, "est vide"),
        ):
            with self.subTest(valeurs=valeurs), self.assertRaisesRegex(UserError, phrase):
                self.demander(valeurs, **mots)
        changements = self.env["cnas.changement"].with_user(self.admin)
        for vals in ({"modele": "res.users", "res_id": self.admin.id, "valeurs": {"login": "x"}}, {"modele": "inconnu"},
                     {"modele": "cnas.parametre", "res_id": 2 ** 30}, {"modele": "cnas.parametre", "valeurs": {}}):
            with self.subTest(vals=vals), self.assertRaises(UserError):
                changements.create({"motif": "x", **vals})
        with self.assertRaisesRegex(UserError, "motif"):
            self.delai.with_user(self.admin).demander_changement({"valeur": "1"}, " ")
        with self.assertRaises(AccessError):
            self.demander(usager=self.superviseur)
        with self.assertRaises(AccessError):
            self.demander(usager=self.agent)

    def test_rien_ne_se_forge(self):
        demande = self.demander()
        for vals in ({"valeurs": {"valeur": "1"}}, {"motif": "y"}, {"demandeur_id": self.agent.id}, {"state": "accepte"},
                     {"decideur_id": self.admin.id}):
            with self.subTest(vals=vals), self.assertRaises(UserError):
                demande.with_user(self.superviseur).write(vals)
        with self.assertRaises(AccessError):
            demande.with_user(self.superviseur).unlink()
        with self.assertRaises(UserError):
            demande.unlink()
        autre = self.env["cnas.changement"].with_user(self.admin).with_context(
            default_state="accepte", default_decideur_id=self.superviseur.id).create({
                "modele": "cnas.parametre", "res_id": self.delai.id, "valeurs": {"valeur": "1"}, "motif": "x",
                "demandeur_id": self.agent.id})
        self.assertEqual((autre.state, autre.demandeur_id, autre.decideur_id.id), ("demande", self.admin, False))

    def test_supprimer_et_creer_a_deux(self):
        neuve = self.env["cnas.parametre"].create({
            "code": "essai_trois", "name": "Essai", "famille": "feuilles", "valeur": "1", "date_debut": self.jour})
        with self.assertRaisesRegex(UserError, "se change à deux"):
            neuve.with_user(self.admin).unlink()
        suppression = self.env["cnas.changement"].browse(neuve.with_user(self.admin).demander_changement({}, "Erreur"))
        suppression.with_user(self.superviseur).action_accepter()
        self.assertFalse(neuve.exists())
        self.assertEqual(suppression.state, "applique")
        creation = self.env["cnas.changement"].browse(self.env["cnas.parametre"].with_user(self.admin).demander_changement(
            {"code": "essai_deux", "name": "Essai", "famille": "feuilles", "valeur": "9", "date_debut": "1990-01-01",
             "date_fin": "1999-12-31"}, "Reprise"))
        creation.with_user(self.superviseur).action_accepter()
        self.assertEqual(self.env["cnas.parametre"]._au("essai_deux", fields.Date.to_date("1995-01-01")), 9)

    def test_changer_est_une_demande(self):
        for date in (self.jour + timedelta(days=1), self.jour):
            geste = self.env["cnas.parametre.wizard"].with_user(self.admin).create({
                "parametre_id": self.delai.id, "valeur": "45", "source": "Arrêté", "date": date})
            action = geste.action_appliquer()
            self.assertEqual(action["res_model"], "cnas.changement")
            self.assertFalse(self.delai.date_fin)
        self.assertEqual(self.env["cnas.parametre"]._au("essai_deux"), 30)
        self.env["cnas.changement"].browse(action["res_id"]).with_user(self.superviseur).action_accepter()
        self.assertEqual(self.env["cnas.parametre"]._au("essai_deux"), 45)
