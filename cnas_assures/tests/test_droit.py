from datetime import date

from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .commun_assures import CasAssure


@tagged("post_install", "-at_install", "cnas")
class TestDroits(CasAssure):
    """Périodes, ouverture, fermeture, maintien, changement de régime, verifier_droits."""

    def droit(self, assure, debut, fin=False, **valeurs):
        return self.env["cnas.droit"].with_user(self.agent).create(
            {"assure_id": assure.id, "date_debut": debut, "date_fin": fin, "motif": "Essai", **valeurs})

    # ------------------------------------------------------------------ verifier_droits
    def test_forme_de_la_reponse(self):
        assure = self.creer_actif()
        reponse = self.verifier(assure)
        self.assertEqual(reponse["trouve"], True)
        self.assertEqual(reponse["matricule"], assure.matricule)
        self.assertEqual(reponse["name"], assure.name)
        self.assertEqual(reponse["etat_droits"], "ouverts")
        self.assertEqual(reponse["regime"], "AMED")
        self.assertEqual(reponse["date_debut_droits"], "2025-01-01")
        self.assertIs(reponse["date_fin_droits"], False)
        for valeur in reponse.values():
            self.assertIsInstance(valeur, (str, bool))

    def test_matricule_avec_espaces_et_minuscules(self):
        matricule = self.creer_actif().matricule
        texte = f" {matricule[:5].lower()} {matricule[5:9]}-{matricule[9:]} "
        self.assertTrue(self.Assure.verifier_droits(texte)["trouve"])

    def test_cle_fausse_et_matricule_inconnu(self):
        matricule = self.creer_actif().matricule
        faux = matricule[:-1] + str((int(matricule[-1]) + 1) % 10)
        reponse = self.Assure.verifier_droits(faux)
        self.assertFalse(reponse["trouve"])
        self.assertEqual(reponse["etat_droits"], "fermes")
        self.assertIn("clé", reponse["motif"])
        inconnu = self.Assure._composer_matricule({"regime_id": self.amed.id}, "9999999")
        reponse = self.Assure.verifier_droits(inconnu)
        self.assertFalse(reponse["trouve"])
        self.assertNotIn("clé", reponse["motif"])
        for vide in ("", "   ", None, False, 12, 1.5, [], {"a": 1}, "\x00", "é" * 500, "'; --"):
            self.assertFalse(self.Assure.verifier_droits(vide)["trouve"])

    def test_date_illisible(self):
        matricule = self.creer_actif().matricule
        for faux in ("31/12/2026", "hier", "2026-13-01", "2026-02-30", "2026-11-21xyz", 20261121, ["2026-11-21"], {"a": 1}):
            with self.subTest(faux), self.assertRaisesRegex(UserError, "AAAA-MM-JJ"):
                self.Assure.verifier_droits(matricule, faux)
        self.assertEqual(self.Assure.verifier_droits(matricule, "")["etat_droits"], "ouverts")

    def test_carence_annoncee(self):
        self.asi.carence_mois = 3
        assure = self.creer_actif(regime_id=self.asi.id, date_affiliation=date(2026, 1, 31))
        reponse = self.verifier(assure, "2026-02-15")
        self.assertEqual((reponse["etat_droits"], reponse["date_fin_carence"]), ("ouverts", "2026-04-30"))
        self.assertIs(self.verifier(self.creer_actif(prenom="Sans carence"))["date_fin_carence"], False)

    def test_brouillon_sans_droits(self):
        assure = self.creer()
        reponse = self.verifier(assure)
        self.assertTrue(reponse["trouve"])
        self.assertEqual(reponse["etat_droits"], "fermes")

    def test_par_numero_de_carte(self):
        assure = self.creer_actif()
        carte = self.env["cnas.carte"].create({"assure_id": assure.id})
        carte._ecrire({"state": "active"})
        self.assertEqual(self.Assure.verifier_droits(carte.numero)["matricule"], assure.matricule)

    def test_carte_perdue_signalee(self):
        assure = self.creer_actif()
        carte = self.env["cnas.carte"].create({"assure_id": assure.id})
        self.assertIn("pas encore active", self.Assure.verifier_droits(carte.numero)["motif"])
        carte._ecrire({"state": "active"})
        self.assertEqual(self.Assure.verifier_droits(carte.numero)["alerte"], "")
        for etat, mot in (("perdue", "perdue"), ("annulee", "annulée"), ("expiree", "expirée")):
            carte._ecrire({"state": etat})
            reponse = self.Assure.verifier_droits(carte.numero)
            self.assertEqual((reponse["trouve"], reponse["etat_droits"]), (False, "fermes"))
            self.assertIn(mot, reponse["alerte"])
            self.assertEqual(reponse["motif"], carte._motif_refus())
        self.assertEqual(self.verifier(assure)["alerte"], "")

    def test_trois_requetes_au_plus(self):
        principal = self.creer_actif()
        enfant = self.creer_actif(nom="Petit", date_naissance=date(2020, 1, 1), assure_principal_id=principal.id,
                                  lien="enfant")
        carte = self.env["cnas.carte"].create({"assure_id": principal.id})
        self.env.flush_all()
        for numero in (principal.matricule, enfant.matricule, carte.numero):
            self.Assure.verifier_droits(numero)
            self.env.invalidate_all()
            avant = self.cr.sql_log_count
            self.Assure.verifier_droits(numero)
            self.assertLessEqual(self.cr.sql_log_count - avant, 3)

    def test_droits_par_lot_a_requetes_constantes(self):
        assures = self.Assure.create([{
            "nom": "Lot", "prenom": f"Numéro {i}", "genre": "feminin", "date_naissance": "1990-01-01",
            "regime_id": self.amed.id, "date_affiliation": "2025-01-01"} for i in range(100)])
        assures.action_immatriculer()
        self.env.flush_all()
        comptes = []
        self.Assure._droits_par_lot([(assures[0].id, date(2026, 1, 1))])
        for nombre in (10, 100):
            avant = self.cr.sql_log_count
            etats = self.Assure._droits_par_lot([(a.id, date(2026, 1, 1)) for a in assures[:nombre]])
            comptes.append(self.cr.sql_log_count - avant)
            self.assertEqual({d["etat"] for d in etats.values()}, {"ouverts"})
        self.assertEqual(comptes[0], comptes[1])

    def test_qui_peut_verifier(self):
        assure = self.creer_actif()
        portail = new_test_user(self.env, "assa_portail", "cnas_base.group_portail_formation")
        for usager in (self.agent, self.usagers["medecin_conseil"], self.usagers["finance"], portail):
            self.assertTrue(self.Assure.with_user(usager).verifier_droits(assure.matricule)["trouve"])
        etranger = new_test_user(self.env, "assa_interne", "base.group_user")
        simple = new_test_user(self.env, "assa_portail_simple", "base.group_portal")
        for usager in (etranger, simple):
            with self.assertRaises(AccessError):
                self.Assure.with_user(usager).verifier_droits(assure.matricule)
        with self.assertRaises(AccessError):
            self.Assure.with_user(portail).search([("id", "=", assure.id)]).read(["name"])

    def test_resoudre_matricules(self):
        un, deux = self.creer(), self.creer(nom="Deux")
        textes = [un.matricule, deux.matricule.lower(), "faux", ""]
        self.env.flush_all()
        with self.assertQueryCount(1):
            trouves = self.Assure._resoudre_matricules(textes)
        self.assertEqual([trouves[t] for t in textes], [un.id, deux.id, False, False])

    def test_droits_restants(self):
        assure = self.creer_actif()
        reponse = self.Assure.droits_restants(assure.matricule)
        self.assertEqual((reponse["trouve"], reponse["plafonds"], reponse["prestations"]), (True, [], []))
        self.assertFalse(self.Assure.droits_restants("faux", "2026-01-01", "C")["trouve"])

    # ------------------------------------------------------------------ ouverture
    def test_ouverture_selon_le_regime(self):
        for regime, origine in ((self.amed, "decision_amed"), (self.ass, "affiliation"), (self.asi, "affiliation")):
            assure = self.creer_actif(prenom=f"Assuré {regime.code}", regime_id=regime.id, decision_amed="AMED-2025-01")
            self.assertEqual(assure.droit_ids.origine, origine)
            self.assertEqual(assure.droit_ids.date_debut, date(2025, 1, 1))
            self.assertEqual(assure.droit_ids.regime_id, regime)

    def test_duree_du_regime(self):
        self.env["cnas.parametre"]._dater("duree_droits_asi_mois", "12", date(2025, 1, 1))
        assure = self.creer_actif(regime_id=self.asi.id)
        self.assertEqual(assure.droit_ids.date_fin, date(2025, 12, 31))
        self.assertEqual(self.verifier(assure, "2025-12-31")["etat_droits"], "ouverts")
        self.assertEqual(self.verifier(assure, "2026-01-01")["etat_droits"], "fermes")

    def test_un_regime_neuf_a_sa_duree(self):
        administrateur = self.usagers["administrateur"]
        regime = self.env["cnas.regime"].with_user(administrateur).create(
            {"numero": 7, "code": "ETU", "name": "Étudiants"})
        self.assertFalse(self.creer_actif(regime_id=regime.id).droit_ids.date_fin)
        regime.code = "ETUD"
        self.assertFalse(self.creer_actif(nom="Autre", regime_id=regime.id).droit_ids.date_fin)
        self.env["cnas.parametre"]._dater("duree_droits_etud_mois", "12", date(2025, 1, 1))
        self.assertEqual(self.creer_actif(nom="Tiers", regime_id=regime.id).droit_ids.date_fin, date(2025, 12, 31))

    def test_droit_saisi_avant_l_immatriculation(self):
        assure = self.creer()
        self.droit(assure, "2025-03-01", "2026-12-31")
        assure.action_immatriculer()
        self.assertEqual(len(assure.droit_ids), 1)
        self.assertEqual(assure.date_affiliation, date(2025, 3, 1))

    def test_decision_datee_remplace_la_periode_d_office(self):
        assure = self.creer()
        assure.action_immatriculer()
        self.assertTrue(assure.droit_ids.provisoire)
        self.droit(assure, "2025-06-01")
        self.assertEqual(assure.droit_ids.mapped("date_debut"), [date(2025, 6, 1)])
        self.assertEqual(assure.date_affiliation, date(2025, 6, 1))
        self.assertEqual(self.verifier(assure, "2025-06-01")["etat_droits"], "ouverts")

    # ------------------------------------------------------------------ chevauchement
    def test_chevauchement_refuse(self):
        assure = self.creer_actif()
        for debut, fin in (("2024-01-01", "2025-01-01"), ("2026-01-01", False), ("2025-01-01", "2025-01-01")):
            with self.subTest(debut), mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
                self.droit(assure, debut, fin).flush_recordset()
        self.droit(assure, "2024-01-01", "2024-12-31")

    def test_dates_inversees(self):
        assure = self.creer()
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            self.droit(assure, "2026-02-01", "2026-01-01").flush_recordset()

    def test_droit_sur_suspendu_refuse(self):
        assure = self.creer_actif().sudo()
        assure.action_suspendre("Impayés")
        with self.assertRaisesRegex(UserError, "réactivez"):
            self.droit(assure, fields.Date.context_today(self.env.user))

    def test_etat_et_assure_geles(self):
        assure = self.creer_actif()
        droit = assure.droit_ids
        with self.assertRaises(UserError):
            self.droit(assure, "2024-01-01", "2024-02-01", state="ferme")
        with self.assertRaises(UserError):
            droit.write({"state": "ferme"})
        with self.assertRaises(UserError):
            droit.write({"assure_id": self.creer().id})
        with self.assertRaises(AccessError):
            droit.write({"date_fin": "2026-12-31"})
        droit.with_user(self.superviseur).write({"date_fin": "2026-12-31"})
        with self.assertRaises(UserError):
            droit.unlink()

    def test_fermer(self):
        assure = self.creer_actif()
        droit = assure.droit_ids
        with self.assertRaises(AccessError):
            droit.action_fermer("Motif")
        droit = droit.with_user(self.usagers["controleur"])
        self.assertEqual(droit.action_fermer()["res_model"], "cnas.motif.wizard")
        droit.action_fermer("Cotisations impayées", "2026-05-01")
        self.assertEqual(self.verifier(assure, "2026-04-30")["etat_droits"], "ouverts")
        self.assertIn("Cotisations impayées", self.verifier(assure, "2026-05-01")["motif"])

    # ------------------------------------------------------------------ régime, maintien
    def test_changement_de_regime(self):
        assure = self.creer_actif(regime_id=self.asi.id)
        enfant = self.creer_actif(nom="Petit", date_naissance=date(2020, 1, 1), assure_principal_id=assure.id,
                                  lien="enfant", regime_id=self.asi.id)
        self.assertTrue(assure.action_changer_regime(self.ass.id, "Embauche", "2026-04-01"))
        self.assertEqual(self.verifier(assure, "2026-03-31")["regime"], "ASI")
        self.assertEqual(self.verifier(assure, "2026-04-01")["regime"], "ASS")
        self.assertEqual(self.verifier(enfant, "2026-04-01")["regime"], "ASS")
        self.assertEqual(enfant.regime_id, self.ass)
        for regime, motif in ((self.ass.id, "Encore"), (self.asi.id, ""), (999999, "Inconnu")):
            with self.assertRaises(UserError):
                assure.action_changer_regime(regime, motif)
        with self.assertRaises(UserError):
            enfant.action_changer_regime(self.asi.id, "Seul")

    def test_maintien(self):
        assure = self.creer_actif()
        with self.assertRaises(AccessError):
            assure.action_maintenir_droits("2027-01-31", "Cessation d'activité")
        assure = assure.with_user(self.superviseur)
        with self.assertRaisesRegex(UserError, "n'ont pas de fin"):
            assure.action_maintenir_droits("2027-01-31", "Cessation d'activité")
        assure.droit_ids.write({"date_fin": "2026-08-31"})
        assure.action_maintenir_droits("2027-02-28", "Cessation d'activité")
        self.assertEqual(self.verifier(assure, "2027-02-28")["etat_droits"], "ouverts")
        self.assertEqual(self.verifier(assure, "2027-03-01")["etat_droits"], "fermes")
