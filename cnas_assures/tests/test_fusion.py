from datetime import date, timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .commun_assures import CasAssure


@tagged("post_install", "-at_install", "cnas")
class TestFusion(CasAssure):
    """La fusion ne perd rien, laisse trace, et l'ancien matricule mène à la bonne personne."""

    def setUp(self):
        super().setUp()
        self.garde = self.creer_actif(nom="Mahamat", prenom="Saleh")
        self.absorbe = self.creer_actif(nom="Mohamed", prenom="Saleh", nni="NNI7", nom_mere="Zara",
                                        telephone_1="66123456")

    def paire(self, un, deux):
        """Rend la paire de la file d'examen, que la création a pu y mettre d'elle-même."""
        return self.env["cnas.doublon"].browse((un | deux).with_user(self.agent).action_comparer_deux()["res_id"])

    def fusionner(self, garde=None, usager=None):
        paire = self.paire(self.garde, self.absorbe)
        paire = paire.with_user(usager or self.superviseur)
        paire.action_fusionner((garde or self.garde).id, "Même personne, vue au guichet")
        return paire

    def test_tout_suit(self):
        Piece = self.env["cnas.piece_administrative"]
        piece = Piece.create({"assure_id": self.absorbe.id, "type_piece_id": self.env["cnas.type_piece"].search(
            [("usage", "=", "assure")], limit=1).id, "numero": "P1"})
        carte = self.env["cnas.carte"].create({"assure_id": self.absorbe.id})
        enfant = self.creer_actif(nom="Petit", date_naissance=date(2019, 1, 1), lien="enfant",
                                  assure_principal_id=self.absorbe.id)
        message = self.absorbe.message_post(body="Vu au guichet")
        demande = self.env["cnas.correction_identite"].create(
            {"assure_id": self.absorbe.id, "motif": "Essai", "nom": "X"})
        paire = self.fusionner()
        self.assertEqual((piece.assure_id, carte.assure_id, demande.assure_id), (self.garde,) * 3)
        self.assertEqual((enfant.assure_principal_id, enfant.famille_id), (self.garde, self.garde))
        self.assertEqual(enfant.lien_ids.principal_id, self.garde)
        self.assertEqual(message.res_id, self.garde.id)
        self.assertEqual((self.garde.nni, self.garde.nom_mere, self.garde.telephone_1),
                         ("NNI7", "Zara", "+235 66 12 34 56"))
        self.assertEqual(self.verifier(enfant)["etat_droits"], "ouverts")
        self.assertEqual((paire.state, paire.garde_id), ("fusionne", self.garde))

    def test_trace_et_ancien_matricule(self):
        paire = self.fusionner()
        self.assertEqual((self.absorbe.active, self.absorbe.state, self.absorbe.fusionne_dans_id),
                         (False, "radie", self.garde))
        self.assertEqual(paire.trace["absorbe"]["matricule"], self.absorbe.matricule)
        self.assertEqual(paire.trace["absorbe"]["nni"], "NNI7")
        reponse = self.Assure.verifier_droits(self.absorbe.matricule)
        self.assertEqual((reponse["matricule"], reponse["etat_droits"]), (self.garde.matricule, "ouverts"))
        self.assertTrue(self.garde.message_ids.filtered(lambda m: self.absorbe.matricule in (m.body or "")))

    def test_copies_stockees_recalculees(self):
        autre = self.creer_actif(nom="Salarié", regime_id=self.ass.id)
        carte = self.env["cnas.carte"].create({"assure_id": autre.id})
        paire = self.paire(self.garde, autre)
        paire.with_user(self.superviseur).action_fusionner(self.garde.id, "Même personne")
        self.assertEqual((carte.assure_id, carte.regime_id), (self.garde, self.amed))

    def test_fusions_en_chaine(self):
        tiers = self.creer_actif(nom="Mahamed", prenom="Saleh")
        self.fusionner()
        paire = self.env["cnas.doublon"].search(
            [("assure_1_id", "=", self.garde.id), ("assure_2_id", "=", tiers.id)])
        self.assertEqual(paire.state, "a_examiner", "le dossier gardé est rapproché des autres")
        paire.with_user(self.superviseur).action_fusionner(tiers.id, "Encore la même personne")
        for ancien in (self.garde, self.absorbe):
            self.assertEqual(self.Assure.verifier_droits(ancien.matricule)["matricule"], tiers.matricule)

    def test_aucune_reference_oubliee(self):
        self.fusionner()
        self.env.flush_all()
        self.cr.execute("""
            SELECT c.conrelid::regclass::text, a.attname FROM pg_constraint c
              JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
             WHERE c.contype = 'f' AND c.confrelid = 'cnas_assure'::regclass""")
        for table, colonne in self.cr.fetchall():
            self.cr.execute(f"SELECT count(*) FROM {table} WHERE {colonne} = %s", (self.absorbe.id,))
            reste = self.cr.fetchone()[0]
            attendu = {("cnas_doublon", "assure_2_id"): 1, ("cnas_assure", "famille_id"): 1}.get((table, colonne), 0)
            self.assertEqual(reste, attendu, f"{table}.{colonne}")

    def test_droits_sans_chevauchement_ni_perte(self):
        self.garde.droit_ids.sudo().write({"date_debut": "2025-06-01", "date_fin": "2025-12-31"})
        self.absorbe.droit_ids.sudo().write({"date_debut": "2025-01-01", "date_fin": "2026-06-30"})
        self.fusionner()
        for jour, etat in (("2024-12-31", "fermes"), ("2025-01-01", "ouverts"), ("2025-06-01", "ouverts"),
                           ("2025-12-31", "ouverts"), ("2026-01-01", "ouverts"), ("2026-06-30", "ouverts"),
                           ("2026-07-01", "fermes")):
            with self.subTest(jour):
                self.assertEqual(self.verifier(self.garde, jour)["etat_droits"], etat)
        self.assertEqual(len(self.garde.droit_ids.filtered(lambda d: d.state == "ferme")), 1)

    def test_droits_sans_fin_des_deux_cotes(self):
        self.absorbe.droit_ids.sudo().write({"date_debut": "2024-03-01"})
        self.fusionner()
        self.assertEqual(self.verifier(self.garde, "2024-03-01")["etat_droits"], "ouverts")
        self.assertEqual(self.verifier(self.garde, "2024-02-29")["etat_droits"], "fermes")
        self.assertEqual(self.garde.date_affiliation, date(2025, 1, 1))

    def test_la_suspension_de_l_absorbe_suit(self):
        jour = fields.Date.context_today(self.env.user)
        for debut, fin, etat in ((jour - timedelta(days=30), jour - timedelta(days=20), "actif"), (jour, None, "suspendu")):
            with self.subTest(etat):
                absorbe = self.creer_actif(nom="Mahamot", prenom="Saleh").with_user(self.usagers["controleur"])
                absorbe.action_suspendre("Fraude", debut, fin)
                self.absorbe = absorbe
                self.fusionner()
                self.assertEqual((self.garde.state, self.garde.suspendu_par_id), (etat, self.usagers["controleur"]))
                reponse = self.verifier(self.garde, str(debut))
                self.assertEqual((reponse["etat_droits"], self.verifier(self.garde, str(debut - timedelta(days=1)))["etat_droits"]),
                                 ("fermes", "ouverts"))
                self.assertIn("Fraude", reponse["motif"])
        self.garde.with_user(self.usagers["controleur"]).action_reactiver()
        self.assertEqual(self.verifier(self.garde)["etat_droits"], "ouverts")

    def test_la_suspension_du_garde_demeure(self):
        self.garde.with_user(self.usagers["controleur"]).action_suspendre("Fraude")
        self.fusionner()
        self.assertEqual((self.garde.state, self.verifier(self.garde)["etat_droits"]), ("suspendu", "fermes"))

    def test_la_fusion_ne_leve_pas_une_radiation(self):
        self.absorbe.with_user(self.superviseur).action_radier("Fraude")
        with self.assertRaisesRegex(UserError, "ne lève pas une radiation"):
            self.fusionner()

    def test_deux_radies_la_plus_ancienne_demeure(self):
        for assure, jour in ((self.garde, "2026-06-01"), (self.absorbe, "2026-03-01")):
            assure.with_user(self.superviseur).action_radier("Fraude", jour)
        self.fusionner()
        self.assertEqual([self.verifier(self.garde, jour)["etat_droits"] for jour in ("2026-02-28", "2026-03-01", "2026-06-01")],
                         ["ouverts", "fermes", "fermes"])

    def test_cartes_actives_des_deux_cotes(self):
        cartes = self.env["cnas.carte"].create([{"assure_id": self.garde.id}, {"assure_id": self.absorbe.id}])
        for carte in cartes:
            carte._ecrire({"state": "active", "date_emission": "2026-01-01", "date_expiration": "2029-01-01"})
        self.fusionner()
        self.assertEqual(cartes.assure_id, self.garde)
        self.assertEqual(cartes.mapped("state").count("active"), 1)

    def test_refus(self):
        with self.assertRaises(AccessError):
            self.fusionner(usager=self.agent)
        paire = self.paire(self.garde, self.absorbe)
        self.assertEqual(paire.action_fusionner()["res_model"], "cnas.fusion.wizard")
        with self.assertRaises(UserError):
            paire.action_fusionner(self.creer(nom="Tiers").id, "Motif")
        paire.action_fusionner(self.garde.id, "Motif")
        with self.assertRaises(UserError):
            paire.action_fusionner(self.garde.id, "Encore")

    def test_refus_en_famille_ou_brouillon(self):
        enfant = self.creer_actif(nom="Petit", date_naissance=date(2019, 1, 1), lien="enfant",
                                  assure_principal_id=self.garde.id)
        for un, deux, garde in ((self.garde, enfant, self.garde), (self.creer(nom="Neuf"), self.garde, None)):
            paire = self.paire(un, deux)
            with self.assertRaises(UserError):
                paire.action_fusionner((garde or un).id, "Motif")

    def test_par_l_assistant(self):
        paire = self.paire(self.garde, self.absorbe)
        assistant = self.env["cnas.fusion.wizard"].with_user(self.superviseur).create(
            {"doublon_id": paire.id, "motif": "Même personne"})
        self.assertEqual(assistant.garde, "1")
        self.assertEqual(assistant.action_confirmer()["res_id"], self.garde.id)
        self.assertEqual(paire.state, "fusionne")
