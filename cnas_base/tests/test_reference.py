from psycopg2 import IntegrityError

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import TransactionCase


@tagged("post_install", "-at_install", "cnas")
class TestReference(TransactionCase):
    """Les données du pays sont là, justes, et gardées."""

    def test_comptes(self):
        self.assertEqual(self.env["cnas.province"].search_count([]), 23)
        self.assertEqual(self.env["cnas.district"].search_count([]), 135)
        self.assertEqual(self.env["cnas.regime"].search([]).mapped("code"), ["ASS", "ASI", "AMED"])

    def test_societe(self):
        societe = self.env.ref("base.main_company")
        self.assertEqual((societe.country_id.code, societe.currency_id.name), ("TD", "XAF"))
        self.assertEqual(self.env.ref("base.XAF").decimal_places, 0)

    def test_langue(self):
        self.assertIn("fr_FR", dict(self.env["res.lang"].get_installed()))
        self.assertEqual(self.env["res.partner"].create({"name": "Neuf"}).lang, "fr_FR")

    def test_district_unique_par_province(self):
        abeche = self.env.ref("cnas_base.district_abeche")
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            self.env["cnas.district"].create({"name": abeche.name, "province_id": abeche.province_id.id})

    def test_un_lieu_se_reconnait_dans_les_deux_langues(self):
        """D'un classeur ou d'une recherche, « Abéché » et « أبشة » disent le même district, quelle que soit la langue de qui lit."""
        self.env["res.lang"]._activate_lang("ar_001")
        abeche = self.env.ref("cnas_base.district_abeche")
        abeche.update_field_translations("name", {"ar_001": "أبشة"})
        for langue in ("fr_FR", "ar_001", None):
            districts = self.env["cnas.district"].with_context(lang=langue)
            par_nom = districts._par_nom()
            for ecrit in ("Abéché", "abeche", "أبشة", "ابشة", "Abeché (Ouaddaï)"):
                self.assertEqual(districts._lire_nom(ecrit, par_nom), (abeche.id, []), (langue, ecrit))
                self.assertIn(abeche.id, [i for i, _nom in districts.name_search(ecrit)], (langue, ecrit))

    def test_code_agence(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            self.env["cnas.agence"].create({"code": "ag ndj", "name": "Minuscules"})

    def test_droits(self):
        agent = new_test_user(self.env, "agent_ref", groups="cnas_base.group_agent")
        administrateur = new_test_user(self.env, "admin_ref", groups="cnas_base.group_administrateur")
        province = self.env.ref("cnas_base.province_ouaddai")
        self.assertEqual(province.with_user(agent).chef_lieu, "Abéché")
        with self.assertRaises(AccessError):
            province.with_user(agent).write({"chef_lieu": "Ailleurs"})
        province.with_user(administrateur).write({"chef_lieu": "Abéché"})

    def test_agence_de_l_usager(self):
        agent = new_test_user(self.env, "agent_abe", groups="cnas_base.group_agent")
        agences = self.env["cnas.agence"].with_user(agent)
        self.assertEqual(agences._de_l_usager().code, "AG-NDJ", "le siège à défaut")
        agent.agence_ids = self.env.ref("cnas_base.agence_abeche")
        self.assertEqual(agences._de_l_usager().code, "AG-ABE")
