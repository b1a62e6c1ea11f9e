from datetime import date

from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .commun_assures import CasAssure


@tagged("post_install", "-at_install", "cnas")
class TestFamille(CasAssure):
    """Liens, limites d'âge, changement de principal, veuvage, sortie, boucles."""

    def setUp(self):
        super().setUp()
        self.pere = self.creer_actif(nom="Abdoulaye", prenom="Moussa")

    def membre(self, lien, naissance=date(1988, 1, 1), **valeurs):
        return self.creer_actif(**{
            "nom": "Abdoulaye", "prenom": lien.capitalize(), "genre": "feminin", "date_naissance": naissance,
            "assure_principal_id": self.pere.id, "lien": lien, "date_affiliation": False, **valeurs})

    # ------------------------------------------------------------------ rattachement
    def test_ayant_droit_derive_du_principal(self):
        epouse = self.membre("conjoint")
        self.assertEqual((epouse.type_assure, epouse.famille_id, epouse.regime_id),
                         ("ayant_droit", self.pere, self.pere.regime_id))
        self.assertTrue(self.Assure._cle_valide(epouse.matricule))
        self.assertNotEqual(epouse.matricule, self.pere.matricule)
        self.assertEqual(self.verifier(epouse)["etat_droits"], "ouverts")
        self.assertFalse(epouse.droit_ids)
        self.pere.sudo().action_suspendre("Impayés")
        reponse = self.verifier(epouse)
        self.assertEqual(reponse["etat_droits"], "fermes")
        self.assertIn("principal", reponse["motif"])

    def test_ayant_droit_sans_regime_prend_celui_du_principal(self):
        enfant = self.Assure.create({"nom": "Abdoulaye", "prenom": "Ali", "genre": "masculin",
                                     "date_naissance": "2019-01-01", "assure_principal_id": self.pere.id,
                                     "lien": "enfant"})
        self.assertEqual((enfant.regime_id, enfant.type_assure), (self.amed, "ayant_droit"))

    def test_rattachement_incoherent(self):
        for valeurs in ({"type_assure": "ayant_droit"}, {"assure_principal_id": self.pere.id},
                        {"lien": "enfant"}):
            with self.subTest(valeurs), mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
                self.creer(**valeurs).flush_recordset()

    def test_pas_de_boucle(self):
        epouse = self.membre("conjoint")
        with self.assertRaisesRegex(ValidationError, "déjà ayant droit"):
            self.creer(assure_principal_id=epouse.id, lien="enfant")
        brouillon = self.creer(nom="Seul")
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            brouillon.write({"type_assure": "ayant_droit", "assure_principal_id": brouillon.id, "lien": "autre"})
            brouillon.flush_recordset()

    def test_principal_avec_famille_ne_se_rattache_pas(self):
        self.membre("conjoint")
        autre = self.creer_actif(nom="Autre")
        with self.assertRaisesRegex(ValidationError, "Changer de principal"):
            self.pere.action_rattacher(autre.id, "conjoint")

    def test_pas_deux_familles_a_la_fois(self):
        epouse = self.membre("conjoint")
        autre = self.creer_actif(nom="Autre")
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            self.env["cnas.lien_familial"]._creer([{
                "membre_id": epouse.id, "principal_id": autre.id, "lien": "conjoint",
                "date_debut": fields.Date.context_today(self.env.user)}]).flush_recordset()

    def test_lien_jamais_ecrit_directement(self):
        epouse = self.membre("conjoint")
        for geste in (lambda: epouse.lien_ids.sudo().write({"date_fin": "2026-01-01"}),
                      lambda: epouse.lien_ids.sudo().unlink()):
            with self.assertRaisesRegex(UserError, "Rattacher"):
                geste()
        with self.assertRaisesRegex(UserError, "passez par"):
            epouse.write({"lien": "enfant"})

    def test_quatre_conjoints_au_plus(self):
        for i in range(4):
            self.membre("conjoint", prenom=f"Épouse {'abcd'[i]}")
        with self.assertRaisesRegex(ValidationError, "plus de 4 conjoints"):
            self.membre("conjoint", prenom="Cinquième")
        self.env["cnas.parametre"]._dater("max_conjoints", "5", fields.Date.context_today(self.env["cnas.parametre"]))
        self.membre("conjoint", prenom="Cinquième")

    def test_principal_en_brouillon(self):
        brouillon = self.creer(nom="Chef")
        enfant = self.creer(nom="Chef", prenom="Petit", assure_principal_id=brouillon.id, lien="enfant",
                            date_naissance=date(2020, 1, 1))
        with self.assertRaisesRegex(UserError, "n'est pas actif"):
            enfant.action_immatriculer()
        (enfant | brouillon).action_immatriculer()
        self.assertEqual(self.verifier(enfant)["etat_droits"], "ouverts")

    # ------------------------------------------------------------------ âge
    def test_limite_d_age(self):
        fils = self.membre("enfant", date(2007, 6, 15), genre="masculin")
        self.assertEqual(self.verifier(fils, "2025-06-14")["etat_droits"], "ouverts")
        reponse = self.verifier(fils, "2025-06-15")
        self.assertEqual(reponse["etat_droits"], "fermes")
        self.assertIn("18 ans", reponse["motif"])
        codes = self.Assure._droits_par_lot([(fils.id, date(2025, 6, 15))])
        self.assertEqual(codes[fils.id, date(2025, 6, 15)]["code"], "age")

    def test_prolongations(self):
        fils = self.membre("enfant", date(2003, 6, 15), genre="masculin")
        Prolongation = self.env["cnas.prolongation_age"].with_user(self.agent)
        self.assertEqual(self.verifier(fils, "2025-10-01")["etat_droits"], "fermes")
        Prolongation.create({"assure_id": fils.id, "nature": "scolarite", "reference": "Lycée",
                             "date_debut": "2025-09-01", "date_fin": "2026-06-30"})
        self.assertEqual(self.verifier(fils, "2025-10-01")["etat_droits"], "fermes", "22 ans, scolarité : 21 au plus")
        Prolongation.create({"assure_id": fils.id, "nature": "etudes", "reference": "Université",
                             "date_debut": "2025-09-01", "date_fin": "2026-06-30"})
        self.assertEqual(self.verifier(fils, "2025-10-01")["etat_droits"], "ouverts")
        self.assertEqual(self.verifier(fils, "2026-07-01")["etat_droits"], "fermes")
        Prolongation.create({"assure_id": fils.id, "nature": "handicap", "reference": "Certificat",
                             "date_debut": "2026-07-01"})
        self.assertEqual(self.verifier(fils, "2026-07-01")["etat_droits"], "ouverts")

    def test_prolongation_refusee(self):
        fils = self.membre("enfant", date(2006, 6, 15))
        Prolongation = self.env["cnas.prolongation_age"].with_user(self.agent)
        base = {"assure_id": fils.id, "reference": "X", "date_debut": "2025-09-01"}
        with self.assertRaisesRegex(ValidationError, "date de fin"):
            Prolongation.create({**base, "nature": "scolarite"})
        with self.assertRaisesRegex(UserError, "ni un PDF, ni une image"):
            Prolongation.create({**base, "nature": "handicap", "fichier": "TVqQAAMAAAA="})
        une = Prolongation.create({**base, "nature": "handicap"})
        with self.assertRaises(UserError):
            une.write({"reference": "Autre"})
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            Prolongation.create({**base, "nature": "handicap"}).flush_recordset()

    def test_avant_la_naissance(self):
        bebe = self.membre("enfant", date(2026, 2, 1))
        self.assertEqual(self.verifier(bebe, "2026-02-01")["etat_droits"], "ouverts")
        self.assertEqual(self.verifier(bebe, "2026-01-31")["etat_droits"], "fermes")

    # ------------------------------------------------------------------ vie de la famille
    def test_sortie_de_famille(self):
        epouse = self.membre("conjoint", date_affiliation=date(2025, 1, 1))
        self.assertEqual(epouse.action_sortir_famille()["res_model"], "cnas.motif.wizard")
        epouse.action_sortir_famille("Divorce", "2026-05-01")
        self.assertEqual((epouse.type_assure, epouse.assure_principal_id.id, epouse.famille_id),
                         ("principal", False, epouse))
        self.assertEqual(self.verifier(epouse, "2026-04-30")["etat_droits"], "ouverts")
        self.assertEqual(self.verifier(epouse, "2026-05-01")["etat_droits"], "fermes")
        self.assertEqual(epouse.lien_ids.motif_fin, "Divorce")
        with self.assertRaises(UserError):
            epouse.action_sortir_famille("Encore")

    def test_rattacher_un_assure_actif(self):
        seule = self.creer_actif(nom="Kaltouma", genre="feminin", regime_id=self.asi.id)
        seule.action_rattacher(self.pere.id, "conjoint", "2026-03-01")
        self.assertEqual((seule.assure_principal_id, seule.regime_id), (self.pere, self.amed))
        self.assertEqual(self.verifier(seule, "2026-02-28")["regime"], "ASI")
        self.assertEqual(self.verifier(seule, "2026-03-01")["regime"], "AMED")
        self.assertEqual(len(seule.droit_ids), 1)

    def test_rattachement_faux(self):
        seule = self.creer_actif(nom="Kaltouma", genre="feminin")
        for principal, lien in ((999999, "conjoint"), (self.pere.id, "cousin"), (seule.id, "autre"),
                                ("x", "autre"), (False, "autre"), (2**40, "autre"), (self.pere.id, ["autre"])):
            with self.subTest(lien), mute_logger("odoo.sql_db"), self.assertRaises(UserError):
                try:
                    seule.action_rattacher(principal, lien)
                    seule.flush_recordset()
                except IntegrityError as erreur:
                    raise UserError(str(erreur)) from erreur

    def test_veuvage(self):
        epouse = self.membre("conjoint", date_affiliation=date(2025, 1, 1))
        enfant = self.membre("enfant", date(2018, 1, 1))
        self.pere.action_declarer_deces("2026-06-10")
        self.assertEqual(self.verifier(epouse, "2026-06-11")["etat_droits"], "ouverts")
        self.assertEqual(self.verifier(enfant, "2028-06-10")["etat_droits"], "ouverts")
        self.assertEqual(self.verifier(epouse, "2028-06-11")["etat_droits"], "fermes")
        self.assertEqual(epouse.droit_ids.origine, "maintien")
        self.pere.action_changer_principal(epouse.id, "Veuvage", "2026-07-01")
        self.assertEqual((enfant.assure_principal_id, enfant.lien, epouse.type_assure), (epouse, "enfant", "principal"))
        self.assertEqual(self.verifier(enfant, "2026-07-02")["etat_droits"], "ouverts")
        self.assertEqual(self.verifier(epouse, "2026-07-02")["etat_droits"], "ouverts")

    def test_changement_de_principal(self):
        epouse = self.membre("conjoint", date_affiliation=date(2025, 1, 1))
        enfant = self.membre("enfant", date(2018, 1, 1))
        with self.assertRaises(UserError):
            self.pere.action_changer_principal(epouse.id)
        with self.assertRaises(UserError):
            self.pere.action_changer_principal(self.creer_actif(nom="Autre").id, "Motif")
        self.pere.action_changer_principal(epouse.id, "Embauche de l'épouse", "2026-05-01")
        self.assertEqual((self.pere.assure_principal_id, self.pere.lien), (epouse, "conjoint"))
        self.assertEqual((enfant.assure_principal_id, enfant.famille_id), (epouse, epouse))
        for personne in (self.pere, epouse, enfant):
            for jour in ("2026-04-30", "2026-05-01"):
                with self.subTest(personne=personne.name, jour=jour):
                    self.assertEqual(self.verifier(personne, jour)["etat_droits"], "ouverts")

    def test_suspension_d_un_seul_ayant_droit(self):
        epouse = self.membre("conjoint")
        epouse.sudo().action_suspendre("Carte prêtée")
        self.assertIn("Carte prêtée", self.verifier(epouse)["motif"])
        self.assertEqual(self.verifier(self.pere)["etat_droits"], "ouverts")
        epouse.sudo().action_reactiver()
        self.assertEqual(self.verifier(epouse)["etat_droits"], "ouverts")

    def test_arbre(self):
        self.membre("conjoint", prenom="<b>Zara</b>")
        enfant = self.membre("enfant", date(2018, 1, 1))
        self.assertIn("Assuré principal", enfant.arbre_famille)
        self.assertNotIn("<b>Zara", enfant.arbre_famille)
        self.assertIn("seule", self.creer(nom="Solitaire").arbre_famille)
        self.assertEqual(self.pere.nombre_ayants_droit, 2)

    # ------------------------------------------------------------------ d'un trait
    def nouvelle_famille(self):
        """Saisit au formulaire un principal, deux épouses et trois enfants, dont un né « vers », puis enregistre."""
        naissance = fields.Date.today().replace(month=1, day=1)
        with Form(self.Assure.with_user(self.usagers["agent"])) as fiche:
            fiche.nom, fiche.prenom, fiche.genre, fiche.regime_id = "Brahim", "Issa", "masculin", self.amed
            fiche.date_naissance = naissance.replace(year=naissance.year - 45)
            for prenom, lien, genre, age, mere in (
                    ("Fatimé", "conjoint", "feminin", 30, False), ("Zara", "conjoint", "feminin", 28, False),
                    ("Ali", "enfant", "masculin", 9, "Oumar Fatimé"), ("Hawa", "enfant", "feminin", 7, "zara oumar"),
                    ("Idriss", "enfant", "masculin", None, "Oumar Fatimé")):
                with fiche.ayant_droit_ids.new() as membre:
                    membre.lien, membre.genre, membre.prenom = lien, genre, prenom
                    membre.nom = "Oumar" if lien == "conjoint" else "Brahim"
                    if age:
                        membre.date_naissance = naissance.replace(year=naissance.year - age)
                    else:
                        membre.date_naissance_estimee = True
                    if mere:
                        membre.nom_mere = mere
        return fiche.record

    def test_une_famille_de_six_se_saisit_et_s_immatricule_d_un_trait(self):
        principal = self.nouvelle_famille()
        self.assertEqual(principal.ayant_droit_ids.mapped("regime_id"), self.amed)
        meres = {m.prenom: m.mere_id.prenom for m in principal.ayant_droit_ids if m.lien == "enfant"}
        self.assertEqual(meres, {"Ali": "Fatimé", "Hawa": "Zara", "Idriss": "Fatimé"})
        self.assertIn("Enfant de Oumar Zara", principal.arbre_famille)
        self.assertTrue(principal.peut_immatriculer_famille)
        with self.assertRaisesRegex(UserError, "Brahim Idriss.*la date de naissance"):
            principal.action_immatriculer_famille()
        self.assertEqual(set((principal | principal.ayant_droit_ids).mapped("state")), {"brouillon"})
        principal.ayant_droit_ids.filtered(lambda m: m.prenom == "Idriss").date_naissance = "2020-01-01"
        self.assertTrue(principal.action_immatriculer_famille())
        self.assertEqual((principal | principal.ayant_droit_ids).mapped("state"), ["actif"] * 6)
        self.assertFalse(principal.peut_immatriculer_famille)

    def test_les_cartes_de_la_famille_se_commandent_une_fois(self):
        principal = self.nouvelle_famille()
        principal.ayant_droit_ids.filtered(lambda m: not m.date_naissance).date_naissance = "2020-01-01"
        principal.action_immatriculer_famille()
        self.env["cnas.carte"].create({"assure_id": principal.id})
        action = principal.action_commander_cartes()
        cartes = self.env["cnas.carte"].search(action["domain"])
        self.assertEqual(cartes.assure_id, principal.ayant_droit_ids)
        with self.assertRaisesRegex(UserError, "première carte"):
            principal.action_commander_cartes()

    def test_un_deuxieme_ayant_droit_s_ajoute_a_la_fiche(self):
        self.membre("enfant", naissance=date(2018, 5, 5))
        with Form(self.pere.with_user(self.usagers["agent"])) as fiche, fiche.ayant_droit_ids.new() as membre:
            membre.lien, membre.nom, membre.prenom, membre.genre = "enfant", "Abdoulaye", "Cadet", "masculin"
        self.assertEqual(len(self.pere.ayant_droit_ids), 2)

    def test_la_mere_ne_s_ecrit_pas_et_suit_son_nom(self):
        epouse = self.membre("conjoint", prenom="Zara")
        enfant = self.creer(assure_principal_id=self.pere.id, lien="enfant", nom_mere="Zara Abdoulaye")
        self.assertEqual(enfant.mere_id, epouse)
        with self.assertRaisesRegex(UserError, "ne s'écrit pas directement"):
            enfant.write({"mere_id": self.pere.id})
        enfant.nom_mere = "Inconnue"
        self.assertFalse(enfant.mere_id)
