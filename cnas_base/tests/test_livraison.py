from datetime import timedelta
from unittest.mock import patch

from lxml import etree

from odoo.exceptions import AccessError, UserError
from odoo.modules.module import get_manifest
from odoo.tests import new_test_user, tagged
from odoo.tools.misc import mute_logger

from odoo.addons.cnas_base.jour import aujourd_hui

from .common import TransactionCase

RECORD = """<record id="essai_livre" model="cnas.parametre">
    <field name="code">essai_livre</field><field name="name">Essai livré</field><field name="famille">feuilles</field>
    <field name="valeur">{valeur}</field><field name="unite">{unite}</field><field name="date_debut">{debut}</field>
    <field name="source">livré</field></record>"""


@tagged("post_install", "-at_install", "cnas")
class TestLivraison(TransactionCase):
    """Une mise à jour ne change ni ne recrée un réglage : ce qu'elle livre de différent se montre."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = new_test_user(cls.env, "admin_liv", groups="cnas_base.group_administrateur")
        cls.agent = new_test_user(cls.env, "agent_liv", groups="cnas_base.group_agent")

    def livrer(self, valeur="30", unite="jours", debut="2000-01-01"):
        """Rejoue la livraison, comme une mise à jour ; rend sa ligne."""
        livre = [etree.fromstring(RECORD.format(valeur=valeur, unite=unite, debut=debut))]
        Livraison = type(self.env["cnas.livraison"])
        with patch.object(Livraison, "_enregistrements_livres", lambda self, addon: iter(livre)):
            self.env["cnas.livraison"]._livrer("cnas_base")
        return self.env["cnas.livraison"].search([("xmlid", "=", "cnas_base.essai_livre")])

    def ici(self):
        return self.env.ref("cnas_base.essai_livre", raise_if_not_found=False)

    def test_un_reglage_nouveau_est_pose(self):
        ligne = self.livrer()
        self.assertEqual((ligne.state, self.ici().valeur, self.ici().unite), ("conforme", "30", "jours"))
        self.assertTrue(self.env["ir.model.data"].search([("module", "=", "cnas_base"), ("name", "=", "essai_livre")]).noupdate)

    def test_une_correction_livree_se_montre(self):
        self.livrer()
        ligne = self.livrer(unite="jours ouvrés")
        self.assertEqual((ligne.state, self.ici().unite), ("a_voir", "jours"))
        self.assertIn("jours ouvrés", ligne.ecart)
        ligne.with_user(self.admin).action_adopter()
        self.assertEqual((ligne.state, self.ici().unite), ("conforme", "jours ouvrés"))

    def test_un_choix_de_plus_n_est_pas_un_ecart(self):
        """Un addon du dessus ajoute ses valeurs permises : adopter la livraison les ôterait."""
        self.livrer()
        self.ici().sudo()._ecrire({"type_valeur": "choix", "choix": "30, 40,50"})
        comparer = self.env["cnas.livraison"]._comparer
        self.assertFalse(comparer(self.env["cnas.parametre"], self.ici(), {"choix": "30,40"})[1])
        self.assertTrue(comparer(self.env["cnas.parametre"], self.ici(), {"choix": "30,60"})[1])

    def test_ce_qui_se_change_a_deux_se_demande(self):
        self.livrer()
        ligne = self.livrer(valeur="45")
        ligne.with_user(self.admin).action_adopter()
        demande = self.env["cnas.changement"].search([("modele", "=", "cnas.parametre"), ("res_id", "=", self.ici().id)])
        self.assertEqual((ligne.state, self.ici().valeur, demande.valeurs), ("demandee", "30", {"valeur": "45"}))
        with self.assertRaisesRegex(UserError, "changement demandé"):
            ligne.with_user(self.admin).action_garder("Arrêté du ministère")
        demande.with_user(new_test_user(self.env, "sup_liv", groups="cnas_base.group_superviseur")).action_refuser("Arrêté du ministère")
        ligne.with_user(self.admin).action_garder("Arrêté du ministère")
        self.assertEqual((ligne.state, self.ici().valeur), ("gardee", "30"))

    def test_un_ecart_garde_se_tait_jusqu_a_une_autre_livraison(self):
        self.livrer()
        ligne = self.livrer(unite="jours ouvrés")
        self.assertEqual(ligne.with_user(self.admin).action_garder()["res_model"], "cnas.motif.wizard")
        ligne.with_user(self.admin).action_garder("Arrêté du ministère")
        self.assertEqual((self.livrer(unite="jours ouvrés").state, ligne.motif), ("gardee", "Arrêté du ministère"))
        self.assertEqual(self.livrer(unite="mois").state, "a_voir")
        self.assertEqual(self.livrer(unite="jours").state, "conforme")

    def test_un_reglage_retire_ne_revient_pas(self):
        demain = aujourd_hui() + timedelta(days=1)
        self.livrer(debut=demain)
        self.ici().unlink()
        ligne = self.livrer(debut=demain)
        self.assertFalse(self.ici())
        self.assertEqual(ligne.state, "a_voir")

    @mute_logger("odoo.sql_db", "odoo.tools.convert")
    def test_une_place_deja_prise_n_arrete_pas_la_mise_a_jour(self):
        """La caisse a déjà une valeur à ces dates : ni violation d'exclusion, ni doublon."""
        self.env["cnas.parametre"].create({"code": "essai_livre", "name": "D'ici", "famille": "feuilles", "valeur": "7", "date_debut": "2010-01-01"})
        ligne = self.livrer()
        self.assertEqual((ligne.state, bool(self.ici())), ("a_voir", False))
        self.assertIn("déjà un réglage", ligne.ecart)
        self.assertEqual(self.env["cnas.parametre"]._au("essai_livre"), 7)

    def test_l_administrateur_seul_decide(self):
        self.livrer()
        ligne = self.livrer(unite="mois")
        with self.assertRaises(AccessError):
            ligne.with_user(self.agent).action_adopter()
        with self.assertRaises(AccessError):
            ligne.with_user(self.agent).action_garder("non")

    def test_une_base_neuve_est_conforme(self):
        """Ce que livrent les addons installés se lit sans écart."""
        self.assertFalse(self.env["cnas.livraison"].search([("state", "=", "a_voir")]).mapped("ecart"))

    def test_forcecreate(self):
        """L'espèce : un réglage à période exclusive n'est jamais recréé par une mise à jour, et chaque addon relève ce qu'il livre."""
        fautes, lus = [], 0
        for addon in self.env["ir.module.module"].search([("name", "=like", "cnas\\_%"), ("state", "=", "installed")]).mapped("name"):
            enregistrements = list(self.env["cnas.livraison"]._enregistrements_livres(addon))
            for enregistrement in enregistrements:
                modele = self.env[enregistrement.get("model")]
                parents = (modele, *(self.env[nom] for nom in modele._inherits))
                if any(getattr(parent, "_periode_cle", ()) for parent in parents):
                    lus += 1
                    if enregistrement.get("forcecreate") != "0":
                        fautes.append(f"{addon}.{enregistrement.get('id')}")
            if enregistrements and addon != "cnas_demo" and get_manifest(addon)["data"][-1] != "data/livraison_data.xml":
                fautes.append(f"{addon} : livraison_data.xml n'est pas la dernière donnée")
        self.assertFalse(fautes)
        self.assertGreater(lus, 10)
