import importlib.util
from datetime import date
from pathlib import Path
from unittest.mock import patch

from odoo.tests.common import tagged
from odoo.tools import mute_logger

from .test_indus import CommunIndus

RACINE = Path(__file__).parents[2]


def migrer(env, chemin):
    """Joue un script de migration, comme la mise à jour le fait."""
    specification = importlib.util.spec_from_file_location("migration", RACINE / chemin)
    script = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(script)
    env.flush_all()
    script.migrate(env.cr, "17.0.1.0.0")
    env.invalidate_all()


@tagged("post_install", "-at_install", "cnas")
class TestMigrations(CommunIndus):
    """Ce que la CNAS avait réglé avant le magasin y est encore après."""

    def test_parametres_de_facturation(self):
        self.env.cr.execute("""
            CREATE TABLE cnas_parametre_facturation (code varchar, valeur integer, date_debut date, date_fin date);
            INSERT INTO cnas_parametre_facturation VALUES
                ('delai_recours', 45, '2019-01-01', '2023-12-31'), ('delai_recours', 60, '2024-01-01', NULL),
                ('plafond_compensation', 20, '2019-01-01', NULL), ('mois_comparaison', 0, '2019-01-01', NULL)""")
        plafond = self.env["cnas.parametre"].search([("code", "=", "plafond_compensation")])
        with mute_logger("migration"):
            migrer(self.env, "cnas_facturation/migrations/17.0.1.1.0/post-magasin.py")
        parametres = self.env["cnas.parametre"]
        self.assertEqual([parametres._au("delai_recours", date(annee, 6, 1)) for annee in (2015, 2023, 2024, 2026)],
                         [45, 45, 60, 60])
        self.assertEqual(parametres.search([("code", "=", "plafond_compensation")]), plafond, "inchangé : rien à reprendre")
        self.assertEqual(parametres._au("mois_comparaison"), 3, "une valeur qui n'est plus permise ne bloque rien")
        self.env.cr.execute("SELECT to_regclass('cnas_parametre_facturation')")
        self.assertEqual(self.env.cr.fetchone(), (None,))

    def test_parametres_systeme(self):
        systeme, parametres = self.env["ir.config_parameter"], self.env["cnas.parametre"]
        systeme.set_param("cnas_formations.alerte_convention_jours", "75")
        systeme.set_param("cnas_feuilles_soin.delai_instance_jours", "douze")
        systeme.set_param("cnas_facturation.delai_recours", "12")
        systeme.set_param("cnas_assures.cle_inconnue", "x")
        parametres._dater("delai_recours", "33", date(2020, 1, 1))
        avant = parametres._au("delai_instance_jours")
        with mute_logger("migration"):
            migrer(self.env, "cnas_base/migrations/17.0.1.2.0/end-magasin.py")
        self.assertEqual(parametres._au("alerte_convention_jours", date(2021, 1, 1)), 75)
        self.assertEqual(parametres._au("delai_instance_jours"), avant)
        self.assertEqual(parametres._au("delai_recours"), 33, "ce qui a été changé depuis dans le magasin l'emporte")
        self.assertFalse(systeme.get_param("cnas_formations.alerte_convention_jours"))
        self.assertEqual(systeme.get_param("cnas_assures.cle_inconnue"), "x")

    def test_l_arabe_sur_une_base_d_avant(self):
        """La langue s'ouvre et les traductions se lisent ; un courriel se redit en arabe à qui lit le français seulement, son texte récrit gardé."""
        gabarit = self.env.ref("cnas_base.courriel_compte_cree").with_context(lang="fr_FR")
        gabarit.body_html = '<p>Écrit ici.</p><p dir="rtl" lang="ar">حسابكم مفتوح</p>'
        self.env.cr.execute("UPDATE res_lang SET active = false WHERE code = 'ar_001'")
        self.env.registry.clear_cache()
        with patch.object(type(self.env["ir.module.module"]), "_update_translations") as lues:
            migrer(self.env, "cnas_base/migrations/17.0.1.7.0/end-arabe.py")
            migrer(self.env, "cnas_base/migrations/17.0.1.7.1/end-courriels.py")
        self.assertIn("ar_001", self.env["res.lang"]._offertes())
        self.assertEqual(lues.call_args.args, (["ar_001"],))
        rendu = {sens: gabarit._render_template(gabarit.body_html, "res.users", self.env.user.ids, engine="qweb", add_context={"sens_de_la_langue": sens})[
            self.env.uid] for sens in ("ltr", "rtl")}
        self.assertIn("حسابكم", rendu["ltr"])
        self.assertEqual(rendu["rtl"], "<p>Écrit ici.</p>")
        self.assertIn("Écrit ici.", self.env.ref("auth_signup.mail_template_user_signup_account_created").with_context(lang="fr_FR").body_html)

    def test_un_courriel_parle_la_langue_de_qui_le_lit(self):
        for xmlid, chemin in (("cnas_employeurs.mail_template_relance", "cnas_employeurs/migrations/17.0.1.4.1/post-langue.py"),
                              ("cnas_feuilles_soin.courriel_demande_pieces", "cnas_feuilles_soin/migrations/17.0.1.7.1/post-langue.py")):
            gabarit = self.env.ref(xmlid)
            for avant, apres in (("fr_FR", "_langue_des_courriers()"), ("{{ user.lang }}", "{{ user.lang }}")):
                gabarit.lang = avant
                migrer(self.env, chemin)
                self.assertIn(apres, gabarit.lang)

    def test_lots_indus_et_ordres_d_avant(self):
        facture = self.ordonnancee()
        lot = self.transmettre(facture)
        fichier = lot.fichier
        lot._ecrire({"fichier": False})
        facture.ordre_ids[0].with_user(self.finance).action_rejeter_banque("Compte clos")
        assure = self.creer_assure("Direct", "1970-01-01")
        feuille = self.remboursement(assure).feuille_ids
        indu = self.env["cnas.indu"].sudo()._creer([{
            "formation_id": self.formation.id, "feuille_id": feuille.id, "compte": "principal", "montant": 5,
            "motif": "Décès"}])
        facture._ecrire({"state": "validee"})
        migrer(self.env, "cnas_facturation/migrations/17.0.1.2.0/post-lots-et-indus.py")
        self.assertEqual(lot.fichier, fichier)
        self.assertEqual((indu.assure_id, indu.formation_id.ids), (assure, []))
        self.assertEqual(facture.ordre_ids[0].state, "annule")

    def test_lots_de_virements_d_avant(self):
        """Le modèle change de nom : les lots, leurs ordres, leurs messages et leurs noms externes restent."""
        lot, brouillon = self.transmettre(self.ordonnancee()), self.lot(self.ordonnancee())
        ordres, numero, messages = lot.ordre_ids, lot.numero, lot.message_ids.ids
        self.env.flush_all()
        self.env.cr.execute("""
            ALTER TABLE cnas_lot_paiement RENAME TO cnas_lot_virement;
            ALTER SEQUENCE cnas_lot_paiement_id_seq RENAME TO cnas_lot_virement_id_seq;
            ALTER TABLE cnas_lot_virement DROP COLUMN nature, DROP COLUMN preparateur_id CASCADE;
            UPDATE cnas_lot_virement SET state = 'prepare' WHERE state = 'brouillon';
            UPDATE ir_model SET model = 'cnas.lot_virement' WHERE model = 'cnas.lot_paiement';
            UPDATE ir_model_fields SET model = 'cnas.lot_virement' WHERE model = 'cnas.lot_paiement';
            UPDATE ir_model_fields SET relation = 'cnas.lot_virement' WHERE relation = 'cnas.lot_paiement';
            UPDATE mail_message SET model = 'cnas.lot_virement' WHERE model = 'cnas.lot_paiement';
            UPDATE ir_sequence SET code = 'cnas.lot_virement' WHERE code = 'cnas.lot_paiement';
            UPDATE ir_model_data SET name = replace(name, 'lot_paiement', 'lot_virement') WHERE module = 'cnas_facturation'""")
        self.env.cr.execute("INSERT INTO ir_model_data (module, name, model, res_id) VALUES ('__export__', 'virement_1', 'cnas.lot_virement', %s)",
                            (lot.id,))
        for _fois in range(2):
            migrer(self.env, "cnas_facturation/migrations/17.0.1.4.0/pre-lots-de-paiement.py")
        self.assertEqual((lot.numero, lot.nature, lot.state, lot.ordre_ids, lot.message_ids.ids), (numero, "banque", "transmis", ordres, messages))
        self.assertEqual((lot.preparateur_id, brouillon.state), (self.finance2, "brouillon"))
        self.env.registry.clear_cache()
        self.assertEqual(self.env.ref("cnas_facturation.lot_paiement_action").res_model, "cnas.lot_paiement")
        self.assertEqual(self.env.ref("cnas_facturation.model_cnas_lot_paiement").model, "cnas.lot_paiement")
        self.assertTrue(self.env["ir.sequence"].next_by_code("cnas.lot_paiement"))
        self.assertEqual(self.env.ref("__export__.virement_1"), lot, "un lot exporté garde son nom externe")
