import base64
import importlib.util
from pathlib import Path
from xmlrpc.client import Fault

from psycopg2.errors import ExclusionViolation

from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger, sql

from odoo.addons.cnas_base.impression.langue import ARABE, FRANCAIS
from odoo.addons.cnas_base.tests.common import HttpCase

from .common import CommunReferentiels

MIGRATION = Path(__file__).parents[1] / "migrations/17.0.1.3.1/pre-noms.py"


@tagged("post_install", "-at_install", "cnas")
class TestNoms(CommunReferentiels):
    """Un nom de référentiel se lit dans la langue de l'usager, se cherche dans les deux, et s'écrit en français sur ce qui reste."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang(ARABE)
        cls.acte.prestation_id.update_field_translations("name", {ARABE: "استشارة تجريبية"})
        cls.pathologie = cls.env["cnas.pathologie"].create({"code": "Y95.3", "name": "Mal d'essai"})
        cls.pathologie.update_field_translations("name", {ARABE: "مرض تجريبي"})

    def test_se_lit_dans_sa_langue(self):
        for fiche in (self.acte, self.acte.prestation_id):
            self.assertEqual((fiche.name, fiche.with_context(lang=ARABE).name), ("Consultation d'essai", "استشارة تجريبية"))
            self.assertIn("تجريبية", fiche.with_context(lang=ARABE).display_name)
        tarif = self.tarif("2031-01-01", objet=self.acte)
        self.assertIn("Consultation d'essai", tarif.display_name)
        self.assertIn("تجريبية", tarif.with_context(lang=ARABE).display_name)

    def test_se_cherche_dans_les_deux_langues(self):
        """Par le nom qui s'affiche ou par l'autre, d'une liste, d'un lien ou d'un chemin ; une base d'une seule langue n'y perd rien."""
        tarif = self.tarif("2031-01-01", objet=self.acte)
        for langue in (FRANCAIS, ARABE, None):
            def en(objet, langue=langue):
                return objet.with_context(lang=langue)
            for texte, acte in (("tion d'essai", self.acte), ("استشارة تج", self.acte), ("introuvable", self.acte.browse()), ("لا يوجد", self.acte.browse())):
                with self.subTest(langue=langue, texte=texte):
                    trouves = en(self.env["cnas.acte"]).search([("name", "ilike", texte), ("code", "=", "TST-FOR")])
                    self.assertEqual(trouves, acte)
                    self.assertEqual([i for i, _nom in en(self.env["cnas.acte"]).name_search(texte) if i == self.acte.id], acte.ids)
                    self.assertEqual(en(self.env["cnas.config_acte"]).search([("acte_id.name", "ilike", texte), ("id", "=", tarif.id)]), tarif if acte else tarif.browse())
                    self.assertEqual(self.acte not in en(self.env["cnas.acte"]).search([("code", "=", "TST-FOR"), "!", ("name", "ilike", texte)]), bool(acte))
        self.pathologie.active = False
        for texte in ("Mal d'essai", "مرض تجريبي"):
            self.assertFalse(self.pathologie.search([("name", "=", texte)]))
            self.assertEqual(self.pathologie.search([("name", "=", texte), ("active", "=", False)]), self.pathologie)

    def test_l_arabe_de_l_usager_n_entre_pas_dans_les_faits(self):
        """Ce que le moteur et une révision recopient est français ; la CIM-10 importée par qui lit en arabe aussi."""
        revision = self.env["cnas.revision_tarif"].with_context(lang=ARABE)
        self.assertEqual(revision._objets_par_code(["TST-FOR"])["TST-FOR"]["libelle"], "Consultation d'essai")
        import_ = self.env["cnas.import_fichier"].with_user(self.administrateur).with_context(lang=ARABE).create({
            "sujet": "pathologies", "nom_fichier": "cim.csv", "fichier": base64.b64encode("code;libellé\nY95.4;Autre mal d'essai".encode())})
        import_.action_controler()
        import_.action_appliquer()
        creee = self.pathologie.search([("code", "=", "Y95.4")])
        self.assertEqual((creee.name, creee.with_context(lang=ARABE).name), ("Autre mal d'essai", "Autre mal d'essai"))

    def test_une_gratuite_traduite_reste_la_meme(self):
        gratuite = self.env["cnas.gratuite"].create({"name": "Programme d'essai", "prestation_id": self.acte.prestation_id.id, "date_debut": "2026-01-01"})
        gratuite.update_field_translations("name", {ARABE: "برنامج"})
        with mute_logger("odoo.sql_db"), self.assertRaises(ExclusionViolation), self.env.cr.savepoint():
            gratuite.create({"name": "Programme d'essai", "prestation_id": self.acte.prestation_id.id, "date_debut": "2026-06-01"})

    def test_une_base_d_avant_se_convertit(self):
        """La colonne d'avant était un texte, que la contrainte comparait tel quel : le script l'ôte, et le français reste."""
        gratuite = self.env["cnas.gratuite"].create({"name": "Programme d'essai", "prestation_id": self.acte.prestation_id.id, "date_debut": "2026-01-01"})
        specification = importlib.util.spec_from_file_location("migration", MIGRATION)
        script = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(script)
        self.env.flush_all()
        script.migrate(self.env.cr, "17.0.1.3.0")
        sql.convert_column_translatable(self.env.cr, "cnas_gratuite", "name", "varchar")
        self.env.cr.execute("ALTER TABLE cnas_gratuite ADD CONSTRAINT cnas_gratuite_periode_exclusive EXCLUDE USING gist (COALESCE(name::varchar, '') WITH =, id WITH =)")
        script.migrate(self.env.cr, "17.0.1.3.0")
        sql.convert_column_translatable(self.env.cr, "cnas_gratuite", "name", "jsonb")
        self.env.invalidate_all()
        for langue in (None, FRANCAIS, ARABE):
            self.assertEqual(gratuite.with_context(lang=langue).name, "Programme d'essai", langue)


@tagged("post_install", "-at_install", "cnas")
class TestNomsParRpc(HttpCase):
    """Un script sans langue crée, change et relit le français."""

    def test_sans_langue(self):
        administrateur = new_test_user(self.env, "rpc_noms", groups="cnas_base.group_administrateur", password="rpc_noms")

        def appeler(methode, *arguments):
            return self.xmlrpc_object.execute_kw(self.env.cr.dbname, administrateur.id, "rpc_noms", "cnas.acte", methode, list(arguments))

        acte = appeler("create", {"code": "TST-RPC", "name": "Soin d'essai"})
        self.assertEqual(appeler("read", [acte], ["name"])[0]["name"], "Soin d'essai")
        appeler("write", [acte], {"name": "Soin changé"})
        self.assertEqual(appeler("search_read", [("name", "=", "Soin changé")], ["name", "display_name"]),
                         [{"id": acte, "name": "Soin changé", "display_name": "Soin changé"}])
        self.assertEqual(self.env["cnas.acte"].browse(acte).with_context(lang=FRANCAIS).prestation_id.name, "Soin changé")
        for faux in (["Soin"], {"fr_FR": "Soin"}):
            with mute_logger("odoo.sql_db"), self.assertRaisesRegex(Fault, "ne peut pas valoir"):
                appeler("create", {"code": "TST-FAUX", "name": faux})
