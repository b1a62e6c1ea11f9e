from datetime import date, timedelta

from odoo.tests.common import tagged

from .commun_moteur import JOUR
from .test_regles_recevabilite import CommunTables


@tagged("post_install", "-at_install", "cnas")
class TestReglesDroits(CommunTables):
    """DRT-01 à DRT-09, FOR-01 à FOR-06."""

    def feuille_de(self, assure, *lignes, **champs):
        """Rend une feuille de cette personne."""
        return self.feuille(*lignes, assure_id=assure.id, **champs)

    def test_drt_01_naissance(self):
        self.table("DRT-01", [
            ("non relevée", lambda: self.feuille(), False),
            ("concordante", lambda: self.feuille_de(self.creer_assure(), date_naissance_declaree="1990-06-15"), False),
            ("discordante", lambda: self.feuille_de(self.creer_assure(), date_naissance_declaree="1990-06-16"), True),
        ])

    def test_drt_02_droits(self):
        def ouvert(debut, fin=False):
            assure = self.creer_assure(droits=False)
            self.env["cnas.droit"].create({"assure_id": assure.id, "regime_id": self.regime.id, "date_debut": debut,
                                           "date_fin": fin})
            return self.feuille_de(assure)
        veille, lendemain = JOUR - timedelta(days=1), JOUR + timedelta(days=1)
        self.table("DRT-02", [
            ("premier jour", lambda: ouvert(JOUR), False),
            ("dernier jour", lambda: ouvert("2026-01-01", JOUR), False),
            ("veille de la fin", lambda: ouvert("2026-01-01", veille), True),
            ("avant l'ouverture", lambda: ouvert(lendemain), True),
            ("jamais ouverts", lambda: self.feuille_de(self.creer_assure(droits=False)), True),
        ])

    def test_drt_02_rejette_tout(self):
        feuille = self.feuille_de(self.creer_assure(droits=False), (self.consultation, 1, 1500), (self.comprime, 2, 200))
        self.controler(feuille)
        self.assertEqual(feuille.state, "rejetee")
        self.assertEqual(set(feuille.ligne_ids.mapped("decision")), {"rejetee"})
        self.assertEqual((feuille.montant_rejete, feuille.montant_cnas, feuille.etat_droits), (1900, 0, "fermes"))
        self.assertRecordValues(feuille.anomalie_ids, [{
            "ligne_id": False, "severite": "rejet", "montant_avant": 1900, "montant_apres": 0,
            "message": "Droits fermés au 12/03/2026"}])
        self.assertIn("Droits fermés au 12/03/2026 (DRT-02)", feuille.ligne_ids[0].explication)

    def test_drt_03_carence(self):
        self.regime.carence_mois = 3

        def feuille(affiliation, **champs):
            assure = self.creer_assure(droits="2020-01-01", date_affiliation=affiliation)
            return self.feuille_de(assure, **champs)
        self.table("DRT-03", [
            ("dernier jour de carence", lambda: feuille(date(2025, 12, 13)), True),
            ("carence finie ce jour", lambda: feuille(date(2025, 12, 12)), False),
            ("urgence", lambda: feuille(date(2026, 3, 1), urgence=True), False),
            ("maternité", lambda: feuille(date(2026, 3, 1), pathologie_id=self.pathologie(maternite=True).id), False),
        ])
        self.regime.carence_mois = 0
        self.table("DRT-03", [("régime sans carence", lambda: feuille(date(2026, 3, 12)), False)])

    def test_drt_04_lien(self):
        def feuille(fin):
            enfant = self.creer_assure(naissance="2015-01-01", principal=self.creer_assure())
            self.dater_lien(enfant, date_fin=fin)
            return self.feuille_de(enfant)
        self.table("DRT-04", [
            ("lien en cours", lambda: feuille(False), False),
            ("dernier jour du lien", lambda: feuille(JOUR), False),
            ("lien rompu la veille", lambda: feuille(JOUR - timedelta(days=1)), True),
        ])

    def test_drt_05_age(self):
        principal = self.creer_assure()

        def feuille(naissance):
            return self.feuille_de(self.creer_assure(naissance=naissance, principal=principal))
        self.table("DRT-05", [
            ("17 ans, veille des 18", lambda: feuille(date(2008, 3, 13)), False),
            ("18 ans ce jour", lambda: feuille(date(2008, 3, 12)), True),
        ])
        scolarise = self.creer_assure(naissance="2007-01-01", principal=principal)
        self.env["cnas.prolongation_age"].create({
            "assure_id": scolarise.id, "nature": "scolarite", "reference": "CS-1", "date_debut": "2026-01-01",
            "date_fin": "2026-06-30"})
        self.table("DRT-05", [("scolarisé", lambda: self.feuille_de(scolarise), False)])

    def test_drt_06_deces(self):
        def feuille(deces):
            return self.feuille_de(self.creer_assure(date_deces=deces))
        self.table("DRT-06", [
            ("le jour même", lambda: feuille(JOUR), False),
            ("le lendemain du décès", lambda: feuille(JOUR - timedelta(days=1)), True),
        ])

    def test_drt_07_naissance(self):
        self.table("DRT-07", [
            ("né ce jour", lambda: self.feuille_de(self.creer_assure(naissance=JOUR)), False),
            ("né le lendemain", lambda: self.feuille_de(self.creer_assure(naissance=JOUR + timedelta(days=1))), True),
        ])

    def test_drt_08_nouveau_ne(self):
        mere = self.creer_assure(genre="feminin")
        self.table("DRT-08", [
            ("pas de nouveau-né", lambda: self.feuille_de(mere), False),
            ("sans attestation", lambda: self.feuille_de(self.creer_assure(genre="feminin"), nouveau_ne=True), True),
            ("avec attestation", lambda: self.feuille_de(
                self.creer_assure(genre="feminin"), nouveau_ne=True, attestation_nouveau_ne=True), False),
            ("trois mois demain", lambda: self.feuille_de(
                self.creer_assure(genre="feminin"), nouveau_ne=True, attestation_nouveau_ne=True,
                date_naissance_declaree=date(2025, 12, 13)), False),
            ("trois mois ce jour", lambda: self.feuille_de(
                self.creer_assure(genre="feminin"), nouveau_ne=True, attestation_nouveau_ne=True,
                date_naissance_declaree=date(2025, 12, 12)), True),
        ])

    def test_drt_09_autre_payeur(self):
        programme = self.env["cnas.gratuite"].create({
            "name": "Gratuité d'essai", "prestation_id": self.consultation.id, "age_max": 35,
            "date_debut": "2026-01-01", "date_fin": JOUR})

        def feuille(**champs):
            return self.feuille_de(self.creer_assure(), **champs)
        self.table("DRT-09", [
            ("maladie", lambda: feuille(cause="maladie"), False),
            ("accident du travail", lambda: feuille(cause="accident_travail"), True),
            ("gratuités muettes par défaut", lambda: feuille(), False),
        ])
        self.regler("DRT-09", "signaler_gratuites", "oui")
        self.table("DRT-09", [("gratuité, dernier jour, 35 ans", lambda: feuille(), True)])
        programme.age_max = 34
        self.table("DRT-09", [("trop âgé d'un an", lambda: feuille(), False)])

    def test_for_01_convention(self):
        def feuille(debut, **champs):
            return self.feuille_de(self.creer_assure(), formation_id=self.creer_formation(2, debut).id, **champs)
        self.table("FOR-01", [
            ("dès le premier jour", lambda: feuille(JOUR), False),
            ("pas encore", lambda: feuille(JOUR + timedelta(days=1)), True),
            ("jamais", lambda: feuille(False), True),
            ("urgence", lambda: feuille(False, urgence=True), False),
        ])

    def test_for_02_suspension(self):
        def feuille(debut):
            formation = self.creer_formation(2)
            self.env["cnas.suspension"]._creer([{
                "formation_id": formation.id, "convention_id": formation.convention_ids.id, "date_debut": debut,
                "motif": "essai"}])
            return self.feuille_de(self.creer_assure(), formation_id=formation.id)
        self.table("FOR-02", [
            ("suspendue le lendemain", lambda: feuille(JOUR + timedelta(days=1)), False),
            ("suspendue ce jour", lambda: feuille(JOUR), True),
        ])

    def test_for_03_niveau(self):
        def feuille(niveau):
            return self.feuille_de(self.creer_assure(), (self.prestation("acte", 500, niveau_min=niveau), 1, 500))
        self.table("FOR-03", [
            ("au niveau", lambda: feuille(2), False), ("au-dessus", lambda: feuille(3), True)])
        agree = self.prestation("acte", 500, niveau_min=3)
        self.env["cnas.agrement"].create({
            "formation_id": self.formation.id, "portee": "prestation", "prestation_id": agree.id, "date_debut": "2026-01-01",
            "date_fin": JOUR})

        def sous_agrement(jour):
            return self.feuille_de(self.creer_assure(), (agree, 1, 500), date_soins=jour)
        self.table("FOR-03", [
            ("agréée, dernier jour", lambda: sous_agrement(JOUR), False),
            ("agrément fini", lambda: sous_agrement(JOUR + timedelta(days=1)), True)])

    def test_for_04_type_de_soins(self):
        def feuille(attendu, **champs):
            return self.feuille_de(self.creer_assure(), (self.prestation("acte", 500, type_soins=attendu), 1, 500),
                                   **champs)
        self.table("FOR-04", [
            ("tous", lambda: feuille("tous"), False),
            ("ambulatoire", lambda: feuille("ambulatoire"), False),
            ("hospitalisation en ambulatoire", lambda: feuille("hospitalisation"), True),
            ("hospitalisation à l'hôpital", lambda: feuille("hospitalisation", type_soins="hospitalisation"), False),
            ("ambulatoire à l'hôpital", lambda: feuille("ambulatoire", type_soins="hospitalisation"), True),
        ])
        self.regler("FOR-04", "types_ambulatoires", "hopital_district")
        self.table("FOR-04", [
            ("structure sans lit", lambda: feuille("hospitalisation", type_soins="hospitalisation"), True)])

    def test_for_05_praticien(self):
        def praticien(rang, **champs):
            p = self.env["cnas.praticien"].create({"name": "Dr", "numero_ordre": f"MOT-F5-{rang}", **champs})
            return p

        def feuille(p, *lignes):
            return self.feuille_de(self.creer_assure(), *lignes, praticien_id=p and p.id)
        radie_ce_jour, radie_demain = praticien(1), praticien(2)
        radie_ce_jour._ecrire({"state": "radie", "date_radiation": JOUR})
        radie_demain._ecrire({"state": "radie", "date_radiation": JOUR + timedelta(days=1)})
        infirmier = praticien(3, qualification="infirmier")
        self.regler("FOR-05", "interdits", '{"infirmier": ["chirurgie"]}')
        chirurgie = self.prestation("acte", 500, categorie="chirurgie")
        self.table("FOR-05", [
            ("non dit", lambda: feuille(None), False),
            ("radié ce jour", lambda: feuille(radie_ce_jour), True),
            ("radié le lendemain", lambda: feuille(radie_demain), False),
            ("hors qualification", lambda: feuille(infirmier, (chirurgie, 1, 500)), True),
            ("dans sa qualification", lambda: feuille(infirmier), False),
        ])

    def test_for_06_parcours(self):
        haut = self.creer_formation(3)

        def feuille(formation, **champs):
            return self.feuille_de(self.creer_assure(), formation_id=formation.id, **champs)
        self.table("FOR-06", [
            ("non vérifiée", lambda: feuille(haut), False),
            ("absente", lambda: feuille(haut, fiche_reference="absente"), True),
            ("absente, urgence", lambda: feuille(haut, fiche_reference="absente", urgence=True), False),
            ("absente, niveau 2", lambda: feuille(self.formation, fiche_reference="absente"), False),
        ])
        abattue = feuille(haut, fiche_reference="absente")
        self.controler(abattue)
        self.assertEqual((abattue.ligne_ids.taux, abattue.montant_cnas, abattue.ticket_moderateur), (60, 900, 600))
        self.assertEqual(abattue.ligne_ids.decision, "abattue")
