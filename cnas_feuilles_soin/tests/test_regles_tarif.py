from datetime import timedelta

from odoo.tests.common import tagged

from .commun_moteur import JOUR
from .test_regles_recevabilite import CommunTables


@tagged("post_install", "-at_install", "cnas")
class TestReglesTarif(CommunTables):
    """TAR-01 à TAR-06, PLF-03 et PLF-04."""

    def un(self, prestation, quantite=1, prix=500, ligne=None, **champs):
        """Rend une feuille d'une ligne, pour une personne neuve."""
        return self.feuille((prestation, quantite, prix, ligne or {}), assure_id=self.creer_assure().id, **champs)

    def test_tar_01_ecretage(self):
        self.table("TAR-01", [
            ("au tarif", lambda: self.un(self.pansement, 2, 1000), False),
            ("sous le tarif", lambda: self.un(self.pansement, 2, 900), False),
            ("un franc de trop", lambda: self.un(self.pansement, 2, 1001), True)])
        feuille = self.un(self.pansement, 2, 1200)
        self.controler(feuille)
        self.assertEqual((feuille.montant_base, feuille.montant_cnas, feuille.ticket_moderateur, feuille.depassement),
                         (2000, 1600, 400, 400))
        self.assertRecordValues(feuille.anomalie_ids, [{"montant_avant": 2400, "montant_apres": 2000}])

    def test_tar_02_cotation(self):
        lettre = self.env["cnas.lettre_cle"].create({"code": "ZQ", "name": "Lettre d'essai"})
        self.env["cnas.config_lettre_cle"].create({"lettre_cle_id": lettre.id, "montant": 100, "date_debut": "2020-01-01"})
        acte = self.prestation("acte", mode_tarif="cotation", lettre_cle_id=lettre.id, coefficient=10)
        self.table("TAR-02", [
            ("coefficient juste", lambda: self.un(acte, 1, 1000, {"coefficient_facture": 10}), False),
            ("non relevé", lambda: self.un(acte, 1, 1200), False),
            ("coefficient gonflé", lambda: self.un(acte, 1, 1200, {"coefficient_facture": 12}), True)])
        feuille = self.un(acte, 1, 1200, {"coefficient_facture": 12})
        self.controler(feuille)
        self.assertEqual((feuille.montant_base, feuille.anomalie_ids.message), (1000, "Cotation corrigée : ZQ10"))

    def test_tar_03_actes_multiples(self):
        lettre = self.env["cnas.lettre_cle"].create({"code": "ZR", "name": "Lettre d'essai"})
        self.env["cnas.config_lettre_cle"].create({"lettre_cle_id": lettre.id, "montant": 101, "date_debut": "2020-01-01"})
        fort, moyen, faible = [
            self.prestation("acte", mode_tarif="cotation", lettre_cle_id=lettre.id, coefficient=c, acte_technique=True)
            for c in (30, 25, 5)]
        seul = self.un(fort, 1, 3030)
        trois = self.feuille((faible, 1, 505), (moyen, 1, 2525), (fort, 1, 3030), (self.comprime, 1, 200),
                             assure_id=self.creer_assure().id)
        self.controler(seul, trois)
        self.assertFalse(self.codes(seul))
        self.assertEqual(trois.ligne_ids.mapped("montant_base"), [0, 1263, 3030, 200])  # 1262,5 → 1263
        self.assertEqual(trois.ligne_ids.mapped("coefficient_multiple"), [0, 50, 100, 100])
        self.assertEqual(self.codes(trois), ["TAR-03", "TAR-03"])
        self.verifier_equilibre(trois)
        meme_seance = self.feuille((moyen, 1, 2525), assure_id=seul.assure_id.id)
        autre_jour = self.feuille((moyen, 1, 2525), assure_id=seul.assure_id.id, date_soins=JOUR + timedelta(days=1))
        self.controler(meme_seance, autre_jour)
        self.assertEqual(meme_seance.ligne_ids.coefficient_multiple, 50)
        self.assertEqual(autre_jour.ligne_ids.coefficient_multiple, 100)

    def test_tar_04_prix_de_reference(self):
        produit = self.prestation("medicament", 500, dci="référencée", dosage="1 g", forme="comprimé")
        self.env["cnas.prix_reference"].create({
            "dci": "référencée", "dosage": "1 g", "forme": "comprimé", "montant": 300, "date_debut": "2020-01-01"})
        self.table("TAR-04", [
            ("au prix de référence", lambda: self.un(produit, 2, 300), False),
            ("au-dessus", lambda: self.un(produit, 2, 301), True),
            ("autre DCI", lambda: self.un(self.comprime, 2, 200), False)])
        feuille = self.un(produit, 2, 600)
        self.controler(feuille)
        self.assertEqual(self.codes(feuille), ["TAR-01", "TAR-04"])
        self.assertEqual(feuille.anomalie_ids.sorted("ordre").mapped(lambda a: (a.montant_avant, a.montant_apres)),
                         [(1200, 1000), (1000, 600)])

    def test_tar_05_ticket(self):
        def feuille(ticket):
            return self.un(self.pansement, 1, 1000, {"ticket_facture": ticket})
        self.table("TAR-05", [("non écrit", lambda: feuille(0), False), ("juste", lambda: feuille(200), False),
                              ("faux d'un franc", lambda: feuille(199), True)])
        faux = feuille(100)
        self.controler(faux)
        self.assertRecordValues(faux.anomalie_ids, [{"montant_avant": 900, "montant_apres": 800}])
        self.assertEqual((faux.montant_cnas, faux.state), (800, "validee"))

    def test_tar_06_forfait(self):
        forfait, inclus = self.prestation("acte", 9000), self.prestation("acte", 500)
        self.env["cnas.forfait_inclusion"].create({
            "forfait_id": forfait.id, "prestation_id": inclus.id, "date_debut": "2026-01-01", "date_fin": JOUR})

        def ensemble(**champs):
            return self.feuille((forfait, 1, 9000), (inclus, 1, 500), assure_id=self.creer_assure().id, **champs)
        self.table("TAR-06", [
            ("seul", lambda: self.un(inclus), False), ("avec le forfait, dernier jour", ensemble, True),
            ("après", lambda: ensemble(date_soins=JOUR + timedelta(days=1)), False)])

    def test_plf_03_seuil(self):
        acte = self.prestation("acte", 500_000)
        sous, au_seuil = self.un(acte, 1, 499_999), self.un(acte, 1, 500_000)
        self.controler(sous, au_seuil)
        self.assertEqual((sous.state, au_seuil.state), ("validee", "avis_medical"))
        self.assertEqual(self.codes(au_seuil), ["PLF-03"])

    def test_plf_04_echantillon(self):
        def etats(taux):
            self.regler("PLF-04", "taux", taux)
            feuilles = [self.un(self.pansement, 1, 1000) for _i in range(40)]
            self.controler(*feuilles)
            return [f.state for f in feuilles]
        self.assertEqual(set(etats("0")), {"validee"})
        self.assertEqual(set(etats("100")), {"controle"})
        self.assertEqual(set(etats("50")), {"validee", "controle"})
        self.env["cnas.regle_parametre"].create({
            "regle_id": self.regle("PLF-04").id, "code": f"taux:{self.formation.code}", "valeur": "0",
            "date_debut": "1970-01-01"})
        self.assertEqual(set(etats("100")), {"validee"})
