import threading
from datetime import date, timedelta

from odoo import fields
from odoo.tests import TransactionCase, tagged

from odoo.addons.cnas_base.jour import aujourd_hui

from ..calendrier import Calendrier, en_ce_jour
from ..hooks import post_init_hook
from ..jeu.envois import HORS_NIVEAU

LOGINS = ("agent", "agent2", "controleur", "controleur2", "medecin", "superviseur", "finance", "finance2", "administrateur", "formation", "formation2")
ETATS = {
    "cnas.assure": {"brouillon", "actif", "suspendu", "radie"},
    "cnas.carte": {"demandee", "produite", "remise", "active", "perdue", "annulee"},
    "cnas.declaration_effectif": {"brouillon", "deposee", "validee"},
    "cnas.entente_prealable": {"demandee", "examen", "accordee", "refusee"},
    "cnas.feuille_soin": {"brouillon", "deposee", "controle", "avis_medical", "instance", "validee", "rejetee", "payee", "annulee"},
    "cnas.facture": {"brouillon", "soumise", "controle", "validee", "ordonnancee", "payee", "rejetee", "annulee"},
    "cnas.contestation": {"deposee", "acceptee", "rejetee"},
    "cnas.lot_paiement": {"transmis", "execute"},
}
VOLUMES = {"cnas.assure": 200, "cnas.employeur": 7, "cnas.formation_sanitaire": 16, "cnas.feuille_soin": 400, "cnas.facture": 55}
# Les dates d'un fait : elles ne peuvent être devant nous (une échéance, une fin de droits le peuvent).
FAITS = {
    "cnas.assure": ("date_naissance", "date_affiliation", "date_immatriculation"),
    "cnas.carte": ("date_demande", "date_emission", "date_remise", "date_activation"),
    "cnas.feuille_soin": ("date_soins", "date_depot", "date_decision"),
    "cnas.facture": ("date_soumission", "date_controle", "date_validation", "date_ordonnancement", "date_paiement"),
    "cnas.decompte": ("date_decompte",),
    "cnas.lot_paiement": ("date_transmission",),
    "cnas.contestation": ("date_decision",),
}


@tagged("post_install", "-at_install", "cnas")
class TestDemonstration(TransactionCase):
    """Le jeu de démonstration : ses usagers, ses volumes, tous les états, et rien après aujourd'hui."""

    def test_usagers(self):
        for login in LOGINS:
            usager = self.env.ref(f"cnas_demo.user_{login}")
            self.assertEqual((usager.login, usager.tz), (login, "Africa/Ndjamena"))
            usager.with_user(usager)._check_credentials(login, {"interactive": False})

    def test_tous_les_etats(self):
        for modele, attendus in ETATS.items():
            with self.subTest(modele):
                presents = {etat for etat, in self.env[modele]._read_group([], ["state"])}
                self.assertLessEqual(attendus, presents)

    def test_volumes(self):
        for modele, minimum in VOLUMES.items():
            with self.subTest(modele):
                self.assertGreaterEqual(self.env[modele].search_count([]), minimum)

    def test_matricules_connus(self):
        for nom, matricule in (("assure_amed", "TD325000000150"), ("assure_ass", "TD125000000257")):
            assure = self.env.ref(f"cnas_demo.{nom}")
            self.assertEqual((assure.matricule, assure.state), (matricule, "actif"))

    def test_rien_apres_aujourd_hui(self):
        demain = fields.Date.context_today(self.env.user) + timedelta(days=1)
        for modele, champs in FAITS.items():
            for champ in champs:
                with self.subTest(f"{modele}.{champ}"):
                    self.assertFalse(self.env[modele].search([(champ, ">=", demain)], limit=1))

    def test_raconte_une_caisse_saine_et_un_probleme(self):
        """Moins de 8 % de rejets, des délais variés, et un centre qui ressort : il facture au-dessus de son niveau."""
        pilotage = self.env["cnas.indicateur_pilotage"]
        lus = {i["code"]: i["valeur"] for i in pilotage.tableau()["indicateurs"]}
        self.assertLess(lus["rejet_nombre"], 8)
        self.assertLess(lus["rejet_montant"], 8)
        pire = max(pilotage.par_axe("rejet_montant", "formation"), key=lambda r: r["valeur"])
        self.assertEqual(pire["code"], HORS_NIVEAU)
        self.assertGreater(pire["valeur"], 3 * lus["rejet_montant"])
        payees = self.env["cnas.facture"].search([("state", "=", "payee"), ("formation_id", "!=", False)])
        delais = {(f.date_paiement - f.date_soumission.date()).days for f in payees}
        self.assertGreaterEqual(len(delais), 5)

    def test_rien_ne_traine(self):
        """Plus d'un mois après son dépôt, presque aucun dossier n'attend encore un geste."""
        limite = fields.Date.context_today(self.env.user) - timedelta(days=45)
        for etat in ("controle", "avis_medical", "instance"):
            with self.subTest(etat):
                self.assertLessEqual(self.env["cnas.feuille_soin"].search_count([
                    ("state", "=", etat), ("reference", "=like", "FS%"), ("date_depot", "<", limite)]), 3)

    def test_datee_d_aujourd_hui(self):
        """La dernière feuille déposée l'a été avant que la base ne soit installée, de quelques jours."""
        installee = self.env.ref("cnas_demo.user_agent").create_date.date()
        dernier = max(self.env["cnas.feuille_soin"].search([("reference", "=like", "FS%")]).filtered("date_depot").mapped("date_depot"))
        self.assertLess((installee - dernier).days, 10)


@tagged("post_install", "-at_install", "cnas")
class TestCalendrier(TransactionCase):
    """Les jours se comptent depuis aujourd'hui, et l'horloge ne recule que pour le fil qui le demande."""

    def test_le_dernier_mois_a_de_quoi_raconter(self):
        for jour in (date(2027, 1, 1), date(2027, 1, 16), date(2028, 2, 29), date(2028, 12, 31)):
            with en_ce_jour(jour):
                calendrier = Calendrier(self.env)
            self.assertEqual(calendrier.aujourdhui, jour)
            self.assertTrue(15 <= (jour - calendrier.dernier_mois).days < 46)
            self.assertEqual(calendrier.borner(jour + timedelta(days=3)), jour)
            self.assertGreater(calendrier.jour(6 + 25 + 560), calendrier.mois(22), "les soins suivent l'ouverture des droits")

    def test_recule_pour_ce_fil_seul(self):
        jour, vu = date(2001, 2, 3), []
        with en_ce_jour(jour):
            self.assertEqual(aujourd_hui(), jour)
            self.assertEqual(fields.Datetime.now().date(), jour)
            ailleurs = threading.Thread(target=lambda: vu.append(fields.Datetime.now().date()))
            ailleurs.start()
            ailleurs.join()
        self.assertNotEqual(vu, [jour])
        self.assertNotEqual(fields.Date.today(), jour)

    def test_ne_se_charge_pas_deux_fois(self):
        avant = self.env["cnas.feuille_soin"].search_count([])
        post_init_hook(self.env)
        self.assertEqual(self.env["cnas.feuille_soin"].search_count([]), avant)
