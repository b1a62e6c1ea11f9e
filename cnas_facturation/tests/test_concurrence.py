import base64
import threading
from contextlib import contextmanager

import psycopg2

from odoo import SUPERUSER_ID, api, fields
from odoo.exceptions import UserError
from odoo.tests.common import new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.cnas_base.ecriture import ecrire_csv
from odoo.addons.cnas_base.tests.common import TransactionCase
from odoo.addons.cnas_formations.rib import composer_rib

MOIS = "2026-10-01"
CODE = "CONC-FAC-01"


@tagged("post_install", "-at_install", "cnas")
class TestConcurrence(TransactionCase):
    """Deux usagers, deux connexions, le même instant : une seule fois, et l'autre lit une phrase claire."""

    def setUp(self):
        super().setUp()
        self.addCleanup(self._nettoyer)
        with self.connexion() as env:
            env = env(context={"tracking_disable": True, "no_reset_password": True})
            self.usagers = {
                login: self._usager(env, f"conc_{login}", f"cnas_base.group_{groupe}").id
                for login, groupe in (("agent", "agent"), ("agent2", "agent"), ("controleur", "controleur"),
                                      ("chef", "superviseur"), ("chef2", "superviseur"), ("finance", "finance"),
                                      ("finance2", "finance"), ("finance3", "finance"))}
            self._creer_feuille(env)

    def _usager(self, env, login, groupe):
        """Rend l'usager d'essai ; le journal garde qui a agi : il reste en base, archivé, d'un essai à l'autre."""
        usager = env["res.users"].with_context(active_test=False).search([("login", "=", login)])
        usager.active = True
        return usager or new_test_user(env, login=login, groups=groupe)

    def _creer_feuille(self, env):
        formation = env["cnas.formation_sanitaire"].create({
            "code": CODE, "name": "Concurrence", "rib_principal": composer_rib("60002", "00042", f"{42:011d}")})
        assure = env["cnas.assure"].create({
            "nom": "CONCURRENCE", "prenom": "Essai", "genre": "feminin", "date_naissance": "1990-01-01",
            "regime_id": env.ref("cnas_base.regime_ass").id})
        acte = env["cnas.acte"].create(
            {"code": "CONC-ACT", "name": "Acte concurrent", "type_prestation": "acte", "mode_tarif": "forfait"})
        feuille = env["cnas.feuille_soin"].create({
            "reference": "CONC-1", "formation_id": formation.id, "assure_id": assure.id, "date_soins": "2026-10-05",
            "ligne_ids": [(0, 0, {"prestation_id": acte.prestation_id.id, "quantite": 1, "prix_unitaire": 1000})]})
        feuille.ligne_ids._ecrire({
            "quantite_retenue": 1, "tarif": 1000, "taux": 80, "montant_base": 1000, "montant_cnas": 800,
            "ticket_moderateur": 200, "depassement": 0, "montant_rejete": 0, "decision": "acceptee"})
        feuille._ecrire({"numero": "CONC-2026-000001", "state": "validee", "completude": "complet"})

    def _nettoyer(self):
        with self.registry.cursor() as cr:
            cr.execute("SELECT id FROM cnas_formation_sanitaire WHERE code = %s", (CODE,))
            formation = cr.fetchone() or (0,)
            cr.execute("ALTER TABLE cnas_decompte DISABLE TRIGGER USER; ALTER TABLE cnas_decompte_ligne DISABLE TRIGGER USER")
            for requete in (
                "DELETE FROM cnas_decompte_ligne WHERE decompte_id IN (SELECT id FROM cnas_decompte WHERE formation_id = %s)",
                "DELETE FROM cnas_decompte WHERE formation_id = %s",
                "DELETE FROM cnas_retour_paiement WHERE lot_id IN (SELECT lot_id FROM cnas_ordre_paiement WHERE formation_id = %s)",
                "DELETE FROM cnas_ordre_paiement WHERE formation_id = %s",
                "DELETE FROM cnas_lot_paiement WHERE %s > 0 AND create_uid IN "
                "(SELECT id FROM res_users WHERE login LIKE 'conc\\_%%')",
                "DELETE FROM cnas_feuille_soin WHERE formation_id = %s",
                "DELETE FROM mail_message WHERE model = 'cnas.facture' AND res_id IN "
                "(SELECT id FROM cnas_facture WHERE formation_id = %s)",
                *self._ce_qui_tient_une_facture(cr),
                "DELETE FROM cnas_facture WHERE formation_id = %s",
                "DELETE FROM cnas_formation_sanitaire WHERE id = %s",
            ):
                cr.execute(requete, formation)
            cr.execute("ALTER TABLE cnas_decompte ENABLE TRIGGER USER; ALTER TABLE cnas_decompte_ligne ENABLE TRIGGER USER")
            cr.execute("DELETE FROM cnas_droit WHERE assure_id IN (SELECT id FROM cnas_assure WHERE nom = 'CONCURRENCE')")
            cr.execute("DELETE FROM cnas_assure WHERE nom = 'CONCURRENCE'")
            cr.execute("DELETE FROM cnas_acte WHERE prestation_id IN (SELECT id FROM cnas_prestation WHERE code = 'CONC-ACT')")
            cr.execute("DELETE FROM cnas_prestation WHERE code = 'CONC-ACT'")
            env = api.Environment(cr, SUPERUSER_ID, {})
            env["res.users"].search([("login", "=like", "conc\\_%")]).active = False

    def _ce_qui_tient_une_facture(self, cr):
        """Rend les requêtes qui ôtent ce qu'un addon en plus a inscrit des factures de l'essai."""
        cr.execute("""
            SELECT c.conrelid::regclass::text, a.attname
              FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
             WHERE c.contype = 'f' AND c.confdeltype = 'r' AND c.confrelid = 'cnas_facture'::regclass""")
        return [f"DELETE FROM {table} WHERE {colonne} IN (SELECT id FROM cnas_facture WHERE formation_id = %s)" for table, colonne in cr.fetchall()]

    # ------------------------------------------------------------------ outils
    @contextmanager
    def connexion(self, login=None):
        """Ouvre une vraie connexion, validée à la sortie, au nom d'un usager."""
        with self.registry.cursor() as cr, mute_logger("odoo.sql_db"):
            uid = self.usagers[login] if login else SUPERUSER_ID
            yield api.Environment(cr, uid, {"tracking_disable": True, "mail_notify_force_send": False})

    def appeler(self, login, methode, *arguments):
        """Appelle une action de la facture dans sa propre connexion ; rend son résultat."""
        with self.connexion(login) as env:
            return getattr(env["cnas.facture"].browse(self.facture_id), methode)(*arguments)

    def preparer(self, login="agent"):
        with self.connexion(login) as env:
            return env["cnas.facture"].preparer(CODE, MOIS)

    def mener(self, *etapes):
        self.facture_id = self.preparer()
        for login, methode, *arguments in etapes:
            self.appeler(login, methode, *arguments)

    def refuse_pendant(self, premier, second, arguments=()):
        """Le premier agit sans valider, le second est refusé tout de suite ; après validation, refusé encore."""
        methode = premier[1]
        with self.connexion(premier[0]) as env:
            self.assertIs(getattr(env["cnas.facture"].browse(self.facture_id), methode)(*arguments), True)
            env.flush_all()
            with self.assertRaisesRegex(UserError, "même instant"):
                self.appeler(second, methode, *arguments)
        with self.assertRaisesRegex(UserError, "état"):
            self.appeler(second, methode, *arguments)

    def lire(self, requete):
        with self.connexion() as env:
            env.cr.execute(requete, (self.facture_id,))
            return env.cr.fetchone()[0]

    # ------------------------------------------------------------------ essais
    def test_valider_a_deux(self):
        self.mener(("agent", "action_soumettre"), ("controleur", "action_controler"))
        self.refuse_pendant(("chef", "action_valider"), "chef2")
        self.assertEqual(self.lire("SELECT count(*) FROM cnas_decompte WHERE facture_id = %s"), 1)
        self.assertEqual(self.lire("SELECT montant_cnas FROM cnas_decompte WHERE facture_id = %s"), 800)

    def test_ordonnancer_puis_payer_a_deux(self):
        self.mener(("agent", "action_soumettre"), ("controleur", "action_controler"), ("chef", "action_valider"))
        self.refuse_pendant(("finance", "action_ordonnancer"), "finance2")
        self.assertEqual(self.lire("SELECT count(*) FROM cnas_ordre_paiement WHERE facture_id = %s"), 1)
        with self.connexion("finance") as env:
            jour = str(fields.Date.context_today(env["cnas.facture"]))
        self.refuse_pendant(("finance2", "action_payer"), "finance3", (jour, "VIR-C"))
        self.assertEqual(self.lire("SELECT sum(montant) FROM cnas_ordre_paiement WHERE state = 'paye' AND facture_id = %s"), 800)

    def lot_prepare(self):
        """Rend l'identifiant d'un lot préparé par finance2."""
        self.mener(("agent", "action_soumettre"), ("controleur", "action_controler"), ("chef", "action_valider"),
                   ("finance", "action_ordonnancer"))
        with self.connexion("finance2") as env:
            return env["cnas.facture"].browse(self.facture_id).ordre_ids.action_creer_lot()["res_id"]

    def test_signer_puis_transmettre_un_lot_a_deux(self):
        """Deux clics au même instant : un seul fichier, une seule signature, une seule transmission."""
        lot = self.lot_prepare()
        for action, premier, second in (("action_signer", "finance3", "finance"), ("action_transmettre", "finance2", "finance3")):
            with self.connexion(premier) as env:
                self.assertIs(getattr(env["cnas.lot_paiement"].browse(lot), action)(), True)
                env.flush_all()
                with self.assertRaisesRegex(UserError, "même instant"), self.connexion(second) as autre:
                    getattr(autre["cnas.lot_paiement"].browse(lot), action)()
            with self.assertRaisesRegex(UserError, "état"), self.connexion(second) as autre:
                getattr(autre["cnas.lot_paiement"].browse(lot), action)()
        self.assertEqual(self.lire("SELECT state FROM cnas_ordre_paiement WHERE facture_id = %s"), "transmis")

    def test_payer_pendant_que_le_lot_se_signe(self):
        """Qui paie a lu le lot en brouillon ; il se signe entre-temps, son fichier porte l'ordre : payer échoue, et rejoué se refuse."""
        lot = self.lot_prepare()
        with self.connexion("finance2") as env:
            facture = env["cnas.facture"].browse(self.facture_id)
            jour = str(fields.Date.context_today(facture))
            self.assertEqual(facture.ordre_ids.lot_id.state, "brouillon")
            with self.connexion("finance3") as autre:
                autre["cnas.lot_paiement"].browse(lot).action_signer()
            with self.assertRaises(psycopg2.errors.SerializationFailure):
                facture.action_payer(jour, "VIR-C")
            env.cr.rollback()
        with self.assertRaisesRegex(UserError, "lot signé"):
            self.appeler("finance2", "action_payer", jour, "VIR-C")

    def test_importer_un_retour_a_deux(self):
        """Le même retour importé par deux personnes au même instant paie une fois ; le second, rejoué, ne change rien."""
        lot = self.lot_prepare()
        with self.connexion("finance3") as env:
            env["cnas.lot_paiement"].browse(lot).action_signer()
        with self.connexion("finance2") as env:
            vise = env["cnas.lot_paiement"].browse(lot)
            vise.action_transmettre()
            ordre = vise.ordre_ids
            retour = base64.b64encode(ecrire_csv(
                ("ordre", "montant", "statut", "reference"), [(ordre.numero, int(ordre.montant), "payé", "TRN-C")])).decode()
        with self.connexion("finance2") as env:
            self.assertEqual(env["cnas.lot_paiement"].browse(lot).importer_retour(retour, "r.csv")["payes"], 1)
            env.flush_all()
            with self.assertRaisesRegex(UserError, "même instant"), self.connexion("finance3") as autre:
                autre["cnas.lot_paiement"].browse(lot).importer_retour(retour, "r.csv")
        with self.connexion("finance3") as autre:
            self.assertEqual(autre["cnas.lot_paiement"].browse(lot).importer_retour(retour, "r.csv"),
                             {"payes": 0, "rejetes": 0, "inconnus": 0, "deja_vus": 1})
        self.assertEqual(self.lire("SELECT sum(montant) FROM cnas_ordre_paiement WHERE state = 'paye' AND facture_id = %s"), 800)
        self.assertEqual(self.lire("SELECT count(*) FROM cnas_retour_paiement_ligne l JOIN cnas_ordre_paiement o ON o.id = l.ordre_id "
                                   "WHERE o.facture_id = %s"), 1)

    def test_preparer_a_deux(self):
        """Deux préparations au même instant rendent la même facture, une seule existe."""
        resultats = []
        with self.connexion("agent") as env:
            premier = env["cnas.facture"].preparer(CODE, MOIS)
            env.flush_all()
            fil = threading.Thread(target=lambda: resultats.append(self.preparer("agent2")))
            fil.start()
            fil.join(timeout=0.5)
            self.assertTrue(fil.is_alive(), "le second attend le premier")
        fil.join(timeout=20)
        self.facture_id = premier
        self.assertEqual(resultats, [premier])
        self.assertEqual(self.lire("SELECT count(*) FROM cnas_feuille_soin WHERE facture_id = %s"), 1)

    def test_coupure_pendant_la_validation(self):
        """La connexion meurt avant de valider : rien à moitié, et la facture se valide ensuite."""
        self.mener(("agent", "action_soumettre"), ("controleur", "action_controler"))
        with self.registry.cursor() as cr:
            env = api.Environment(cr, self.usagers["chef"], {"tracking_disable": True})
            env["cnas.facture"].browse(self.facture_id).action_valider()
            env.flush_all()
            cr.rollback()
        self.assertEqual(self.lire("SELECT state FROM cnas_facture WHERE id = %s"), "controle")
        self.assertEqual(self.lire("SELECT count(*) FROM cnas_decompte WHERE facture_id = %s"), 0)
        self.assertIs(self.appeler("chef", "action_valider"), True)
