from datetime import date, timedelta

from odoo.tests.common import tagged

from odoo.addons.cnas_base.tests.common import pdf_base64

from .commun_moteur import JOUR, CommunMoteur


class CommunTables(CommunMoteur):
    """Une table de cas par règle : (ce qu'on essaie, la feuille, la règle se déclenche-t-elle)."""

    def table(self, code, cas, famille=None):
        """Contrôle chaque cas et vérifie que la règle parle, ou se tait.

        :param cas: [(titre, fabrique de feuille, True si la règle doit se déclencher)]
        """
        for titre, fabrique, attendu in cas:
            with self.subTest(regle=code, cas=titre):
                feuille = fabrique()
                self.controler(feuille)
                codes = self.codes(feuille)
                self.assertEqual(code in codes, attendu, codes)
                self.verifier_equilibre(feuille)


@tagged("post_install", "-at_install", "cnas")
class TestReglesRecevabilite(CommunTables):
    """REC-01 à REC-10 : ce qui passe, ce qui déclenche, la borne."""

    def test_rec_01_incomplete(self):
        gratuit = self.prestation("acte", 0)
        praticien = self.env["cnas.praticien"].create({"name": "Dr Moteur", "numero_ordre": "MOT-1"})
        self.table("REC-01", [
            ("complète", lambda: self.feuille(), False),
            ("gratuite", lambda: self.feuille((gratuit, 1, 0)), False),
            ("un franc", lambda: self.feuille((gratuit, 1, 1), assure_id=self.creer_assure().id), False),
        ])
        self.regler("REC-01", "champs_obligatoires", "praticien_id,lignes")
        self.table("REC-01", [
            ("prescripteur exigé", lambda: self.feuille(assure_id=self.creer_assure().id), True),
            ("prescripteur donné", lambda: self.feuille(
                assure_id=self.creer_assure().id, praticien_id=praticien.id), False),
        ])

    def test_rec_02_diagnostic(self):
        self.table("REC-02", [
            ("codé", lambda: self.feuille(), False),
            ("absent", lambda: self.feuille(pathologie_id=False, assure_id=self.creer_assure().id), True),
        ])
        self.regler("REC-02", "obligatoire", "non")
        self.table("REC-02", [
            ("absent toléré", lambda: self.feuille(pathologie_id=False, assure_id=self.creer_assure().id), False),
            ("en clair", lambda: self.feuille(pathologie_id=False, diagnostic_clair=True,
                                              assure_id=self.creer_assure().id), True),
        ])

    def test_rec_03_pieces(self):
        genre = self.env["cnas.type_piece"].search([], limit=1)
        self.env["cnas.piece_exigee"].create({"type_piece_id": genre.id, "categorie": "visite", "montant_min": 2000})
        visite = self.prestation("acte", 9000, categorie="visite")

        def joindre(feuille):
            self.env["cnas.feuille_soin.piece"].sudo().create({
                "feuille_id": feuille.id, "type_id": genre.id, "name": "piece.pdf",
                "contenu": pdf_base64()})
            return feuille

        def feuille(prix):
            return self.feuille((visite, 1, prix), assure_id=self.creer_assure().id)
        self.table("REC-03", [
            ("sous le montant", lambda: feuille(1999), False),
            ("au montant, sans pièce", lambda: feuille(2000), True),
            ("pièce jointe", lambda: joindre(feuille(2000)), False),
        ])

    def test_rec_04_signature(self):
        self.table("REC-04", [
            ("non vérifiée", lambda: self.feuille(), False),
            ("présente", lambda: self.feuille(signature_constatee="presente", assure_id=self.creer_assure().id), False),
            ("absente", lambda: self.feuille(signature_constatee="absente", assure_id=self.creer_assure().id), True),
        ])
        self.regler("REC-04", "exigee", "oui")
        self.table("REC-04", [("exigée", lambda: self.feuille(assure_id=self.creer_assure().id), True)])

    def test_rec_05_multi(self):
        self.table("REC-05", [
            ("une personne", lambda: self.feuille(), False),
            ("plusieurs", lambda: self.feuille(multi_beneficiaire=True), True),
        ])

    def test_rec_06_dates(self):
        def feuille(**dates):
            return self.feuille(assure_id=self.creer_assure().id, **dates)
        self.table("REC-06", [
            ("même jour", lambda: feuille(date_depot=JOUR), False),
            ("fin le même jour", lambda: feuille(date_fin_soins=JOUR), False),
            ("déposée la veille", lambda: feuille(date_depot=JOUR - timedelta(days=1)), True),
            ("fin la veille", lambda: feuille(date_fin_soins=JOUR - timedelta(days=1), date_depot=JOUR), True),
        ])

    def test_rec_07_forclusion(self):
        def feuille(jours, **champs):
            return self.feuille(assure_id=self.creer_assure().id, date_depot=JOUR + timedelta(days=jours), **champs)
        self.table("REC-07", [
            ("90 jours", lambda: feuille(90), False),
            ("91 jours", lambda: feuille(91), True),
            ("60 jours, remboursement", lambda: feuille(60, mode="remboursement"), False),
            ("61 jours, remboursement", lambda: feuille(61, mode="remboursement"), True),
            ("compté de la fin des soins", lambda: feuille(95, date_fin_soins=JOUR + timedelta(days=5)), False),
        ])
        forclose = feuille(91)
        self.controler(forclose)
        self.assertEqual((forclose.state, forclose.anomalie_ids.message), ("rejetee", "Dossier forclos (91 jours)"))

    def test_rec_07_parametre_date(self):
        """Le délai est celui en vigueur à la date des soins."""
        self.regle("REC-07")._dater_parametre("delai_tiers_payant", "30", date(2026, 1, 1))

        def feuille(jour):
            return self.feuille(assure_id=self.creer_assure().id, date_soins=jour,
                                date_depot=jour + timedelta(days=40))
        self.table("REC-07", [("2025", lambda: feuille(date(2025, 12, 31)), False),
                              ("2026", lambda: feuille(date(2026, 1, 1)), True)])

    def test_rec_08_deja_vue(self):
        genre = self.env["cnas.type_piece"].search([("code", "=", "FEUILLE")])
        self.assertTrue(genre)

        def feuille(contenu):
            feuille = self.feuille(assure_id=self.creer_assure().id)
            self.env["cnas.feuille_soin.piece"].sudo().create({
                "feuille_id": feuille.id, "type_id": genre.id, "name": "scan.pdf",
                "contenu": pdf_base64(contenu.decode())})
            return feuille
        annulee = feuille(b"trois")
        annulee._ecrire({"state": "annulee"})
        self.table("REC-08", [
            ("premier envoi", lambda: feuille(b"un"), False),
            ("autre fichier", lambda: feuille(b"deux"), False),
            ("même fichier", lambda: feuille(b"un"), True),
            ("déjà vu dans un dossier annulé", lambda: feuille(b"trois"), False),
        ])

    def test_rec_09_carnet(self):
        def feuille(numero):
            return self.feuille(assure_id=self.creer_assure().id, numero_carnet=numero)
        self.table("REC-09", [("formation sans carnet", lambda: feuille(5), False)])
        self.env["cnas.carnet"].create({"formation_id": self.formation.id, "debut": 9000100, "fin": 9000200})
        self.table("REC-09", [
            ("non relevé", lambda: feuille(0), False),
            ("premier", lambda: feuille(9000100), False),
            ("dernier", lambda: feuille(9000200), False),
            ("après", lambda: feuille(9000201), True),
        ])

    def test_rec_10_total(self):
        def feuille(total):
            return self.feuille(assure_id=self.creer_assure().id, total_declare=total)
        self.table("REC-10", [
            ("non déclaré", lambda: feuille(0), False),
            ("juste", lambda: feuille(1500), False),
            ("un franc de trop", lambda: feuille(1501), True),
        ])
        discordante = feuille(1400)
        self.controler(discordante)
        self.assertEqual((discordante.state, discordante.completude), ("instance", "incomplet"))
        self.regler("REC-10", "tolerance", "5")
        self.table("REC-10", [("toléré", lambda: feuille(1505), False), ("au-delà", lambda: feuille(1506), True)])
