import base64
from datetime import timedelta

from odoo import Command

from odoo.addons.cnas_base.ecriture import ecrire_csv

from .etape import Etape

CREDIT = 5_000_000_000
CHAPITRES = (("65-1", "Prestations de soins", "65881"), ("65-2", "Prestations de pharmacie", "65882"),
             ("65-3", "Remboursements et compléments", "65883, 65884"))


class Comptabilite(Etape):
    """Comptabilité du jeu d'essai : les pièces des vingt mois, un budget voté, un relevé rapproché, une provision, un mois à clore."""

    def charger(self):
        """Crée l'agent comptable et lui fait tenir les comptes, par les vraies actions."""
        self._creer_comptable()
        self.comme("comptable", "cnas.comptabilite").comptabiliser()
        self._voter_budget()
        self._importer_releve()
        self._provisionner()
        fin = self.calendrier.aujourdhui.replace(day=1) - timedelta(days=1)
        self.comme("comptable", "cnas.cloture").create({"mois": str(fin)})

    def _creer_comptable(self):
        if self.env.ref("cnas_demo.user_comptable", raise_if_not_found=False):
            return
        usager = self.env["res.users"].create({
            "name": "Khadidja Brahim", "login": "comptable", "password": "comptable", "email": "comptable@cnas.example", "lang": "fr_FR",
            "tz": "Africa/Ndjamena", "groups_id": [Command.set(self.env.ref("cnas_comptabilite.group_comptable").ids)]})
        self.env["ir.model.data"].create({
            "module": "cnas_demo", "name": "user_comptable", "model": "res.users", "res_id": usager.id, "noupdate": True})

    def _voter_budget(self):
        """Un budget large, voté ; une décision modificative en préparation."""
        annee = self.calendrier.aujourdhui.year
        budgets = self.comme("comptable", "cnas.budget")
        budget = budgets.create({
            "name": f"Budget initial {annee}", "exercice": annee,
            "ligne_ids": [Command.create({"chapitre": chapitre, "name": nom, "comptes": comptes, "montant": CREDIT})
                          for chapitre, nom, comptes in CHAPITRES]})
        budget.with_user(self.usager("superviseur")).action_voter()
        chapitre, nom, comptes = CHAPITRES[0]
        budgets.create({
            "name": f"Décision modificative n° 1 de {annee}", "exercice": annee, "nature": "modificatif",
            "ligne_ids": [Command.create({"chapitre": chapitre, "name": nom, "comptes": comptes, "montant": 150_000_000})]})

    def _importer_releve(self):
        """Le relevé de la banque redit les lots payés, et des frais que personne n'attendait."""
        journal = self.env["account.journal"].search([("code", "=", "BQ")], limit=1)
        faits = self.env["cnas.fait_comptable"].search(
            [("compte_tresorerie_id", "=", journal.default_account_id.id), ("modele", "=", "cnas.ordre_paiement"), ("evenement", "=", "paiement")])
        rangs = [(f"{piece.date:%d/%m/%Y}", f"VIREMENTS {piece.ref.split(',')[0]}", f"BEAC {piece.date:%y%m%d}",
                  int(-sum(siens.mapped("tresorerie"))), "") for piece, siens in faits.grouped("move_id").items()]
        if not rangs:
            return
        rangs.append((rangs[0][0], "FRAIS DE TENUE DE COMPTE", "", 3500, ""))
        recu = self.comme("comptable", "cnas.import_fichier").create({
            "sujet": "releves", "journal_id": journal.id, "nom_fichier": "releve_banque.csv", "fichier": base64.b64encode(
                ecrire_csv(("Date opération", "Libellé", "Référence", "Débit", "Crédit"), rangs))})
        recu.action_controler()
        recu.action_appliquer()

    def _provisionner(self):
        """Une provision comptabilisée, une calculée le mois d'après."""
        dernier = self.calendrier.aujourdhui.replace(day=1) - timedelta(days=1)
        avant = dernier.replace(day=1) - timedelta(days=1)
        for rang, arrete in enumerate((avant, dernier)):
            provision = self.comme("comptable", "cnas.provision").create({"date_arrete": str(arrete)})
            provision.action_calculer()
            if not rang and provision.montant:
                provision.action_comptabiliser()
