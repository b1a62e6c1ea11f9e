from datetime import date, timedelta
from types import SimpleNamespace

from odoo.tests.common import tagged

from ..liquidation import execution
from ..regles import registre
from .commun_moteur import JOUR
from .test_regles_recevabilite import CommunTables


@tagged("post_install", "-at_install", "cnas")
class TestReglesQuantites(CommunTables):
    """DBL-01 à DBL-05, ENT-01 à ENT-03, QTE-01 à QTE-10."""

    def suite(self, code, cas):
        """Déroule des feuilles d'une même personne, l'une après l'autre : [(titre, feuille, attendu)]."""
        self.table(code, [(titre, lambda f=feuille: f, attendu) for titre, feuille, attendu in cas])

    def pour(self, assure, prestation, quantite=1, prix=500, ligne=None, **champs):
        """Rend une feuille d'une ligne pour cette personne."""
        return self.feuille((prestation, quantite, prix, ligne or {}), assure_id=assure.id, **champs)

    # ------------------------------------------------------------------ doublons
    def test_dbl_01_strict(self):
        a = self.assure
        premiere, seconde = self.pour(a, self.pansement), self.pour(a, self.pansement)
        demain = self.pour(a, self.pansement, date_soins=JOUR + timedelta(days=1))
        self.suite("DBL-01", [
            ("premier envoi", premiere, False), ("même envoi, autre référence", seconde, True),
            ("lendemain", demain, False),
            ("autre personne", self.pour(self.creer_assure(), self.pansement), False)])
        self.assertEqual(seconde.state, "rejetee")
        self.assertEqual(seconde.anomalie_ids.message, f"Doublon du dossier {premiere.numero}")

    def test_dbl_01_dans_la_feuille(self):
        feuille = self.feuille((self.pansement, 1, 1000), (self.comprime, 1, 200), (self.pansement, 1, 1000))
        self.controler(feuille)
        self.assertEqual(feuille.ligne_ids.mapped("decision"), ["acceptee", "acceptee", "rejetee"])

    def test_dbl_01_apres_rejet_ou_annulation(self):
        """Ce qui est rejeté ou annulé ne fait pas doublon."""
        rejete = self.prestation("acte", 500, niveau_min=4)
        self.controler(self.pour(self.assure, rejete))
        annulee = self.pour(self.assure, self.pansement)
        self.controler(annulee)
        annulee._ecrire({"state": "annulee"})
        self.suite("DBL-01", [("après annulation", self.pour(self.assure, self.pansement), False),
                              ("après rejet", self.pour(self.assure, rejete), False)])

    def test_dbl_02_inter_formations(self):
        ailleurs = self.creer_formation(2)
        self.suite("DBL-02", [
            ("première", self.pour(self.assure, self.pansement), False),
            ("ailleurs, même jour", self.pour(self.assure, self.pansement, formation_id=ailleurs.id), True),
            ("ailleurs, lendemain", self.pour(self.assure, self.pansement, formation_id=ailleurs.id,
                                              date_soins=JOUR + timedelta(days=1)), False)])

    def test_dbl_03_facture(self):
        payee = self.pour(self.creer_assure(), self.pansement, numero_facture_formation="F-1")
        self.controler(payee)
        payee._ecrire({"state": "payee"})
        self.suite("DBL-03", [
            ("autre numéro", self.pour(self.creer_assure(), self.pansement, numero_facture_formation="F-2"), False),
            ("déjà payée", self.pour(self.creer_assure(), self.pansement, numero_facture_formation="F-1"), True),
            ("autre exercice", self.pour(self.creer_assure(), self.pansement, numero_facture_formation="F-1",
                                         date_soins=date(2025, 12, 31)), False)])

    def test_dbl_03_ne_se_voit_pas(self):
        """Rejouée une fois payée, ou reprise d'elle-même, une feuille n'est pas le doublon de sa facture."""
        payee = self.pour(self.creer_assure(), self.pansement, numero_facture_formation="F-3")
        self.controler(payee)
        payee._ecrire({"state": "payee"})
        rejouee = [c.regle.code for lot in execution.simuler(self.env, registre.REGLES, payee.ids)
                   for f in lot.feuilles for c in f.anomalies]
        self.assertNotIn("DBL-03", rejouee)
        reprise = self.pour(self.creer_assure(), self.pansement, numero_facture_formation="F-3", origine_id=payee.id)
        tierce = self.pour(self.creer_assure(), self.pansement, numero_facture_formation="F-3")
        self.controler(reprise, tierce)
        self.assertEqual(("DBL-03" in self.codes(reprise), "DBL-03" in self.codes(tierce)), (False, True))

    def test_dbl_04_modes(self):
        self.suite("DBL-04", [
            ("tiers payant", self.pour(self.assure, self.pansement), False),
            ("remboursement, autre code", self.pour(self.assure, self.consultation, mode="remboursement"), False),
            ("remboursement du même", self.pour(self.assure, self.pansement, mode="remboursement"), True)])

    def test_dbl_05_sejours(self):
        def sejour(debut, fin):
            return self.pour(self.assure, self.prestation("acte", 500), type_soins="hospitalisation",
                             date_soins=date(2026, 3, debut), date_fin_soins=date(2026, 3, fin))
        self.suite("DBL-05", [
            ("premier", sejour(1, 5), False), ("transfert le jour de sortie", sejour(5, 8), False),
            ("chevauche d'un jour", sejour(7, 9), True), ("plus tard", sejour(10, 10), False),
            ("même jour, sans nuit", sejour(10, 10), True)])

    def test_dbl_05_sejour_plus_ancien_que_l_horizon(self):
        """Entré il y a plus d'une année de droits, toujours là le mois dernier."""
        long = self.pour(self.assure, self.prestation("acte", 500), type_soins="hospitalisation",
                         date_soins=JOUR - timedelta(days=800), date_fin_soins=JOUR - timedelta(days=1))
        court = self.pour(self.assure, self.prestation("acte", 500), type_soins="hospitalisation",
                          date_soins=JOUR - timedelta(days=10), date_fin_soins=JOUR - timedelta(days=8))
        self.suite("DBL-05", [("premier", long, False), ("dedans", court, True)])

    # ------------------------------------------------------------------ ententes
    def accord(self, assure, prestation, **champs):
        """Rend un accord préalable donné."""
        return self.env["cnas.entente_prealable"]._creer([{
            "assure_id": assure.id, "formation_id": self.formation.id, "prestation_id": prestation.id,
            "state": "accordee", "numero": f"MOT-E{next(self.rangs)}", "date_debut": "2026-03-01",
            "date_fin": "2026-03-31", **champs}])

    def test_ent_01_02(self):
        soumis = self.prestation("acte", 500, entente_prealable=True)

        def feuille(debut=None, fin=None, **champs):
            assure = self.creer_assure()
            if debut:
                self.accord(assure, soumis, date_debut=debut, date_fin=fin)
            return self.pour(assure, soumis, **champs)
        veille, lendemain = JOUR - timedelta(days=1), JOUR + timedelta(days=1)
        self.table("ENT-01", [
            ("absente", feuille, True), ("présente", lambda: feuille(JOUR, JOUR), False),
            ("non soumise", lambda: self.pour(self.creer_assure(), self.pansement), False)])
        self.table("ENT-02", [
            ("périmée la veille", lambda: feuille("2026-01-01", veille), True),
            ("dernier jour", lambda: feuille("2026-01-01", JOUR), False),
            ("premier jour demain", lambda: feuille(lendemain, "2026-12-31"), True),
            # le 12 mars 2026 est un jeudi : trois jours ouvrés mènent au mardi 17
            ("urgence régularisée à trois jours ouvrés", lambda: feuille(
                date(2026, 3, 17), "2026-12-31", urgence=True), False),
            ("urgence régularisée à quatre", lambda: feuille(date(2026, 3, 18), "2026-12-31", urgence=True), True)])

    def test_ent_03_depassement(self):
        soumis = self.prestation("acte", 500, entente_prealable=True)
        assure = self.creer_assure()
        accord = self.accord(assure, soumis, quantite_accordee=5, montant_accorde=0)
        un = self.pour(assure, soumis, 3)
        deux = self.pour(assure, soumis, 3, date_soins=JOUR + timedelta(days=1))
        self.suite("ENT-03", [("dans l'accord", un, False), ("au-delà du cumul", deux, True)])
        self.assertEqual((deux.ligne_ids.quantite_retenue, deux.montant_base, deux.depassement), (2, 1000, 500))
        self.assertEqual(deux.ligne_ids.entente_imputee_id, accord)
        self.assertEqual(deux.anomalie_ids.message, f"Limité à l'accord {accord.numero}")
        autre = self.creer_assure()
        self.accord(autre, soumis, montant_accorde=700)
        limite = self.pour(autre, soumis, 2)
        self.suite("ENT-03", [("au-delà du montant", limite, True)])
        self.assertEqual((limite.montant_base, limite.montant_cnas, limite.depassement), (700, 560, 300))
        juste = self.creer_assure()
        self.accord(juste, soumis, montant_accorde=1000)
        self.suite("ENT-03", [("au montant de l'accord", self.pour(juste, soumis, 2), False)])
        tiers = self.creer_assure()
        self.accord(tiers, soumis, formation_id=self.creer_formation(2).id)
        ailleurs = self.pour(tiers, soumis)
        self.suite("ENT-03", [("autre formation", ailleurs, True)])
        self.assertEqual((ailleurs.montant_base, ailleurs.depassement), (0, 500))

    def test_ent_03_accord_ancien(self):
        """Ce qu'un accord a donné il y a plus d'une année de droits reste pris."""
        soumis = self.prestation("acte", 500, entente_prealable=True)
        accord = self.accord(self.assure, soumis, quantite_accordee=5, montant_accorde=0,
                             date_debut=JOUR - timedelta(days=900), date_fin=JOUR + timedelta(days=9))
        self.controler(self.pour(self.assure, soumis, 3, date_soins=JOUR - timedelta(days=800)))
        deux = self.pour(self.assure, soumis, 3)
        self.controler(deux)
        self.assertEqual(deux.ligne_ids.quantite_retenue, 2)
        self.assertEqual((accord.quantite_imputee, accord.quantite_restante), (5, 0))

    def test_ent_03_un_seul_compte(self):
        """La fiche de l'accord dit ce que le moteur impute, cité ou non par la feuille."""
        soumis = self.prestation("acte", 500, entente_prealable=True)
        accord, autre = [self.accord(self.assure, soumis, quantite_accordee=5, montant_accorde=0, formation_id=f.id)
                         for f in (self.formation, self.creer_formation(2))]
        self.controler(self.pour(self.assure, soumis, 3))
        self.assertEqual((accord.quantite_imputee, autre.quantite_imputee), (3, 0))
        self.controler(self.pour(self.assure, soumis, 1, entente_id=autre.id, date_soins=JOUR + timedelta(days=1)))
        self.assertEqual((accord.quantite_imputee, autre.quantite_imputee), (3, 0), "rien n'est pris sur l'accord d'une autre formation")

    # ------------------------------------------------------------------ quantités
    def test_qte_01_maximum(self):
        limite = self.prestation("acte", 500, quantite_max=3)
        self.table("QTE-01", [
            ("au maximum", lambda: self.pour(self.creer_assure(), limite, 3), False),
            ("au-delà", lambda: self.pour(self.creer_assure(), limite, 4), True),
            ("sans maximum", lambda: self.pour(self.creer_assure(), self.pansement, 99), False)])
        feuille = self.pour(self.creer_assure(), limite, 4)
        self.controler(feuille)
        self.assertRecordValues(feuille.anomalie_ids, [
            {"montant_avant": 2000, "montant_apres": 1500, "message": "Quantité ramenée à 3", "severite": "abattement"}])

    def test_qte_02_invalide(self):
        """La base refuse déjà ces lignes : la fonction se vérifie seule."""
        lignes = [SimpleNamespace(quantite=q, prix=p) for q, p in ((1, 0), (0, 5), (-1, 5), (1, -1))]
        trouvees = [constat[0] for constat in registre.REGLES["QTE-02"].fonction(None, lignes, None)]
        self.assertEqual(trouvees, lignes[1:])

    def test_qte_03_frequence(self):
        espace = self.prestation("acte", 500, frequence_min_jours=30)
        self.suite("QTE-03", [
            ("première", self.pour(self.assure, espace), False),
            ("29 jours", self.pour(self.assure, espace, date_soins=JOUR + timedelta(days=29)), True),
            ("30 jours", self.pour(self.assure, espace, date_soins=JOUR + timedelta(days=30)), False),
            ("autre personne", self.pour(self.creer_assure(), espace), False)])

    def test_qte_03_au_dela_de_l_annee(self):
        """Le délai se compte à rebours des soins, jusqu'à son dernier jour, quelle que soit l'année de droits."""
        for recul, attendu in ((399, True), (400, False)):
            espace = self.prestation("acte", 500, frequence_min_jours=400)
            self.suite("QTE-03", [
                ("première", self.pour(self.assure, espace, date_soins=JOUR - timedelta(days=recul)), False),
                (f"{recul} jours après", self.pour(self.assure, espace), attendu)])

    def test_qte_04_controle_gratuit(self):
        suivante = self.prestation("acte", 500, categorie="consultation")
        autre_motif, ailleurs = self.pathologie(), self.creer_formation(2)

        def le(jours, **champs):
            return self.pour(self.assure, suivante, date_soins=JOUR + timedelta(days=jours), **champs)
        self.suite("QTE-04", [
            ("première", self.pour(self.assure, self.consultation), False),
            ("même jour", le(0), False), ("30 jours", le(30), True), ("31 jours", le(31), False),
            ("autre motif", le(32, pathologie_id=autre_motif.id), False),
            ("autre formation", le(33, formation_id=ailleurs.id), False)])

    def test_qte_04_zero_n_est_pas_vide(self):
        """Un délai de zéro jour pour un type de formation ne laisse pas place au délai général."""
        suivante = self.prestation("acte", 500, categorie="consultation")
        self.regler("QTE-04", "delai_jours:hopital_district", "0")
        self.suite("QTE-04", [
            ("première", self.pour(self.assure, self.consultation), False),
            ("dix jours après", self.pour(self.assure, suivante, date_soins=JOUR + timedelta(days=10)), False)])

    def test_qte_04_delai_plus_long_que_l_horizon(self):
        suivante = self.prestation("acte", 500, categorie="consultation")
        self.regler("QTE-04", "delai_jours", "900")
        for assure, recul, attendu in ((self.assure, 900, True), (self.creer_assure(), 901, False)):
            self.suite("QTE-04", [
                ("première", self.pour(assure, self.consultation, date_soins=JOUR - timedelta(days=recul)), False),
                (f"{recul} jours après", self.pour(assure, suivante), attendu)])

    def test_qte_05_duree(self):
        ald = self.pathologie(ald=True)

        def delivrance(jours, **champs):
            return self.pour(self.creer_assure(), self.comprime, 60, 200, {"duree_jours": jours}, **champs)
        self.table("QTE-05", [
            ("30 jours", lambda: delivrance(30), False), ("31 jours", lambda: delivrance(31), True),
            ("90 jours, chronique", lambda: delivrance(90, pathologie_id=ald.id), False),
            ("91 jours, chronique", lambda: delivrance(91, pathologie_id=ald.id), True),
            ("non renseignée", lambda: delivrance(0), False)])
        feuille = delivrance(60)
        self.controler(feuille)
        self.assertEqual(feuille.ligne_ids.quantite_retenue, 30)

    def test_qte_06_renouvellement(self):
        produit = self.prestation("medicament", 200, dci="renouvelable")

        def le(jours):
            return self.pour(self.assure, produit, 20, 200, {"duree_jours": 20}, date_soins=JOUR + timedelta(days=jours))
        self.suite("QTE-06", [("première", le(0), False), ("reste 6 jours sur 20", le(14), True),
                              ("reste 5 jours sur 20", le(15), False)])

    def test_qte_07_ordonnance(self):
        ald = self.pathologie(ald=True)

        def le(jours, **champs):
            return self.pour(self.creer_assure(), self.comprime, 1, 200,
                             date_ordonnance=JOUR - timedelta(days=jours), **champs)
        self.table("QTE-07", [
            ("15 jours", lambda: le(15), False), ("16 jours", lambda: le(16), True),
            ("90 jours, chronique", lambda: le(90, pathologie_id=ald.id), False),
            ("91 jours, chronique", lambda: le(91, pathologie_id=ald.id), True)])

    def test_qte_08_sejour(self):
        journee = self.prestation("acte", 500, categorie="hospitalisation")

        def sejour(jours, sortie):
            return self.pour(self.creer_assure(), journee, jours, 500, type_soins="hospitalisation",
                             date_fin_soins=JOUR + timedelta(days=sortie))
        self.table("QTE-08", [
            ("trois nuits, trois jours", lambda: sejour(3, 3), False),
            ("quatre jours facturés", lambda: sejour(4, 3), True),
            ("sorti le jour même", lambda: sejour(1, 0), False),
            ("deux jours sans nuit", lambda: sejour(2, 0), True)])

    def test_qte_08_la_feuille_entiere(self):
        """Deux codes de journée ne paient pas deux fois le même séjour."""
        journees = [self.prestation("acte", 500, categorie="hospitalisation") for _rang in range(3)]
        feuille = self.controler(self.feuille(
            (journees[0], 2, 500), (journees[1], 3, 500), (journees[2], 1, 500), assure_id=self.creer_assure().id,
            type_soins="hospitalisation", date_fin_soins=JOUR + timedelta(days=3)))
        self.assertEqual(feuille.ligne_ids.mapped("quantite_retenue"), [2, 1, 0])
        self.verifier_equilibre(feuille)

    def test_qte_09_cpn(self):
        cpn = self.prestation("acte", 500, categorie="cpn")
        femme = self.creer_assure(genre="feminin")
        self.regler("QTE-09", "max_cpn", "2")

        def le(jours):
            return self.pour(femme, cpn, date_soins=JOUR + timedelta(days=jours - 400))
        self.suite("QTE-09", [("1", le(0), False), ("2", le(30), False), ("3", le(60), True),
                              ("grossesse suivante", le(400), False)])

    def test_qte_09_duree_de_la_grossesse(self):
        """Au 280e jour, c'est une autre grossesse ; la veille, la même, même contrôlée bien plus tôt et à part."""
        cpn = self.prestation("acte", 500, categorie="cpn")
        self.regler("QTE-09", "max_cpn", "1")
        for jours, attendu in ((279, True), (280, False)):
            femme = self.creer_assure(genre="feminin")
            self.suite("QTE-09", [("1", self.pour(femme, cpn, date_soins=JOUR - timedelta(days=jours)), False),
                                  (f"{jours} jours après", self.pour(femme, cpn), attendu)])

    def test_qte_10_nombre(self):
        self.env["cnas.plafond"].create({
            "regime_id": self.regime.id, "portee": "beneficiaire", "categorie": "visite", "nombre_max": 2,
            "date_debut": "2020-01-01"})
        visite = self.prestation("acte", 500, categorie="visite")

        def le(jour):
            return self.pour(self.assure, visite, date_soins=jour)
        refusee = le(date(2025, 12, 31))
        self.suite("QTE-10", [
            ("première", le(date(2025, 1, 1)), False), ("deuxième", le(date(2025, 5, 1)), False),
            ("troisième de l'année", refusee, True), ("autre catégorie", self.pour(self.assure, self.pansement), False),
            ("année suivante", le(date(2026, 1, 1)), False)])
        self.assertEqual(refusee.anomalie_ids.message, "Plafond visite atteint")
