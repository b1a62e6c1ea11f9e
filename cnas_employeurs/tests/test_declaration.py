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
    def _recu(self, declaration, lignes, colonnes=("Matricule", "Nom", "Salaire", "Date d'embauche"), user=None):
        """Un classeur reçu pour cette déclaration, contrôlé à blanc."""
        import_ = self.env["cnas.import_fichier"].with_user(user or self.agent).create({
            "sujet": "declaration", "declaration_id": declaration.id, "nom_fichier": "d.xlsx",
            "fichier": base64.b64encode(ecrire_xlsx(list(colonnes), lignes))})
        import_.action_controler()
        return import_

    def _importer(self, declaration, lignes):
        import_ = self._recu(declaration, lignes)
        import_.avec_corrections = True
        import_.action_appliquer()
        return import_

    def test_import(self):
        declaration = self._declaration(assures=self.assures[:1])
        import_ = self._importer(declaration, [
            (self.assures[0].matricule, "A", 120000, ""), (self.assures[1].matricule.lower(), "B", "150 000", "2026-09-05"),
            ("TD1260000000000", "Inconnu", 90000, "")])
        self.assertEqual(declaration.ligne_ids.mapped("ecart"), ["entrant", "entrant", "inconnu"])
        self.assertEqual(declaration.ligne_ids.mapped("salaire"), [120_000, 150_000, 90_000])
        self.assertEqual((import_.state, import_.nombre_faites), ("termine", 1))

    def test_import_controle_a_blanc(self):
        """Le contrôle à blanc ne change rien, son rapport se corrige et se renvoie ; les colonnes associées sont retenues pour l'employeur."""
        declaration = self._declaration()
        import_ = self._recu(declaration, [
            (self.assures[0].matricule, "A", "30 FCFA"), (self.assures[1].matricule, "B", "1.000"), ("TD12", "C", 5)], ("Matricule", "Nom", "Brut"))
        self.assertEqual(import_.nombre_refus, 1)
        self.assertEqual(declaration.ligne_ids.mapped("salaire"), [200_000] * 3)
        rapport = lire_tableau(import_._rapport(), "r.xlsx")
        self.assertEqual([ligne["resultat"] for ligne in rapport], ["En attente", "Refusée", "En attente"])
        self.assertIn("ambigu", rapport[1]["que_faire"])
        self.assertIn("corrigez la ligne 3", rapport[0]["que_faire"])
        with self.assertRaisesRegex(UserError, "rien à créer"):
            import_.action_appliquer()
        for bon in ("1 000", 1000.0):
            lignes = [(self.assures[0].matricule, "A", bon), ("TD12", "C", 5)]
            import_ = self._recu(declaration, lignes, ("Matricule", "Nom", "Paie de base"))
            if import_.state == "brouillon":
                self.assertIn("Colonnes absentes : Salaire", import_.refus_lecture)
                import_.titre_ids.filtered(lambda t: t.titre == "Paie de base").colonne_id = self.env.ref(
                    "cnas_employeurs.colonne_declaration_salaire")
                import_.action_controler()
            self.assertIn("2 ligne(s) bonne(s), dont 1 au matricule inconnu", import_.ligne_ids.message)
            self.assertIn("remplacerait les 3 présentes", import_.ligne_ids.message)
        self.assertEqual(import_.ligne_ids.state, "correction")
        self.assertTrue(self.env["cnas.synonyme_colonne"].search_count(
            [("entete", "=", "Paie de base"), ("expediteur", "=", f"cnas.employeur,{self.employeur.id}")]))

    def test_import_renvoye(self):
        """Renvoyée telle quelle, elle est déjà là ; déposée, elle ne s'importe plus."""
        declaration, lignes = self._declaration(), [(a.matricule, a.name, 123_000, "") for a in self.assures]
        self._importer(declaration, lignes)
        import_ = self._recu(declaration, lignes[::-1])
        self.assertEqual((import_.nombre_connues, import_.nombre_corrections), (1, 0))
        en_retard = self._recu(declaration, [(self.assures[0].matricule, "A", 5, "")])
        en_retard.avec_corrections = True
        declaration.with_user(self.agent).action_deposer()
        en_retard.action_appliquer()
        self.assertEqual(en_retard.nombre_refus, 1)
        with self.assertRaises(UserError):
            self._recu(declaration, lignes)
        self.assertEqual(declaration.ligne_ids.mapped("salaire"), [123_000] * 3)

    def test_import_refuse_en_entier(self):
        declaration = self._declaration()
        import_ = self._recu(declaration, [
            (self.assures[0].matricule, "A", 120000, ""), (self.assures[1].matricule, "B", "beaucoup", "")])
        self.assertRegex(import_.ligne_ids.message, "Ligne 3.*illisible")
        with self.assertRaisesRegex(UserError, "rien à créer"):
            import_.action_appliquer()
        self.assertEqual(declaration.ligne_ids.mapped("salaire"), [200_000] * 3)
        self.assertRegex(self._recu(declaration, [("TD", "A", "beaucoup", "")] * 23).ligne_ids.message, "(?s)Ligne 11 .*… et 13 autres")

    def test_modele_a_remplir(self):
        """Il porte l'effectif déjà saisi, et se relit tel quel."""
        declaration = self._declaration()
        piece = int(declaration.with_user(self.agent).action_telecharger_modele()["url"].split("/")[3].split("?")[0])
        rempli = lire_tableau(self.env["ir.attachment"].browse(piece).raw, "m.xlsx")
        self.assertEqual([(ligne["matricule"], ligne["salaire"]) for ligne in rempli], [(a.matricule, 200_000) for a in self.assures])

    def test_import_de_cinq_mille(self):
        assures = self._assures(5000)
        declaration = self._declaration()
        self._importer(declaration, [(a.matricule, a.name, 100_000, "") for a in assures])
        self.assertEqual(declaration.effectif_declare, 5000)
        self.assertEqual(declaration.montant_appele, 5000 * 5000)
