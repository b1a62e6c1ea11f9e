from datetime import date, timedelta

from freezegun import freeze_time
from psycopg2 import IntegrityError

from odoo import fields
from odoo.api import call_kw
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from .common import TransactionCase


@tagged("post_install", "-at_install", "cnas")
class TestParametre(TransactionCase):
    """Un seul magasin : typé, borné, daté, sans chevauchement, dont le passé ne se réécrit pas."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = new_test_user(cls.env, "admin_parametre", groups="cnas_base.group_administrateur")
        cls.agent = new_test_user(cls.env, "agent_parametre", groups="cnas_base.group_agent")
        cls.magasin = cls.env["cnas.parametre"].with_user(cls.admin)
        cls.superviseur = new_test_user(cls.env, "superviseur_parametre", groups="cnas_base.group_superviseur")
        cls.jour = fields.Date.context_today(cls.magasin)
        cls.delai = cls._poser("essai_delai", "30")

    @classmethod
    def _poser(cls, code, valeur, **vals):
        return cls.magasin.create({
            "code": code, "name": f"Essai {code}", "famille": "feuilles", "valeur": valeur,
            "date_debut": date(2000, 1, 1), **vals})

    def _dater(self, *arguments):
        return self.magasin.sudo()._dater(*arguments).with_user(self.admin)

    def _appeler(self, *arguments, usager=None):
        return call_kw(self.env["cnas.parametre"].with_user(usager or self.agent), "valeur", arguments, {})

    # ------------------------------------------------------------------ lire
    def test_valeur_publique(self):
        self._poser("essai_oui", "non", type_valeur="booleen")
        self._poser("essai_date", "2020-02-29", type_valeur="date")
        self._poser("essai_choix", "b", type_valeur="choix", choix="a, b")
        lues = [self._appeler(code, "2010-05-01") for code in ("essai_delai", "essai_oui", "essai_date", "essai_choix")]
        self.assertEqual(lues, [30, False, "2020-02-29", "b"])
        self.assertEqual(self._appeler("essai_delai"), 30)

    def test_refus_de_lecture(self):
        for arguments, phrase in ((("inconnu",), "n'existe pas"), (("essai_delai", "hier"), "AAAA-MM-JJ"),
                                  ((["essai_delai"],), "n'existe pas"), (("essai_delai", "1999-12-31"), "31/12/1999")):
            with self.subTest(arguments=arguments), self.assertRaisesRegex(UserError, phrase):
                self._appeler(*arguments)
        with self.assertRaises(AccessError):
            self._appeler("essai_delai", usager=new_test_user(self.env, "portail_p", groups="base.group_portal"))

    def test_bornes_dernier_et_premier_jour(self):
        bascule = self.jour + timedelta(days=10)
        self._dater("essai_delai", "45", bascule)
        self.assertEqual(self.magasin._au("essai_delai", bascule - timedelta(days=1)), 30)
        self.assertEqual(self.magasin._au("essai_delai", bascule), 45)
        self.assertEqual(self.delai.date_fin, bascule - timedelta(days=1))

    def test_aujourd_hui_est_celui_de_ndjamena(self):
        self._dater("essai_delai", "45", date(2040, 1, 1))
        with freeze_time("2039-12-31 23:30:00"):
            self.assertEqual(self.magasin.with_context(tz="Africa/Ndjamena")._au("essai_delai"), 45)
        with freeze_time("2039-12-31 22:30:00"):
            self.assertEqual(self.magasin.with_context(tz="Africa/Ndjamena")._au("essai_delai"), 30)

    def test_requetes_constantes(self):
        self.magasin._au("essai_delai", self.jour)
        with self.assertQueryCount(0):
            for recul in range(50):
                self.magasin._au("essai_delai", self.jour - timedelta(days=recul))

    # ------------------------------------------------------------------ écrire
    def test_valeur_refusee(self):
        for vals, phrase in (
            ({"valeur": "trente"}, "nombre entier"), ({"valeur": "-1"}, "va de 0"), ({"valeur": "9" * 20}, "va de 0"),
            ({"valeur": "101", "type_valeur": "pourcentage"}, "à 100"), ({"valeur": "4", "minimum": 5}, "va de 5"),
            ({"valeur": "6", "maximum": 5}, "à 5"), ({"valeur": "vrai", "type_valeur": "booleen"}, "« oui » ou « non »"),
            ({"valeur": "c", "type_valeur": "choix", "choix": "a,b"}, "choisissez parmi : a, b"),
            ({"valeur": "31/12/2020", "type_valeur": "date"}, "AAAA-MM-JJ"),
        ):
            with self.subTest(**vals), self.assertRaisesRegex(ValidationError, phrase), self.cr.savepoint():
                self._poser("essai_faux", **vals)

    def test_pas_de_chevauchement_en_base(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.cr.savepoint():
            self.delai.sudo().copy({"date_debut": self.jour + timedelta(days=1)})

    def test_le_passe_ne_se_reecrit_pas(self):
        hier = self.jour - timedelta(days=1)
        for vals in ({"valeur": "31"}, {"code": "autre"}, {"date_debut": self.jour}, {"type_valeur": "montant"},
                     {"date_fin": hier - timedelta(days=1)}):
            with self.subTest(vals=vals), self.assertRaisesRegex(UserError, "ne se réécrit pas"):
                self.delai.write(vals)
        with self.assertRaisesRegex(UserError, "ne se réécrit pas"):
            self.delai.unlink()
        self.delai.sudo().date_fin = hier
        close = self._poser("essai_clos", "1", date_fin=hier - timedelta(days=1)).with_user(self.admin)
        with self.assertRaisesRegex(UserError, "ne se réécrit pas"):
            close.date_fin = False

    def test_ce_qui_n_a_pas_servi_se_corrige(self):
        prochaine = self._dater("essai_delai", "45", self.jour + timedelta(days=1)).sudo()
        prochaine.valeur = "46"
        self.assertEqual(self.magasin._au("essai_delai", self.jour + timedelta(days=1)), 46)
        prochaine.unlink()
        self.delai.sudo().date_fin = False
        self.assertEqual(self.magasin._au("essai_delai", self.jour), 30)

    def test_changer_a_partir_du(self):
        action = self.delai.action_changer()
        geste = Form(self.env["cnas.parametre.wizard"].with_user(self.admin).with_context(action["context"]))
        geste.valeur, geste.source, geste.date = "60", "Arrêté d'essai", self.jour + timedelta(days=3)
        demande = self.env["cnas.changement"].browse(geste.save().action_appliquer()["res_id"])
        demande.with_user(self.superviseur).action_accepter()
        self.assertEqual((demande.state, self.delai.date_fin), ("accepte", False))
        demande._appliquer()
        ligne = self.magasin.search([("code", "=", "essai_delai"), ("valeur", "=", "60")])
        self.assertEqual((ligne.source, ligne.date_debut, ligne.date_fin),
                         ("Arrêté d'essai", self.jour + timedelta(days=3), False))
        self.assertEqual(self.delai.date_fin, self.jour + timedelta(days=2))
        self.assertEqual(self.delai.historique_ids, ligne | self.delai)
        with self.assertRaisesRegex(UserError, "jamais dans le passé"):
            self.env["cnas.parametre.wizard"].with_user(self.admin).create({
                "parametre_id": ligne.id, "valeur": "1", "source": "x", "date": self.jour - timedelta(days=1),
            }).action_appliquer()

    def test_une_ligne_a_venir_ne_ramene_pas_seule_une_valeur_a_aujourd_hui(self):
        prochaine = self._dater("essai_delai", "45", self.jour + timedelta(days=3))
        self.delai.sudo().date_fin = self.jour
        for jour in (self.jour, self.jour - timedelta(days=1)):
            with self.subTest(jour=jour), self.assertRaisesRegex(UserError, "se change à deux"):
                prochaine.date_debut = jour
        assistant = self.env["cnas.parametre.wizard"].with_user(self.admin).create(
            {"parametre_id": prochaine.id, "valeur": "1", "source": "x", "date": self.jour})
        self.assertEqual(assistant.action_appliquer()["res_model"], "cnas.changement")
        for forge in ({"default_date_debut": self.jour}, {"default_code": "essai_delai"}):
            vals = {"code": "essai_delai", "date_debut": self.jour, "name": "x", "famille": "feuilles", "valeur": "9"}
            vals = {champ: valeur for champ, valeur in vals.items() if f"default_{champ}" not in forge}
            with self.subTest(forge=forge), self.assertRaisesRegex(UserError, "se change à deux"):
                self.magasin.with_context(**forge).create(vals)
        self.assertEqual(self.magasin._au("essai_delai"), 30)

    def test_entre_deux_lignes(self):
        self._dater("essai_delai", "45", self.jour + timedelta(days=20))
        milieu = self._dater("essai_delai", "40", self.jour + timedelta(days=10))
        self.assertEqual(milieu.date_fin, self.jour + timedelta(days=19))

    def test_administrateur_seul(self):
        self.assertEqual(self.delai.with_user(self.agent).valeur, "30")
        for usager in (self.agent, self.superviseur):
            with self.assertRaises(AccessError):
                self.delai.with_user(usager).write({"unite": "jours"})
            with self.assertRaises(AccessError):
                self.delai.with_user(usager).action_changer() and self.env["cnas.parametre.wizard"].with_user(
                    usager).create({"parametre_id": self.delai.id, "valeur": "1", "source": "x"})

    def test_trace(self):
        prochaine = self._dater("essai_delai", "45", self.jour + timedelta(days=1)).sudo()
        self.env.flush_all()
        self.cr.flush()
        prochaine.valeur = "46"
        self.env.flush_all()
        self.cr.flush()
        suivis = prochaine.message_ids.tracking_value_ids
        self.assertIn(("45", "46"), [(s.old_value_char, s.new_value_char) for s in suivis])

    def test_en_vigueur(self):
        prochaine = self._dater("essai_delai", "45", self.jour + timedelta(days=1))
        cherche = [("code", "=", "essai_delai")]
        self.assertEqual(self.magasin.search([*cherche, ("en_vigueur", "=", True)]), self.delai)
        self.assertEqual(self.magasin.search([*cherche, ("en_vigueur", "=", False)]), prochaine)
