from datetime import date

from dateutil.relativedelta import relativedelta
from freezegun import freeze_time
from lxml import etree
from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from odoo.addons.cnas_base.jour import aujourd_hui

from .commun_assures import CasAssure


@tagged("post_install", "-at_install", "cnas")
class TestIdentite(CasAssure):
    """Matricule, âge, noms, NNI, naissance, téléphone : ce qui est accepté, ce qui est refusé."""

    def test_matricule_donne_a_la_creation(self):
        for regime, numero in ((self.ass, "1"), (self.asi, "2"), (self.amed, "3")):
            assure = self.creer(regime_id=regime.id)
            annee = f"{fields.Date.context_today(self.env.user).year % 100:02d}"
            self.assertRegex(assure.matricule, rf"^TD{numero}{annee}\d{{7}}\d{{2}}$")
            self.assertTrue(self.Assure._cle_valide(assure.matricule))

    def test_matricule_refuse_a_la_main(self):
        with self.assertRaisesRegex(UserError, "Matricule"):
            self.creer(matricule="TD326000000112")
        with self.assertRaises(UserError):
            self.creer().write({"matricule": "TD326000000112"})

    def test_une_faute_de_frappe_se_voit(self):
        matricule = self.creer().matricule
        for i in range(2, len(matricule)):
            for chiffre in "0123456789":
                if chiffre != matricule[i]:
                    self.assertFalse(self.Assure._cle_valide(matricule[:i] + chiffre + matricule[i + 1:]))

    def test_creation_sans_champ_obligatoire(self):
        for champ in ("nom", "genre", "regime_id"):
            with self.subTest(champ), mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
                self.creer(**{champ: False}).flush_recordset()

    def test_nom_complet_et_espaces(self):
        assure = self.creer(nom="  Adoum  ", prenom="Brahim   Hassan")
        self.assertEqual(assure.name, "Adoum Brahim Hassan")

    def test_nom_sans_lettre(self):
        for nom in ("   ", "123", "--"):
            with self.subTest(nom), self.assertRaises(ValidationError):
                self.creer(nom=nom)

    def test_naissance_future(self):
        with self.assertRaisesRegex(ValidationError, "futur"):
            self.creer(date_naissance=fields.Date.context_today(self.env.user) + relativedelta(days=2))

    def test_naissance_invraisemblable(self):
        with self.assertRaisesRegex(ValidationError, "130 ans"):
            self.creer(date_naissance=date(1850, 1, 1))

    @freeze_time("2026-11-21")
    def test_age_exact(self):
        for naissance, age, detail in (
            (date(2000, 11, 21), 26, "26 ans"), (date(2000, 11, 22), 25, "25 ans"),
            (date(2004, 2, 29), 22, "22 ans"), (date(2026, 4, 20), 0, "7 mois"), (date(2026, 11, 11), 0, "10 jours"),
            (date(2025, 6, 1), 1, "17 mois"),
        ):
            assure = self.creer(date_naissance=naissance)
            self.assertEqual((assure.age, assure.age_detail), (age, detail))
            self.assertIn(assure, self.Assure.search([("age", "=", age)]))
            self.assertNotIn(assure, self.Assure.search([("age", ">", age)]))
            self.assertIn(assure, self.Assure.search([("age", "<=", age)]))
            self.assertNotIn(assure, self.Assure.search([("age", "!=", age)]))

    def test_ne_un_29_fevrier(self):
        """Un an de plus le 1er mars des années communes : la fiche, la recherche et les droits disent le même âge."""
        assure = self.creer(date_naissance=date(2004, 2, 29))
        for jour, age in (("2022-02-28", 17), ("2022-03-01", 18), ("2024-02-28", 19), ("2024-02-29", 20)):
            with self.subTest(jour=jour), freeze_time(jour):
                assure.invalidate_recordset()
                self.assertEqual((assure.age, assure.age_detail), (age, f"{age} ans"))
                self.assertIn(assure, self.Assure.search([("age", "=", age)]))
                self.assertNotIn(assure, self.Assure.search([("age", ">", age)]))
        self.assertEqual(self.creer(date_naissance=date(2024, 2, 29))._libelle_age(date(2026, 2, 28)), "23 mois")

    @freeze_time("2026-11-21")
    def test_ne_vers(self):
        assure = self.creer(date_naissance=date(1960, 7, 1), date_naissance_estimee=True)
        self.assertEqual(assure.age_detail, "environ 66 ans")

    def test_recherche_d_age_illisible(self):
        with self.assertRaises(UserError):
            self.Assure.search([("age", "=", "vieux")])

    def test_nni_unique_si_renseigne(self):
        self.creer(nni="td 123-456")
        self.creer()
        self.creer(nni="")
        self.assertEqual(self.creer(nni=" ab1 ").nni, "AB1")
        with self.assertRaisesRegex(Exception, "NNI|cnas_assure_nni_unique"), mute_logger("odoo.sql_db"), self.cr.savepoint():
            self.creer(nni="TD123456").flush_recordset()

    def test_nni_sans_forme(self):
        for nni in ("???", "NEANT", "12é4", "12/34"):
            with self.subTest(nni), self.assertRaisesRegex(ValidationError, "fait de chiffres"):
                self.creer(nni=nni)
        self.assertEqual(self.creer(nni="td 1985-0001").nni, "TD19850001")
        self.assertEqual(self.creer(nni="١٢٣").nni, "123", "des chiffres arabes se lisent, et se gardent en chiffres latins")

    def test_nni_de_la_longueur_reglee(self):
        self.env["cnas.parametre"]._dater("nni_longueur", "10", aujourd_hui())
        with self.assertRaisesRegex(ValidationError, "10 sont attendus"):
            self.creer(nni="123")
        self.assertTrue(self.creer(nni="1234567890"))

    def test_telephone(self):
        self.assertEqual(self.creer(telephone_1="66123456").telephone_1, "+235 66 12 34 56")
        for faux in ("12", "00 00 00 00", "66 12 34 5"):
            with self.subTest(faux), self.assertRaisesRegex(ValidationError, "téléphone"):
                self.creer(telephone_1=faux)

    def test_ne_a_l_etranger_demande_un_pays(self):
        assure = self.creer(ne_a_l_etranger=True)
        with self.assertRaisesRegex(UserError, "pays de naissance"):
            assure.action_immatriculer()
        assure.pays_naissance_id = self.env.ref("base.sd")
        self.assertTrue(assure.action_immatriculer())

    def test_immatriculer_sans_naissance(self):
        assure = self.creer(date_naissance=False)
        with self.assertRaisesRegex(UserError, "date de naissance"):
            assure.action_immatriculer()
        self.assertEqual(assure.state, "brouillon")

    def test_recherche_par_nom_sans_accent_ou_matricule(self):
        assure = self.creer(nom="Fatimé", prenom="Hissène Zouleikha")
        for texte in ("hissene zoul", "FATIME", "zouleikha hiss", assure.matricule, assure.matricule[:11]):
            trouves = [i for i, _nom in self.Assure.name_search(texte)]
            self.assertIn(assure.id, trouves, texte)

    def test_recherche_de_plusieurs_mots(self):
        assure = self.creer(nom="N'Gaïbaye", prenom="Mbaï-Ngolmem Élie")
        autre = self.creer(nom="Mbaï", prenom="Ali")
        for texte in ("n'gaibaye elie", "elie mbai", "ngol gaibaye", "baye golm", "MBAÏ ÉLI", "  elie   mbai "):
            with self.subTest(texte):
                trouves = self.Assure.search([("recherche", "ilike", texte)])
                self.assertIn(assure, trouves)
                self.assertNotIn(autre, trouves)
        for texte in ("elie inconnu", "'; drop -- x", "a & b | c", "100% _ x", "\\ ' \""):
            with self.subTest(texte):
                self.assertFalse(self.Assure.search([("recherche", "ilike", texte)]) & (assure | autre))

    def test_recherche_par_carte_qr_telephone_nni(self):
        assure = self.creer_actif(telephone_1="68917305", nni="NNI99")
        carte = self.env["cnas.carte"].create({"assure_id": assure.id})
        for texte in (carte.numero, f"1|{assure.matricule}|{carte.numero}|2029-01-01|abc", "68 91 73 05", "+23568917305",
                      "nni 99", f" {assure.matricule.lower()} "):
            with self.subTest(texte):
                self.assertEqual([i for i, _nom in self.Assure.name_search(texte)], [assure.id])
                self.assertEqual(self.Assure.search([("recherche", "ilike", texte)]), assure)
        with self.assertRaises(UserError):
            self.Assure.search([("recherche", "!=", "Adoum")])

    def test_formulaire(self):
        with Form(self.Assure) as formulaire:
            formulaire.nom, formulaire.prenom, formulaire.genre = "Ousmane", "Kaltouma", "feminin"
            formulaire.regime_id = self.asi
            formulaire.date_naissance = date(1990, 5, 5)
            formulaire.telephone_1 = "66123456"
            self.assertEqual(formulaire.telephone_1, "+235 66 12 34 56")
            formulaire.ne_a_l_etranger = True
            formulaire.pays_naissance_id = self.env.ref("base.sd")
            formulaire.ne_a_l_etranger = False
            self.assertFalse(formulaire.pays_naissance_id)
        self.assertEqual(formulaire.record.state, "brouillon")
        self.assertTrue(formulaire.record.matricule)

    def test_creation_en_lot_a_requetes_constantes(self):
        def lot(nombre):
            return [{"nom": "Abakar", "prenom": f"Enfant {len(comptes)}x{i}", "genre": "feminin", "date_naissance": "1990-01-01",
                     "regime_id": self.amed.id, "district_id": self.district.id} for i in range(nombre)]

        comptes = []
        for nombre in (10, 10, 100, 1000):
            avant = self.cr.sql_log_count
            self.Assure.create(lot(nombre))
            self.env.flush_all()
            comptes.append(self.cr.sql_log_count - avant)
            self.env.invalidate_all()
        self.assertEqual(comptes[2], comptes[1])
        # Odoo insère par paquets de cent : neuf INSERT de plus pour mille, et rien d'autre.
        self.assertLessEqual(comptes[3], comptes[1] + 9)

    def test_immatriculation_et_liste_a_requetes_constantes(self):
        """Immatriculer, puis lire la liste, coûte autant pour dix personnes que pour cent."""
        colonnes = ("matricule", "name", "age", "regime_code", "district_id", "assure_principal_id", "etat_droits",
                    "nombre_ayants_droit", "nombre_doublons", "state")
        principal = self.creer_actif()

        immatriculer, lire = [], []
        for nombre in (10, 10, 100):
            chefs = self.Assure.create([{
                "nom": "Lot", "prenom": f"Chef {len(lire)}x{i}", "genre": "masculin", "date_naissance": "1990-01-01",
                "regime_id": self.ass.id, "district_id": self.district.id} for i in range(nombre)])
            enfants = self.Assure.create([{
                "nom": "Lot", "prenom": f"Enfant {len(lire)}x{i}", "genre": "feminin", "date_naissance": "2020-01-01", "lien": "enfant",
                "assure_principal_id": principal.id} for i in range(nombre)])
            assures = chefs | enfants
            immatriculer.append(self.requetes(assures.action_immatriculer))
            lire.append(self.requetes(lambda a=assures: a.read(colonnes)))
        self.assertEqual(lire[2], lire[1])
        # Odoo insère par paquets de cent : rien d'autre ne suit le nombre de personnes.
        self.assertLessEqual(immatriculer[2], immatriculer[1] + 2)

    def test_copie_et_suppression(self):
        brouillon = self.creer()
        brouillon.unlink()
        actif = self.creer_actif()
        with self.assertRaisesRegex(UserError, "ne se supprime pas"):
            actif.unlink()
        self.assertNotEqual(actif.copy().matricule, actif.matricule)

    def test_au_clavier_nom_prenom_genre_date(self):
        """Une personne se saisit d'un trait : rien ne s'intercale entre son nom et sa date de naissance."""
        vue = etree.fromstring(self.Assure.get_view(view_type="form")["arch"])
        champs = [champ.get("name") for champ in vue.iterfind(".//group[@name='informations_generales']//field") if champ.get("readonly") != "1"]
        depuis = champs.index("nom")
        self.assertEqual(champs[depuis:depuis + 4], ["nom", "prenom", "genre", "date_naissance"])
