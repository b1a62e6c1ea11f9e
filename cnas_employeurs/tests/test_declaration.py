import base64
import datetime

from freezegun import freeze_time
from psycopg2.errors import CheckViolation, UniqueViolation

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.cnas_base.ecriture import ecrire_xlsx
from odoo.addons.cnas_base.lecture import lire_tableau

from .commun import CasEmployeur


@tagged("post_install", "-at_install", "cnas")
class TestDeclaration(CasEmployeur):
    """Déclaration mensuelle : calcul, écarts, circuit, mouvements, retards, import."""

    # ------------------------------------------------------------------ calcul
    def test_montant_appele(self):
        """5 % (3,5 + 1,5) d'une assiette bornée : plancher 60 000, plafond 500 000."""
        declaration = self._declaration()
        for salaire, employeur, salarie in (
            (200_000, 7_000, 3_000), (30_000, 2_100, 900), (2_000_000, 17_500, 7_500), (123_457, 4_321, 1_852),
        ):
            declaration.ligne_ids[0].salaire = salaire
            ligne = declaration.ligne_ids[0]
            with self.subTest(salaire=salaire):
                self.assertEqual((ligne.part_employeur, ligne.part_salarie), (employeur, salarie))
        self.assertEqual(declaration.montant_appele, declaration.montant_employeur + declaration.montant_salarie)
        self.assertEqual(declaration.masse_salariale, 123_457 + 2 * 200_000)
        self.assertEqual(declaration.effectif_declare, 3)

    def test_bareme_date(self):
        self.env["cnas.bareme_cotisation"].search([("regime_id.code", "=", "ASS")]).date_fin = "2026-08-31"
        self.env["cnas.bareme_cotisation"].create({
            "regime_id": self.env.ref("cnas_base.regime_ass").id, "mode": "forfait", "forfait": 916,
            "date_debut": "2026-09-01"})
        self.assertEqual(self._declaration("2026-08-01").montant_appele, 30_000)
        self.assertEqual(self._declaration("2026-09-01").montant_appele, 3 * 916)

    # ------------------------------------------------------------------ règles
    def test_une_par_mois(self):
        self._declaration()
        with mute_logger("odoo.sql_db"), self.assertRaises(UniqueViolation):
            self._declaration()

    def test_premier_du_mois(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(CheckViolation):
            self._declaration("2026-09-02")

    def test_mois_futur(self):
        with self.assertRaisesRegex(ValidationError, "à venir"):
            self._declaration("2126-01-01")

    def test_ecarts(self):
        self.assures[0].write({"employeur_id": self.employeur.id, "date_embauche": "2026-02-01"})
        autre = self.employeurs.create({"raison_sociale": "Autre", "type_employeur": "ong"})
        self.assures[1].write({"employeur_id": autre.id, "date_embauche": "2026-02-01"})
        declaration = self._declaration()
        self.assertEqual(declaration.ligne_ids.mapped("ecart"), ["aucun", "autre_employeur", "entrant"])
        declaration.ligne_ids[0].salaire = 59_999
        self.assertEqual(declaration.ligne_ids[0].ecart, "salaire")
        self.assertEqual(declaration.nombre_ecarts, 3)

    # ------------------------------------------------------------------ circuit
    def test_quatre_yeux(self):
        declaration = self._declaration()
        declaration.with_user(self.superviseur).action_deposer()
        with self.assertRaisesRegex(UserError, "Quatre yeux"):
            declaration.with_user(self.superviseur).action_valider()
        with self.assertRaises(AccessError):
            declaration.with_user(self.agent).action_valider()

    def test_deposee_ne_se_modifie_plus(self):
        declaration = self._declaration()
        declaration.action_deposer()
        for ecriture in (
            lambda: declaration.ligne_ids[0].write({"salaire": 1}),
            lambda: declaration.write({"ligne_ids": [(5,)]}),
            lambda: declaration.ligne_ids[0].unlink(),
            lambda: declaration.write({"state": "validee"}),
            lambda: declaration.unlink(),
        ):
            with self.assertRaises(UserError):
                ecriture()

    def test_montants_jamais_ecrits(self):
        declaration = self._declaration()
        for ecriture in (
            lambda: declaration.write({"montant_appele": 1}),
            lambda: declaration.write({"masse_salariale": 1}),
            lambda: declaration.ligne_ids[0].write({"part_employeur": 0}),
            lambda: declaration.write({"ligne_ids": [(0, 0, {"salaire": 90_000, "part_salarie": 1})]}),
        ):
            with self.assertRaises(UserError):
                ecriture()
        declaration.write({"ligne_ids": [
            (0, 0, {"assure_id": self._assures(1).id, "salaire": 90_000, "part_salarie": 0, "part_employeur": 0})]})
        ligne = declaration.ligne_ids.filtered(lambda ligne: ligne.salaire == 90_000)
        self.assertEqual((ligne.part_employeur, ligne.part_salarie), (3_150, 1_350), "un zéro reçu ne remplace pas le calcul")

    def test_ligne_ne_rejoint_pas_une_declaration_deposee(self):
        deposee, brouillon = self._declaration("2026-08-01"), self._declaration("2026-09-01", assures=self._assures(1))
        deposee.action_deposer()
        with self.assertRaisesRegex(UserError, "« Déclaration » ne change plus"):
            brouillon.ligne_ids.write({"declaration_id": deposee.id})

    def test_rejet_et_reprise(self):
        declaration = self._declaration()
        declaration.action_deposer()
        rejet = declaration.with_user(self.superviseur)
        self.assertEqual(rejet.action_rejeter()["res_model"], "cnas.motif.wizard")
        rejet.action_rejeter("Salaires à revoir")
        self.assertEqual((declaration.state, declaration.motif_rejet), ("rejetee", "Salaires à revoir"))
        declaration.action_reprendre()
        declaration.ligne_ids[0].salaire = 90_000

    def test_depot_refuse(self):
        vide = self._declaration("2026-08-01")
        vide.ligne_ids.unlink()
        with self.assertRaisesRegex(UserError, "vide"):
            vide.action_deposer()
        inconnue = self._declaration()
        inconnue.ligne_ids = [(0, 0, {"nom_declare": "Personne", "salaire": 100_000})]
        with self.assertRaisesRegex(UserError, "pas reconnus.*Personne"):
            inconnue.action_deposer()

    # ------------------------------------------------------------------ mouvements
    def test_validation_met_a_jour_effectif_et_droits(self):
        self.assures[0].write({"employeur_id": self.employeur.id, "date_embauche": "2026-02-01"})
        declaration = self._declaration(assures=self.assures[1:])
        self.assertEqual(declaration.sortant_ids, self.assures[0])
        declaration.action_deposer()
        declaration.with_user(self.superviseur).action_valider()
        self.assertEqual(self.assures[0].emploi_ids.date_fin, datetime.date(2026, 8, 31))
        self.assertEqual(self.assures[1:].emploi_ids.mapped("date_debut"), [datetime.date(2026, 9, 1)] * 2)
        self.assertEqual(
            self.assures[0].droit_ids.date_fin, datetime.date(2026, 11, 30), "trois mois de maintien")
        self.assertEqual(self.assures[1:].droit_ids.mapped("date_fin"), [False, False])

    def test_preparer_reprend_les_salaires(self):
        self.assures.write({"employeur_id": self.employeur.id, "date_embauche": "2026-02-01"})
        self._declaration("2026-08-01", salaire=150_000)
        suivante = self.env["cnas.declaration_effectif"].with_user(self.agent).create(
            {"employeur_id": self.employeur.id, "periode": "2026-09-01"})
        suivante.action_preparer()
        self.assertEqual(suivante.ligne_ids.mapped("salaire"), [150_000] * 3)

    def test_les_effectifs_se_lisent_par_lot(self):
        """Lister, rapprocher ou préparer neuf déclarations ne coûte pas plus qu'en faire trois."""
        self.assures.write({"employeur_id": self.employeur.id, "date_embauche": "2026-02-01"})
        self._declaration("2026-02-01", salaire=150_000)
        declarations = self.env["cnas.declaration_effectif"].with_user(self.agent).create([
            {"employeur_id": self.employeur.id, "periode": f"{annee}-{mois:02d}-01"}
            for annee, mois in [*((2026, mois) for mois in range(3, 10)), *((2025, mois) for mois in range(8, 13))]])
        comptes = []
        for lot in (declarations[:3], declarations[3:]):
            self.env.flush_all()
            self.env.invalidate_all()
            avant = self.cr.sql_log_count
            effectifs, salaires = lot._effectifs_du_mois(), lot._derniers_salaires(self.assures)
            comptes.append(self.cr.sql_log_count - avant)
            for declaration in lot:
                attendu = self.assures if declaration.periode.year == 2026 else self.assures.browse()
                self.assertEqual(effectifs[declaration], attendu)
                self.assertEqual(salaires.get((declaration, self.assures[0])), 150_000 if attendu else None)
        self.assertLessEqual(comptes[1], comptes[0])
        declarations.action_preparer()
        self.assertEqual([len(d.ligne_ids) for d in declarations], [3] * 7 + [0] * 5)

    # ------------------------------------------------------------------ retards
    def test_retards_et_relance_unique(self):
        self.assures.write({"employeur_id": self.employeur.id, "date_embauche": "2026-02-01"})
        declarations = self.env["cnas.declaration_effectif"]
        self.employeur.email = "rh@logone.example"
        with freeze_time("2026-10-15"):
            declarations._relancer_retards()
            attendue = declarations.search([("employeur_id", "=", self.employeur.id)])
            self.assertEqual(attendue.periode, datetime.date(2026, 9, 1))
            self.assertFalse(attendue.en_retard, "le jour limite n'est pas encore un retard")
        with freeze_time("2026-10-16"):
            attendue.invalidate_recordset()
            self.assertTrue(attendue.en_retard)
            for _passage in range(2):
                declarations._relancer_retards()
            self.assertEqual(len(attendue.activity_ids), 1)
            self.assertEqual(attendue.date_relance, datetime.date(2026, 10, 16))
            self.assertIn(attendue, declarations.search([("en_retard", "=", True)]))

    # ------------------------------------------------------------------ import
    def _importer(self, declaration, lignes, nom="d.xlsx"):
        contenu = ecrire_xlsx(["Matricule", "Nom", "Salaire", "Date d'embauche"], lignes)
        self.env["cnas.declaration_import"].with_user(self.agent).create({
            "declaration_id": declaration.id, "fichier": base64.b64encode(contenu), "nom_fichier": nom,
        }).action_importer()

    def test_import(self):
        declaration = self._declaration(assures=self.assures[:1])
        self._importer(declaration, [
            (self.assures[0].matricule, "A", 120000, ""), (self.assures[1].matricule.lower(), "B", "150 000", "2026-09-05"),
            ("TD1260000000000", "Inconnu", 90000, "")])
        self.assertEqual(declaration.ligne_ids.mapped("ecart"), ["entrant", "entrant", "inconnu"])
        self.assertEqual(declaration.ligne_ids.mapped("salaire"), [120_000, 150_000, 90_000])

    def test_import_controle_a_blanc(self):
        """Le contrôle à blanc ne change rien, son rapport se corrige ; l'en-tête associé à l'employeur est retenu."""
        declaration = self._declaration()
        contenu = ecrire_xlsx(["Matricule", "Nom", "Brut"], [
            (self.assures[0].matricule, "A", "30 FCFA"), (self.assures[1].matricule, "B", "1.000"), ("TD12", "C", 5)])
        assistant = self.env["cnas.declaration_import"].with_user(self.agent).create({
            "declaration_id": declaration.id, "fichier": base64.b64encode(contenu), "nom_fichier": "d.xlsx"})
        assistant.action_controler()
        self.assertIn("2 ligne(s) bonne(s), dont 1 au matricule inconnu", assistant.compte_rendu)
        self.assertEqual(declaration.ligne_ids.mapped("salaire"), [200_000] * 3)
        rapport = lire_tableau(base64.b64decode(assistant.rapport), "r.xlsx")
        self.assertEqual([ligne["resultat"] for ligne in rapport], ["Bonne", "Refusée", "Bonne"])
        self.assertIn("ambigu", rapport[1]["que_faire"])
        with self.assertRaisesRegex(UserError, "Colonnes absentes : Salaire"):
            assistant.fichier = base64.b64encode(ecrire_xlsx(["Matricule", "Paie de base"], [("TD12", 5)]))
            assistant.action_controler()
        self.env["cnas.synonyme_colonne"].create({
            "colonne_id": self.env.ref("cnas_employeurs.colonne_declaration_salaire").id, "entete": "Paie de base",
            "expediteur": f"cnas.employeur,{self.employeur.id}"})
        assistant.action_controler()
        self.assertIn("1 ligne(s) bonne(s)", assistant.compte_rendu)

    def test_import_refuse_en_entier(self):
        declaration = self._declaration()
        with self.assertRaisesRegex(UserError, "(?s)Rien n'a été importé.*Ligne 3.*illisible"):
            self._importer(declaration, [
                (self.assures[0].matricule, "A", 120000, ""), (self.assures[1].matricule, "B", "beaucoup", "")])
        self.assertEqual(declaration.ligne_ids.mapped("salaire"), [200_000] * 3)
        with self.assertRaisesRegex(UserError, "(?s)Ligne 21 .*… et 3 autres"):
            self._importer(declaration, [("TD", "A", "beaucoup", "")] * 23)

    def test_import_de_cinq_mille(self):
        assures = self._assures(5000)
        declaration = self._declaration()
        self._importer(declaration, [(a.matricule, a.name, 100_000, "") for a in assures])
        self.assertEqual(declaration.effectif_declare, 5000)
        self.assertEqual(declaration.montant_appele, 5000 * 5000)
