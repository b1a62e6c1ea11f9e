from datetime import date, timedelta

from odoo.tests.common import tagged

from .commun_moteur import JOUR
from .test_regles_recevabilite import CommunTables


@tagged("post_install", "-at_install", "cnas")
class TestReglesClinique(CommunTables):
    """NOM-01 à NOM-04, CLI-01 à CLI-08."""

    def un(self, prestation, quantite=1, prix=500, assure=None, **champs):
        """Rend une feuille d'une ligne, pour une personne neuve."""
        return self.feuille((prestation, quantite, prix), assure_id=(assure or self.creer_assure()).id, **champs)

    def test_nom_01_archivee(self):
        active, archivee = self.prestation("acte", 500), self.prestation("acte", 500, active=False)
        self.table("NOM-01", [("active", lambda: self.un(active), False), ("archivée", lambda: self.un(archivee), True)])

    def test_nom_02_panier(self):
        self.panier.write({"type_prestation": "acte", "date_fin": JOUR})
        self.env["cnas.panier_soin"].create({
            "regime_id": self.regime.id, "prestation_id": self.comprime.id, "date_debut": "2020-01-01"})
        autre = self.prestation("medicament", 500)
        self.table("NOM-02", [
            ("par type, dernier jour", lambda: self.un(self.consultation), False),
            ("par type, lendemain", lambda: self.un(self.consultation, date_soins=JOUR + timedelta(days=1)), True),
            ("par prestation", lambda: self.un(self.comprime), False),
            ("hors panier", lambda: self.un(autre), True),
        ])

    def test_nom_03_tarif(self):
        acte = self.prestation("acte")
        self.tarif(acte, 500, debut=JOUR, fin=JOUR)
        self.table("NOM-03", [
            ("le jour du tarif", lambda: self.un(acte), False),
            ("le lendemain", lambda: self.un(acte, date_soins=JOUR + timedelta(days=1)), True),
            ("la veille", lambda: self.un(acte, date_soins=JOUR - timedelta(days=1)), True),
        ])
        feuille = self.feuille((self.consultation, 1, 1500), (self.prestation("acte"), 1, 700))
        self.controler(feuille)
        self.assertEqual(feuille.state, "instance")
        self.assertEqual(feuille.ligne_ids.mapped("decision"), ["acceptee", "attente"])

    def test_nom_03_sans_taux(self):
        taux = self.env["cnas.taux"].search([("regime_id", "=", self.regime.id)])
        taux.date_debut = JOUR
        self.table("NOM-03", [
            ("taux ce jour", lambda: self.un(self.consultation), False),
            ("avant le taux", lambda: self.un(self.consultation, date_soins=JOUR - timedelta(days=1)), True)])

    def test_nom_04_remboursable(self):
        oui, non = self.prestation("medicament", 500), self.prestation("medicament", 500, remboursable=False)
        self.table("NOM-04", [("remboursable", lambda: self.un(oui), False), ("non", lambda: self.un(non), True)])

    def test_cli_01_sexe(self):
        femmes = self.prestation("acte", 500, sexe="feminin")
        patho = self.pathologie(sexe="feminin")
        femme = self.creer_assure(genre="feminin")
        self.table("CLI-01", [
            ("son sexe", lambda: self.un(femmes, assure=femme), False),
            ("l'autre sexe", lambda: self.un(femmes), True),
            ("pathologie de l'autre sexe", lambda: self.un(self.consultation, pathologie_id=patho.id), True),
            ("pathologie de son sexe", lambda: self.un(self.pansement, assure=femme, pathologie_id=patho.id), False),
        ])

    def test_cli_02_age(self):
        borne = self.prestation("acte", 500, age_min=5, age_max=10)
        nouveau_ne = self.prestation("acte", 500, age_min=0, age_max=0)
        vieux = self.pathologie(age_min=60)

        def ne(annee, mois=3, jour=12):
            return self.creer_assure(naissance=date(annee, mois, jour))
        self.table("CLI-02", [
            ("cinq ans ce jour", lambda: self.un(borne, assure=ne(2021)), False),
            ("cinq ans demain", lambda: self.un(borne, assure=ne(2021, jour=13)), True),
            ("dix ans, veille des onze", lambda: self.un(borne, assure=ne(2015, jour=13)), False),
            ("onze ans ce jour", lambda: self.un(borne, assure=ne(2015)), True),
            ("réservé aux moins d'un an", lambda: self.un(nouveau_ne, assure=ne(2025, 3, 13)), False),
            ("un an ce jour", lambda: self.un(nouveau_ne, assure=ne(2025)), True),
            ("sans borne", lambda: self.un(self.consultation, assure=ne(1900)), False),
            ("âge de la pathologie", lambda: self.un(self.consultation, pathologie_id=vieux.id), True),
        ])

    def test_cli_03_indication(self):
        indique, autre = self.pathologie(), self.pathologie()
        acte = self.prestation("acte", 500)
        self.env["cnas.indication"].create({"prestation_id": acte.id, "pathologie_id": indique.id})
        self.table("CLI-03", [
            ("indiqué", lambda: self.un(acte, pathologie_id=indique.id), False),
            ("autre diagnostic", lambda: self.un(acte, pathologie_id=autre.id), True),
            ("sans liste", lambda: self.un(self.consultation, pathologie_id=autre.id), False),
        ])
        self.regle("CLI-03").motif = "Indication non retrouvée : {attendues} attendu"
        feuille = self.un(acte, pathologie_id=autre.id)
        self.controler(feuille)
        self.assertIn(f"{indique.code} attendu", feuille.anomalie_ids.filtered(lambda a: a.regle_id.code == "CLI-03").message)

    def test_cli_04_exclusifs(self):
        cher, bon_marche = self.prestation("acte", 5000), self.prestation("acte", 500)
        self.env["cnas.incompatibilite"].create({
            "prestation_1_id": cher.id, "prestation_2_id": bon_marche.id, "date_debut": "2026-01-01", "date_fin": JOUR})
        ensemble = self.feuille((cher, 1, 5000), (bon_marche, 1, 500))
        apres = self.feuille((cher, 1, 5000), (bon_marche, 1, 500), date_soins=JOUR + timedelta(days=1))
        self.controler(ensemble, apres)
        self.assertEqual(ensemble.ligne_ids.mapped("decision"), ["acceptee", "rejetee"])
        self.assertEqual(ensemble.anomalie_ids.message, f"Incompatible avec {cher.code}")
        self.assertFalse(self.codes(apres))
        seconde = self.un(bon_marche, assure=self.assure)
        self.table("CLI-04", [("dans deux dossiers du même jour", lambda: seconde, True)])

    def test_cli_05_redondants(self):
        une, meme = self.prestation("medicament", 100, dci="x"), self.prestation("medicament", 100, dci="x")
        atc_1 = self.prestation("medicament", 100, code_atc="J01CA04")
        atc_2 = self.prestation("medicament", 100, code_atc="J01CA01")

        def deux(*prestations):
            return self.feuille(*[(p, 1, 100) for p in prestations], assure_id=self.creer_assure().id)
        self.table("CLI-05", [
            ("deux DCI", lambda: deux(une, self.comprime), False),
            ("même DCI", lambda: deux(une, meme), True),
            ("même ATC4 non contrôlé", lambda: deux(atc_1, atc_2), False),
        ])
        self.regler("CLI-05", "atc4_controles", "J01CA")
        self.table("CLI-05", [("même ATC4 contrôlé", lambda: deux(atc_1, atc_2), True)])

    def test_cli_06_contre_indication(self):
        enceinte, petit = self.prestation("medicament", 100), self.prestation("medicament", 100)
        self.env["cnas.contre_indication"].create([
            {"prestation_id": enceinte.id, "grossesse": True}, {"prestation_id": petit.id, "age_min": 6}])
        grossesse = self.pathologie(maternite=True)
        femme = self.creer_assure(genre="feminin")
        self.table("CLI-06", [
            ("pas enceinte", lambda: self.un(enceinte, assure=femme), False),
            ("enceinte", lambda: self.un(enceinte, assure=self.creer_assure(genre="feminin"),
                                         pathologie_id=grossesse.id), True),
            ("six ans", lambda: self.un(petit, assure=self.creer_assure(naissance=date(2020, 3, 12))), False),
            ("cinq ans", lambda: self.un(petit, assure=self.creer_assure(naissance=date(2020, 3, 13))), True),
        ])
        feuille = self.un(petit, assure=self.creer_assure(naissance=date(2021, 1, 1)))
        self.controler(feuille)
        self.assertEqual(feuille.state, "avis_medical")

    def test_cli_07_nombre(self):
        produits = [self.prestation("medicament", 100) for _i in range(7)]

        def ordonnance(nombre, **champs):
            return self.feuille(*[(p, 1, 100) for p in produits[:nombre]], assure_id=self.creer_assure().id, **champs)
        self.table("CLI-07", [
            ("six", lambda: ordonnance(6), False), ("sept", lambda: ordonnance(7), True),
            ("sept, hospitalisé", lambda: ordonnance(7, type_soins="hospitalisation"), False)])

    def test_cli_08_unique(self):
        acte = self.prestation("acte", 500, unique_vie=True)
        autre = self.creer_assure()
        self.table("CLI-08", [
            ("première fois", lambda: self.un(acte, assure=self.assure, date_soins=date(2021, 1, 1)), False),
            ("cinq ans après", lambda: self.un(acte, assure=self.assure), True),
            ("une autre personne", lambda: self.un(acte, assure=autre), False),
        ])
