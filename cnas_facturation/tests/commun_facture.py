from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.tests.common import new_test_user

from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_feuilles_soin.tests.commun_feuille import CommunFeuille
from odoo.addons.cnas_formations.rib import composer_rib

MOIS = "2026-11-01"


class CommunFacture(CommunFeuille):
    """Feuilles vraies (importées, contrôlées), un usager par rôle, deux RIB, factures à chaque étape."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for rang, formation in enumerate((cls.formation, cls.autre_formation), 1):
            formation.rib_principal = composer_rib("60002", f"{rang:05d}", f"{91000000 + rang:011d}")
            formation.rib_pharmacie = composer_rib("60003", f"{rang:05d}", f"{92000000 + rang:011d}")
        cls.superviseur2 = new_test_user(cls.env, login="t_superviseur2", groups="cnas_base.group_superviseur")
        cls.finance2 = new_test_user(cls.env, login="t_finance2", groups="cnas_base.group_finance")
        cls.signataire = new_test_user(cls.env, login="t_signataire", groups="cnas_base.group_finance")
        cls.tout = new_test_user(
            cls.env, login="t_tout", groups="cnas_base.group_administrateur,cnas_base.group_finance")
        cls.factures = cls.env["cnas.facture"]
        cls.rang = 0

    @classmethod
    def _reference(cls):
        cls.rang += 1
        return f"FT-{cls.rang}"

    def feuille(self, **autres):
        """Rend une feuille déposée par l'agent, d'un assuré neuf (pas de doublon ni de fréquence)."""
        assure = self.creer_assure(f"Patient{self.rang}", "1980-01-01")
        resultat = self.importer(self.dossier(self._reference(), matricule=assure.matricule, **autres))[0]
        self.assertFalse(resultat["erreurs"])
        return self.feuilles.browse(resultat["id"])

    def decider(self, feuilles, etat="validee"):
        """Décide les feuilles d'autorité : montants posés par le code métier, sans passer par les règles."""
        for ligne in feuilles.ligne_ids:
            rejetee = etat == "rejetee"
            base = 0 if rejetee else ligne.montant_facture
            part = base * 80 // 100
            ligne._ecrire({
                "quantite_retenue": ligne.quantite, "tarif": ligne.prix_unitaire, "taux": 80, "montant_base": base,
                "montant_cnas": part, "ticket_moderateur": base - part, "depassement": 0,
                "montant_rejete": ligne.montant_facture if rejetee else 0,
                "decision": "rejetee" if rejetee else "acceptee"})
        feuilles.flush_recordset()
        feuilles._ecrire({"state": etat})

    def preparee(self, feuilles=None, usager=None, nombre=2):
        """Rend une facture brouillon préparée par l'agent 2, qui n'a pas saisi."""
        if feuilles is None:
            for _i in range(nombre):
                self.feuille()
        usager = usager or self.agent2
        return self.factures.browse(self.factures.with_user(usager).preparer("T-CS-01", MOIS))

    def soumise(self, **options):
        facture = self.preparee(**options)
        facture.with_user(self.agent2).action_soumettre()
        return facture

    def en_controle(self, **options):
        """Rend une facture en contrôle, toutes ses feuilles décidées."""
        facture = self.soumise(**options)
        self.decider(facture.feuille_ids.filtered(lambda f: f.state not in ("validee", "rejetee")))
        facture.with_user(self.controleur).action_controler()
        return facture

    def validee(self, **options):
        facture = self.en_controle(**options)
        facture.with_user(self.superviseur).action_valider()
        return facture

    def ordonnancee(self, **options):
        facture = self.validee(**options)
        facture.with_user(self.finance).action_ordonnancer()
        return facture

    def payee(self, **options):
        facture = self.ordonnancee(**options)
        facture.with_user(self.finance2).action_payer(self.jour(), "VIR-1")
        return facture

    def lot(self, factures, usager=None):
        """Rend le lot des ordres émis des factures, préparé par qui peut les payer."""
        emis = factures.ordre_ids.filtered(lambda o: o.state == "emis")
        return self.env["cnas.lot_paiement"].browse(
            emis.with_user(usager or self.finance2).action_creer_lot()["res_id"])

    def transmettre(self, factures, payeur=None):
        """Rend le lot des ordres émis des factures, préparé, signé par une autre personne, transmis."""
        lot = self.lot(factures, payeur)
        lot.with_user(self.signataire).action_signer()
        lot.with_user(payeur or self.finance2).action_transmettre()
        return lot

    def rejeter(self, ordres, usager=None, motif="Compte clos"):
        """La banque rend les ordres : d'abord remis s'ils ne l'étaient pas."""
        if "emis" in ordres.mapped("state"):
            self.transmettre(ordres.facture_id)
        ordres.with_user(usager or self.finance).action_rejeter_banque(motif)

    def remboursement(self, assure, jusqu_a="payee", **dossier):
        """Rend la facture de remboursement de l'assuré, menée à l'état voulu (« validee », « ordonnancee », « payee »)."""
        self.importer(self.dossier(self._reference(), matricule=assure.matricule, mode="remboursement", **dossier))
        facture = self.factures.browse(self.factures.with_user(self.agent2).preparer_remboursement(assure.matricule, MOIS))
        facture.with_user(self.agent2).action_soumettre()
        self.decider(facture.feuille_ids)
        facture.with_user(self.controleur).action_controler()
        facture.with_user(self.superviseur).action_valider()
        if jusqu_a != "validee":
            facture.with_user(self.finance).action_ordonnancer()
        if jusqu_a == "payee":
            facture.with_user(self.finance2).action_payer(self.jour(), "MM-1")
        return facture

    def demander_compte(self, assure, numero="66123456", nature="airtel", **autres):
        """Rend le compte de paiement que l'agent demande pour l'assuré."""
        return self.env["cnas.compte_paiement"].with_user(self.agent).create({
            "assure_id": assure.id, "nature": nature, "numero": numero, **autres})

    def compte_actif(self, assure, numero="66123456", nature="airtel", **autres):
        """Rend un compte demandé et accepté il y a assez longtemps pour payer aujourd'hui."""
        with freeze_time(aujourd_hui() - timedelta(days=3)):
            compte = self.demander_compte(assure, numero, nature, **autres)
            compte.with_user(self.superviseur).action_accepter()
        return compte

    def jour(self):
        """Rend la date du jour de la finance, en texte."""
        return str(fields.Date.context_today(self.factures.with_user(self.finance)))
