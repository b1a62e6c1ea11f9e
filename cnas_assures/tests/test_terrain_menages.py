import base64
import io
from datetime import date

import openpyxl
from openpyxl import load_workbook

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from odoo.addons.cnas_base.garde import sans_suivi
from odoo.addons.cnas_base.tests.common import HttpCase

from .commun_assures import CasAssure

ENTETE = "Ménage;Nom;Prénoms;Sexe;Date de naissance;Lien;District;Village;Tél.\n"


class CasMenages(CasAssure):
    """Importer une liste écrite en une ligne, et lire ce qu'elle est devenue."""

    def setUp(self):
        super().setUp()
        self.districts = {nom: self.env["cnas.district"].search([("name", "=", nom)], limit=1) for nom in ("Abéché", "Bongor")}

    def envoyer(self, texte, nom="liste.csv", a_blanc=False, usager=None, **options):
        contenu = texte if isinstance(texte, bytes) else (ENTETE + texte).encode()
        return self.env["cnas.assure"].with_user(usager or self.superviseur).importer_menages(
            base64.b64encode(contenu).decode(), nom,
            {"a_blanc": a_blanc, "date_affiliation": "2026-01-01", **options})

    def import_de(self, resultat):
        return self.env["cnas.import_assures"].browse(self.env["ir.attachment"].browse(resultat["rapport_id"]).res_id)

    def lignes(self, resultat):
        return {li.numero: li for li in self.import_de(resultat).ligne_ids}

    def messages(self, resultat):
        return " | ".join(li.message or "" for li in self.import_de(resultat).ligne_ids)

    def comptes(self, resultat):
        return tuple(resultat[c] for c in ("crees", "rapproches", "a_decider", "refuses"))

    def personnes(self, *noms):
        return self.Assure.search([("name", "in", noms)], order="id")

    def rapport(self, resultat):
        return load_workbook(io.BytesIO(self.env["ir.attachment"].browse(resultat["rapport_id"]).raw)).active


@tagged("post_install", "-at_install", "cnas")
class TestTerrainMenages(CasMenages):
    """Les cas du terrain (lecture et ménages), par leur numéro."""

    UN = ("M-001;Abakar;Mahamat;M;01/01/1980;chef;Abéché;Amra;\n"
          "M-001;Adoum;Zara;F;05/03/1985;épouse;Abéché;Amra;\n")
    DEUX = ("M-001;Abakar;Mahamat;M;01/01/1980;chef;Bongor;Kolo;66554433\n"
            "M-001;Djimet;Haoua;F;07/09/1984;épouse;Bongor;Kolo;\n")

    def test_01_deux_villages_de_meme_numerotation(self):
        self.assertEqual(self.comptes(self.envoyer(self.UN, "amra.csv")), (2, 0, 0, 0))
        avant = self.Assure.search_count([])
        blanc = self.envoyer(self.DEUX, "kolo.csv", a_blanc=True, usager=self.agent)
        self.assertEqual(blanc["a_decider"], 2)
        self.assertIn("Abéché", self.lignes(blanc)[2].message)
        self.assertEqual(self.Assure.search_count([]), avant)
        self.envoyer(self.DEUX, "kolo.csv")
        chefs = self.personnes("Abakar Mahamat")
        self.assertEqual(len(chefs), 2)
        self.assertEqual(chefs.mapped("district_id.name"), ["Abéché", "Bongor"])
        self.assertEqual([c.ayant_droit_ids.name for c in chefs], ["Adoum Zara", "Djimet Haoua"])
        # Le double exact attend une décision, sa famille avec lui.
        self.assertEqual(chefs.mapped("state"), ["actif", "brouillon"])
        with self.assertRaisesRegex(UserError, "décidez d'abord"):
            chefs[1].action_immatriculer()
        paire = self.env["cnas.doublon"].search([("assure_1_id", "=", chefs[0].id), ("assure_2_id", "=", chefs[1].id)])
        self.assertEqual(paire.state, "a_examiner")
        paire.with_user(self.agent).action_ecarter("L'un est d'Abéché, l'autre de Bongor")
        (chefs[1] | chefs[1].ayant_droit_ids).action_immatriculer()
        nombre = self.Assure.search_count([])
        for texte, nom in ((self.UN, "amra.csv"), (self.DEUX, "kolo.csv"), (self.UN, "autre_nom.csv"), (self.DEUX, "bis.csv")):
            self.assertEqual(self.comptes(self.envoyer(texte, nom)), (0, 2, 0, 0), nom)
        self.assertEqual(self.Assure.search_count([]), nombre)

    def test_01_l_agent_decide_a_l_import(self):
        self.envoyer(self.UN, "amra.csv")
        blanc = self.envoyer(self.DEUX, "kolo.csv", a_blanc=True)
        self.lignes(blanc)[2].with_user(self.agent).action_autre_personne()
        import_ = self.import_de(blanc).with_user(self.superviseur)
        self.assertEqual((import_.nombre_bonnes, import_.nombre_a_decider), (2, 0))
        import_.action_importer()
        self.assertEqual(self.personnes("Abakar Mahamat").mapped("state"), ["actif", "actif"])
        self.assertEqual(self.personnes("Djimet Haoua").state, "actif")

    def test_01_decider_d_une_personne_archivee_depuis(self):
        self.envoyer(self.UN, "amra.csv")
        ligne = self.lignes(self.envoyer(self.DEUX, "kolo.csv", a_blanc=True))[2].with_user(self.agent)
        ligne.candidat_id.sudo().active = False
        with self.assertRaisesRegex(UserError, "Abakar Mahamat.*archivé"):
            ligne.action_meme_personne()
        ligne.action_autre_personne()
        self.assertEqual(ligne.state, "bonne")

    def test_01_decider_de_plusieurs_lignes_n_ecrit_qu_elles(self):
        """Une écriture par ligne décidée, et rien d'autre qui croisse avec elles."""
        couts = []
        for rang, nombre in enumerate((2, 4, 12)):
            liste = "".join(f"M{rang}-{i};Abakar{'xyz'[rang]};{'Abcdefghijklmnop'[i] * 3};M;01/01/1980;chef;{{0}};{{1}};\n"
                            f"M{rang}-{i};Adoum{'xyz'[rang]};{'Abcdefghijklmnop'[i] * 3};F;05/03/1985;épouse;{{0}};{{1}};\n" for i in range(nombre))
            self.envoyer(liste.format("Abéché", "Amra"), f"amra{rang}.csv")
            blanc = self.import_de(self.envoyer(liste.format("Bongor", "Kolo"), f"kolo{rang}.csv", a_blanc=True))
            lignes = blanc.ligne_ids.filtered(lambda li: li.state == "a_decider" and li.candidat_id and not li.donnees.get("lien")).with_user(self.agent)
            self.assertEqual(len(lignes), nombre)
            couts.append(self.requetes(lignes.action_meme_personne))
        self.assertEqual(couts[2] - couts[1], 12 - 4)

    def test_01_meme_district_rien_ne_se_fond(self):
        """Sans village, d'une autre liste : le même numéro et le même chef ne fondent pas deux familles."""
        sans_village = ("M-001;Abakar;Mahamat;M;01/01/1980;chef;Abéché;;\nM-001;{};F;05/03/1985;épouse;Abéché;;\n")
        self.envoyer(sans_village.format("Adoum;Zara"), "un.csv")
        resultat = self.envoyer(sans_village.format("Djimet;Haoua"), "deux.csv")
        self.assertEqual(self.comptes(resultat), (0, 0, 2, 0))
        self.assertEqual(len(self.personnes("Abakar Mahamat").ayant_droit_ids), 1)
        self.lignes(resultat)[2].with_user(self.agent).action_meme_personne()
        self.import_de(resultat).with_user(self.superviseur).action_importer()
        self.assertEqual(set(self.personnes("Abakar Mahamat").ayant_droit_ids.mapped("name")), {"Adoum Zara", "Djimet Haoua"})

    def test_01_decidee_autre_elle_se_cree_bien(self):
        """Même numéro, même district, même nom : un agent dit que c'est une autre, et elle ne se confond plus."""
        liste = "M-001;Abakar;Mahamat;M;01/01/1980;chef;Abéché;;\n"
        self.envoyer(liste, "un.csv")
        resultat = self.envoyer(liste, "deux.csv")
        self.lignes(resultat)[2].with_user(self.agent).action_autre_personne()
        self.import_de(resultat).with_user(self.superviseur).action_importer()
        self.assertEqual(self.personnes("Abakar Mahamat").mapped("state"), ["actif", "actif"])
        entete = (ENTETE.strip() + ";Réponse\n" + liste.strip() + ";autre\n").encode()
        self.assertEqual(self.comptes(self.envoyer(entete, "trois.csv")), (1, 0, 0, 0))
        self.assertEqual(len(self.personnes("Abakar Mahamat")), 3)
        for titre in ("un.csv", "deux.csv", "trois.csv"):
            self.assertEqual(self.comptes(self.envoyer(liste, titre)), (0, 1, 0, 0))

    def test_01_sans_numero_le_chef_du_dessus(self):
        resultat = self.envoyer(";Tchalla;Na;M;01/01/1980;chef;Abéché;;\n;Tchalla;Fanta;F;01/01/1985;épouse;;;\n"
                                ";Mbodou;Goukou;M;01/02/1980;chef;Abéché;;\n;Mbodou;Abba;M;01/02/2012;fils;;;\n")
        self.assertEqual(self.comptes(resultat), (4, 0, 0, 0))
        self.assertEqual(self.personnes("Tchalla Na").ayant_droit_ids.name, "Tchalla Fanta")
        self.assertEqual(self.personnes("Mbodou Goukou").ayant_droit_ids.name, "Mbodou Abba")

    def test_01_deux_villages_dans_un_fichier(self):
        resultat = self.envoyer("1;Un;Chef;M;01/01/1980;chef;Abéché;Amra;\n1;Un;Fils;M;01/01/2015;fils;;;\n"
                                "1;Deux;Chef;M;01/02/1980;chef;Abéché;Kolo;\n1;Deux;Fils;M;01/02/2015;fils;Abéché;Kolo;\n")
        self.assertEqual(self.comptes(resultat), (4, 0, 0, 0))
        self.assertEqual(self.personnes("Un Chef").ayant_droit_ids.name, "Un Fils")
        self.assertEqual(self.personnes("Deux Chef").ayant_droit_ids.name, "Deux Fils")

    def test_02_l_enfant_refuse_revient_seul(self):
        chef = "K-7;Kossolba;Moussa;M;12/05/1980;chef;Abéché;{};\n"
        enfant = "K-7;Kossolba;Ali;M;{};fils;Abéché;{};\n"
        for village, titres in (("", ("liste.csv", "liste.csv")), ("Amra", ("a.csv", "b.csv"))):
            with self.subTest(village):
                premier = self.envoyer((chef + enfant).format(village, "31/02/2015", village).replace("K-7", f"K-7{village}")
                                       .replace("Kossolba", f"Kossolba{village}"), titres[0])
                self.assertEqual(self.comptes(premier), (1, 0, 0, 1))
                second = self.envoyer(enfant.format("28/02/2015", village).replace("K-7", f"K-7{village}")
                                      .replace("Kossolba", f"Kossolba{village}"), titres[1])
                self.assertEqual(self.comptes(second), (1, 0, 0, 0))
                self.assertEqual(self.personnes(f"Kossolba{village} Ali").assure_principal_id.name, f"Kossolba{village} Moussa")

    def test_02_autre_liste_sans_village_la_phrase_nomme_le_chef(self):
        self.envoyer("K-7;Kossolba;Moussa;M;12/05/1980;chef;Abéché;;\n", "un.csv")
        resultat = self.envoyer("K-7;Kossolba;Ali;M;28/02/2015;fils;Abéché;;\n", "deux.csv")
        self.assertEqual(self.comptes(resultat), (0, 0, 1, 0))
        chef = self.personnes("Kossolba Moussa")
        self.assertIn(f"Kossolba Moussa ({chef.matricule}", self.messages(resultat))
        self.lignes(resultat)[2].with_user(self.agent).action_meme_personne()
        self.import_de(resultat).with_user(self.superviseur).action_importer()
        self.assertEqual(chef.ayant_droit_ids.name, "Kossolba Ali")

    def test_03_la_liste_corrigee_rapproche(self):
        for nom, titre in (("Ngarobo", "liste.csv"), ("Dabanga", "retour.csv")):
            with self.subTest(titre):
                self._rapprocher_corrigee(nom, titre)

    def _rapprocher_corrigee(self, nom, titre):
        premiere = (f"{nom};{nom};Pierre;M;01/01/1970;chef;Bongor;Kolo;\n{nom};Dené{nom};Naomi;F;04/04/1975;épouse;Bongor;Kolo;\n")
        corrigee = (premiere.replace("01/01/1970", "12/03/1970").replace("Naomi", "Naomie")
                    + f"{nom};{nom};Paul;M;02/02/2019;fils;Bongor;Kolo;\n")
        self.envoyer(premiere, "liste.csv")
        blanc = self.envoyer(corrigee, titre, a_blanc=True)
        self.assertIn("12/03/1970", self.messages(blanc))
        self.assertEqual(self.comptes(blanc), (1, 2, 0, 0))
        self.envoyer(corrigee, titre)
        chef, epouse = self.personnes(f"{nom} Pierre"), self.personnes(f"Dené{nom} Naomi")
        self.assertEqual((len(chef), len(epouse), len(self.personnes(f"Dené{nom} Naomie"))), (1, 1, 0))
        self.assertEqual(set(chef.ayant_droit_ids.mapped("name")), {f"Dené{nom} Naomi", f"{nom} Paul"})
        demandes = chef.correction_ids | epouse.correction_ids
        self.assertEqual(demandes.mapped("state"), ["soumise", "soumise"])
        self.assertEqual(chef.correction_ids.date_naissance, date(1970, 3, 12))
        self.assertEqual(epouse.correction_ids.prenom, "Naomie")
        self.assertEqual(self.comptes(self.envoyer(corrigee, "avant decision.csv")), (0, 3, 0, 0))
        demandes.with_user(self.usagers["administrateur"]).action_valider()
        self.assertEqual(self.comptes(self.envoyer(corrigee, "apres decision.csv")), (0, 3, 0, 0))
        self.assertEqual(len(chef.correction_ids | epouse.correction_ids), 2)

    def test_03_le_chef_seul_corrige_d_une_autre_liste_se_propose(self):
        self.envoyer("C-3;Djasrabe;Pierre;M;01/01/1970;chef;Bongor;;\n", "liste.csv")
        resultat = self.envoyer("C-3;Djasrabe;Pierre;M;12/03/1975;chef;Bongor;;\n", "retour.csv")
        self.assertEqual(self.comptes(resultat), (0, 0, 1, 0))
        self.lignes(resultat)[2].with_user(self.agent).action_meme_personne()
        self.import_de(resultat).with_user(self.superviseur).action_importer()
        self.assertEqual(self.personnes("Djasrabe Pierre").correction_ids.date_naissance, date(1975, 3, 12))

    def test_03_creee_par_l_import_d_odoo_un_double_ne_s_immatricule_pas(self):
        connu = self.creer_actif(nom="Ngarta", prenom="Tomal", district_id=self.districts["Abéché"].id)
        charge = self.Assure.load(["nom", "prenom", "genre", "date_naissance", "regime_id/id"], [
            ["Tomal", "NGARTA", "Masculin", "1985-03-12", "cnas_base.regime_amed"]])
        double = self.Assure.browse(charge["ids"])
        self.assertEqual(double.nombre_doublons, 1)
        with self.assertRaisesRegex(UserError, connu.matricule):
            double.action_immatriculer()
        self.assertIn(connu.matricule, double.raison_immatriculer)
        lot = self.Assure.create([{"nom": "Ngarta", "prenom": "Tomal", "genre": "masculin", "date_naissance": "1985-03-12",
                                   "regime_id": self.amed.id, "nni": f"LOT{i}"} for i in range(7)])
        self.assertTrue(all(a.nombre_doublons for a in lot))
        autre = self.creer(nom="Autre", prenom="Nom")
        autre.write({"nom": "Ngarta", "prenom": "Tomal"})
        self.assertTrue(autre.nombre_doublons)

    def test_03_ce_qui_contredit_n_est_pas_un_double(self):
        for rang, valeurs in enumerate(({"nom_mere": "Kaltouma Brahim"}, {"nni": "N2"}, {"genre": "feminin"},
                                        {"date_naissance": "1985-03-13"})):
            with self.subTest(valeurs):
                self.creer_actif(nom="Ngarta", prenom=f"Toma{'klmn'[rang]}", nom_mere="Zara Ali", nni=f"N1{rang}")
                self.assertEqual(self.creer_actif(nom="Ngarta", prenom=f"Toma{'klmn'[rang]}", **valeurs).state, "actif")

    def test_09_un_en_tete_appris_au_dictionnaire(self):
        """Un titre qu'aucun fichier n'avait encore porté s'apprend une fois, à l'écran."""
        colonne = self.env["cnas.colonne"].search([("sujet", "=", "assures"), ("code", "=", "nom")])
        texte = b"Patronyme du porteur;Sexe;District;Date de naissance\nAbakar;M;Bongor;01/02/1990\n"
        with self.assertRaises(UserError):
            self.envoyer(texte)
        self.env["cnas.synonyme_colonne"].create({"colonne_id": colonne.id, "entete": "Patronyme du porteur"})
        self.assertEqual(self.comptes(self.envoyer(texte))[0], 1)

    def test_09_des_colonnes_associees_a_l_ecran_retenues_pour_leur_expediteur(self):
        texte = b"Appellation;Sexe;District;Date de naissance\nAbakar;M;Bongor;01/02/1990\n"
        import_ = self.env["cnas.import_assures"].with_user(self.agent).create(
            {"name": "Liste", "nom_fichier": "l.csv", "fichier": base64.b64encode(texte)})
        with self.assertRaisesRegex(UserError, "(?s)Colonnes absentes : Nom.*Attendues : Nom, Genre.*Appellation"):
            import_.action_controler()
        wizard = self.env["cnas.association.wizard"].with_user(self.agent).browse(import_.action_associer()["res_id"])
        self.assertEqual([(li.titre, li.colonne_id.code) for li in wizard.ligne_ids],
                         [("Appellation", False), ("Sexe", "genre"), ("District", "district"), ("Date de naissance", "date_naissance")])
        with self.assertRaises(AccessError):
            wizard.with_user(self.superviseur).read(["ligne_ids"])
        wizard.ligne_ids[0].colonne_id = self.env["cnas.colonne"].search([("sujet", "=", "assures"), ("code", "=", "nom")])
        wizard.action_retenir()
        import_.action_controler()
        self.assertEqual(import_.nombre_bonnes, 1)
        with self.assertRaises(UserError):
            self.envoyer(texte)

    def test_04_telephones(self):
        cas = {"66123456/99123456": ("+235 66 12 34 56", "+235 99 12 34 56"),
               "66 12 34 56 / 63 45 67 89": ("+235 66 12 34 56", "+235 63 45 67 89"),
               "66123456 ou 99123456": ("+235 66 12 34 56", "+235 99 12 34 56"), "66123456.0": ("+235 66 12 34 56", False),
               "Néant": (False, False), "-": (False, False), "N/A": (False, False), "6612345": (False, False)}
        resultat = self.envoyer("".join(
            f"T{rang};Tel{chr(65 + rang) * 3};Ali;M;0{rang + 1}/01/1980;chef;Abéché;;{ecrit}\n" for rang, ecrit in enumerate(cas)))
        self.assertEqual(self.comptes(resultat), (8, 0, 0, 0))
        lignes = self.lignes(resultat)
        for rang, (ecrit, attendu) in enumerate(cas.items()):
            with self.subTest(ecrit):
                assure = lignes[rang + 2].assure_id
                self.assertEqual((assure.telephone_1, assure.telephone_2, assure.state), (*attendu, "actif"))
        self.assertIn("6612345", lignes[9].message)

    def test_04_un_zero_de_tableur_n_est_le_nni_de_personne(self):
        classeur = openpyxl.Workbook()
        for rang in (["Ménage", "Nom", "Prénoms", "Sexe", "Date de naissance", "Lien", "NNI"],
                     ["Z1", "Abakar", "Moussa", "M", "12/05/1980", "chef", 0], ["Z2", "Tchari", "Goni", "M", "13/06/1981", "chef", 0],
                     ["Z3", "Bichara", "Ali", "M", "14/07/1982", "chef", "en cours"]):
            classeur.active.append(rang)
        tampon = io.BytesIO()
        classeur.save(tampon)
        resultat = self.envoyer(tampon.getvalue(), "menages.xlsx", district="Abéché")
        self.assertEqual(self.comptes(resultat), (3, 0, 0, 0), self.messages(resultat))
        self.assertEqual([li.assure_id.nni for li in self.import_de(resultat).ligne_ids], [False] * 3)

    def test_05_naissances(self):
        cas = {"vers 1975": (date(1975, 7, 1), True), "né vers 1975": (date(1975, 7, 1), True), "1975": (date(1975, 7, 1), True),
               "03/1975": (date(1975, 3, 1), True), "2 mars 1975": (date(1975, 3, 2), False),
               "1er janvier 1980": (date(1980, 1, 1), False), "27455": (date(1975, 3, 2), False)}
        resultat = self.envoyer("".join(
            f"N{rang};Naiss{chr(65 + rang) * 3};Ali;M;{ecrit};chef;Abéché;;\n" for rang, ecrit in enumerate([*cas, "31/02/1975"])))
        self.assertEqual(self.comptes(resultat), (7, 0, 0, 1))
        lus = [(li.assure_id.date_naissance, li.assure_id.date_naissance_estimee)
               for _numero, li in sorted(self.lignes(resultat).items())][:7]
        self.assertEqual(lus, list(cas.values()))

    def test_06_un_seul_nom(self):
        resultat = self.envoyer("S1;Mahamat;;M;01/01/1980;chef;Abéché;;\nS2;;Zenaba;F;01/01/1981;chef;Abéché;;\n")
        self.assertEqual(self.comptes(resultat), (2, 0, 0, 0))
        assure = self.lignes(resultat)[2].assure_id
        self.assertEqual((assure.name, assure.prenom, assure.state), ("Mahamat", False, "actif"))
        self.assertEqual(self.lignes(resultat)[3].assure_id.name, "Zenaba")
        self.assertIn(assure, self.Assure.search([("recherche", "ilike", "Mahamat")]))
        self.assertEqual([li[0] for li in assure._lignes_du_nom()], ["Nom"])
        self.assertTrue(all(ligne[2] for ligne in assure._lignes_attestation()[:2]))
        carte = self.env["cnas.carte"].create({"assure_id": assure.id})
        self.assertNotIn("Prénom", [ligne[0] for ligne in carte._identites_du_jour()["recto"]])
        self.assertEqual(self.env["cnas.attestation"]._nom_abrege(assure), "Mahamat")

    def test_07_liens_et_genres(self):
        resultat = self.envoyer(
            "L2;Oumar;Saleh;Garçon;01/01/1970;Chef de ménage;Abéché;;\nL2;Zara;Ali;F;01/01/1975;2e épouse;Abéché;;\n"
            "L2;Hawa;Ali;femme;02/01/1977;Co-épouse;Abéché;;\nL2;Oumar;Idriss;M;01/01/2010;Fils aîné;Abéché;;\n"
            "L2;Oumar;Moussa;M;01/02/2011;Neveu;Abéché;;\nL2;Oumar;Kaltouma;fille;01/02/2012;3ème enfant;Abéché;;\n"
            "L2;Issa;Brahim;M;01/02/1990;locataire;Abéché;;\nL2;Issa;Sans;M;01/02/1991;;Abéché;;\n")
        self.assertEqual(self.comptes(resultat), (6, 0, 0, 2))
        chef = self.personnes("Oumar Saleh")
        self.assertEqual(chef.ayant_droit_ids.sorted("date_naissance").mapped("lien"),
                         ["conjoint", "conjoint", "enfant", "autre", "enfant"])
        lignes = self.lignes(resultat)
        self.assertIn("locataire", lignes[8].message)
        self.assertIn("Lien manquant", lignes[9].message)
        self.assertFalse(self.personnes("Issa Brahim", "Issa Sans"))

    def test_07_un_second_chef_ecrit_refuse_le_menage(self):
        resultat = self.envoyer("L3;Un;Chef;M;01/01/1970;chef;Abéché;;\nL3;Deux;Chef;M;01/01/1971;chef;Abéché;;\n")
        self.assertEqual(self.comptes(resultat), (0, 0, 0, 2))

    def test_08_districts_par_variantes(self):
        noms = {"NDjamena Centre": "N'Djamena Centre", "Gozbeida": "Goz-Beïda", "Bagassola": "Baga-Sola", "Amdam": "Am-Dam",
                "Abéché (Ouaddaï)": "Abéché"}
        resultat = self.envoyer("".join(
            f"D{rang};Dist{chr(65 + rang) * 3};Ali;M;0{rang + 1}/01/1980;chef;{ecrit};;\n" for rang, ecrit in enumerate([*noms, "Abecher"])))
        lignes = self.lignes(resultat)
        for rang, (ecrit, attendu) in enumerate(noms.items()):
            ligne = lignes[rang + 2]
            self.assertTrue(ligne.assure_id.district_id.name == attendu or attendu in (ligne.message or ""), ecrit)
        self.assertEqual(lignes[7].state, "erreur")
        self.assertIn("Abéché", lignes[7].message)
        for ecrit, attendu in (("Goz Beida", "Goz-Beïda"), ("Am Dam", "Am-Dam"), ("ndjamena", "N'Djamena Centre"),
                               ("bagasola", "Baga-Sola"), ("abecher", "Abéché")):
            trouves = [nom for _id, nom in self.env["cnas.district"].with_user(self.agent).name_search(ecrit)]
            self.assertIn(attendu, trouves, ecrit)
        self.assertFalse(self.env["cnas.district"].name_search("zzzzzz"))

    def test_09_fichiers_comme_ils_arrivent(self):
        entete = ["N° ménage", "Nom", "Prénoms", "Sexe", "Date de naissance", "Tél.", "Lien de parenté"]
        classeur = openpyxl.Workbook()
        classeur.active.title = "Lisez-moi"
        classeur.active.append(["Remplissez la feuille suivante"])
        feuille = classeur.create_sheet("Ménages")
        for rang in (["Ménages d'Amra"], ["Novembre"], entete, ["M1", "Abakar", "Moussa", "M", date(1980, 5, 12), 66123456, "chef"],
                     [None, "Adoum", "Zara", "F", "1985", "Néant", "épouse"], [None, "Abakar", "Ali", "M", "03/2015", None, "fils"],
                     ["TOTAL", 3]):
            feuille.append(rang)
        feuille.merge_cells("A4:A6")
        tampon = io.BytesIO()
        classeur.save(tampon)
        resultat = self.envoyer(tampon.getvalue(), "menages.xlsx", district="Abéché")
        self.assertEqual(self.comptes(resultat), (3, 0, 0, 0))
        chef = self.personnes("Abakar Moussa")
        self.assertEqual(set(chef.ayant_droit_ids.mapped("name")), {"Adoum Zara", "Abakar Ali"})
        # Le numéro écrit devant le seul chef, sans fusion.
        resultat = self.envoyer("M8;Bichara;Goni;M;01/01/1980;chef;Abéché;;\n;Bichara;Fanta;F;01/01/1985;épouse;;;\n")
        self.assertEqual(self.personnes("Bichara Goni").ayant_droit_ids.name, "Bichara Fanta")
        texte = ";".join(entete) + "\nM9;Tchari;Malloum;M;12/05/1980;66123456;chef\n"
        for contenu in (texte.replace(";", "\t").encode("utf-16"), ("sep=;\n" + texte).encode(), texte.encode("cp1252")):
            blanc = self.envoyer(contenu, a_blanc=True)
            self.assertEqual(self.comptes(blanc), (1, 0, 0, 0))

    def test_10_un_telephone_pour_quinze_menages(self):
        texte = "".join(f"P{rang};Chef{chr(65 + rang) * 3};Ali;M;{rang + 1:02}/01/1980;chef;Abéché;;99 99 99 99\n" for rang in range(15))
        blanc = self.envoyer(texte, a_blanc=True)
        self.assertEqual(self.comptes(blanc), (15, 0, 0, 0))
        self.assertIn("15 ménages", self.lignes(blanc)[2].message)
        self.env["cnas.parametre"]._dater("menages_par_telephone", "20", date(2026, 11, 25))
        self.assertNotIn("15 ménages", self.messages(self.envoyer(texte, a_blanc=True)))

    def test_le_rapport_corrige_se_renvoie(self):
        premier = self.envoyer("R-1;Senoussi;Adam;M;12/05/1980;chef;Abéché;;\nR-1;Senoussi;Issa;M;31/02/2015;fils;Abéché;;\n"
                               "R-1;Senoussi;Awa;?;01/03/2016;fille;Abéché;;\n", "village.csv")
        self.assertEqual(self.comptes(premier), (1, 0, 0, 2))
        classeur = load_workbook(io.BytesIO(self.env["ir.attachment"].browse(premier["rapport_id"]).raw))
        feuille = classeur.active
        titres = [c.value for c in feuille[1]]
        self.assertEqual(titres[:5], ["Ligne", "Résultat", "Que faire", "Réponse", "Matricule"])
        self.assertIn("31/02/2015", feuille.cell(3, 3).value)
        self.assertEqual(feuille.cell(2, 3).value, "Rien.")
        self.assertEqual(feuille.cell(3, titres.index("date_naissance") + 1).value, "31/02/2015")
        feuille.cell(3, titres.index("date_naissance") + 1, "28/02/2015")
        feuille.cell(4, titres.index("genre") + 1, "F")
        tampon = io.BytesIO()
        classeur.save(tampon)
        second = self.envoyer(tampon.getvalue(), "rapport_corrige.xlsx")
        self.assertEqual(self.comptes(second), (2, 1, 0, 0))
        self.assertEqual(set(self.personnes("Senoussi Adam").ayant_droit_ids.mapped("name")), {"Senoussi Issa", "Senoussi Awa"})
        self.assertEqual(self.comptes(self.envoyer(tampon.getvalue(), "rapport_corrige.xlsx")), (0, 3, 0, 0))

    def test_la_reponse_ecrite_dans_le_rapport_decide(self):
        self.envoyer(self.UN, "amra.csv")
        entete = ENTETE.strip() + ";Réponse\n"
        for reponse, attendu in (("autre", (2, 0, 0, 0)), ("même", (1, 1, 0, 0)), ("blabla", (0, 0, 0, 2))):
            contenu = entete + "".join(f"{li};{reponse if rang == 0 else ''}\n" for rang, li in enumerate(self.DEUX.splitlines()))
            with self.subTest(reponse):
                self.assertEqual(self.comptes(self.envoyer(contenu.encode(), f"{reponse}.csv", a_blanc=True)), attendu)

    def test_le_matricule_d_un_autre_ne_confond_pas(self):
        connu = self.creer_actif(nom="Tout", prenom="Autre")
        contenu = (ENTETE.strip() + ";Matricule\nM1;Senoussi;Adam;M;12/05/1980;chef;Abéché;;;" + connu.matricule + "\n").encode()
        resultat = self.envoyer(contenu)
        self.assertEqual(self.comptes(resultat), (0, 0, 0, 1))
        self.assertIn("Tout Autre", self.messages(resultat))

    def test_roles_et_options(self):
        self.assertEqual(self.envoyer(self.UN, a_blanc=True, usager=self.agent)["crees"], 2)
        with self.assertRaises(AccessError):
            self.envoyer(self.UN, usager=self.agent)
        with self.assertRaises(AccessError):
            self.envoyer(self.UN, a_blanc=True, usager=self.usagers["finance"])
        par_defaut = self.env["cnas.assure"].with_user(self.superviseur).importer_menages(
            base64.b64encode((ENTETE + self.UN).encode()).decode(), "a.csv")
        self.assertEqual(set(par_defaut), {"crees", "rapproches", "a_decider", "refuses", "rapport_id"})
        self.assertFalse(self.personnes("Abakar Mahamat"), "à blanc par défaut")
        for faux in ({"inconnue": 1}, {"regime": "X"}, {"district": "zzz"}, {"a_blanc": "oui"}, {"date_affiliation": "hier"}, []):
            with self.subTest(str(faux)), self.assertRaises(UserError):
                self.env["cnas.assure"].with_user(self.superviseur).importer_menages("YQ==", "a.csv", faux or [1])
        with self.assertRaises(UserError):
            self.env["cnas.assure"].with_user(self.superviseur).importer_menages("pas du base64 é", "a.csv", {})
        ligne = self.lignes(par_defaut)[2]
        with self.assertRaisesRegex(UserError, "rien à décider"):
            ligne.with_user(self.agent).action_meme_personne()
        with self.assertRaises(UserError):
            ligne.write({"state": "creee"})

    def test_un_import_commence_ne_se_supprime_pas(self):
        import_ = self.import_de(self.envoyer(self.UN))
        with self.assertRaisesRegex(UserError, "ne se supprime pas"):
            import_.with_user(self.superviseur).unlink()

    def test_requetes_constantes(self):
        """Le contrôle et l'import coûtent autant de requêtes pour vingt ménages que pour cent."""
        def liste(prefixe, nombre):
            return "".join(
                f"{prefixe}{i};{prefixe}{chr(97 + i % 26) * 2}{chr(97 + i // 26) * 2}ro;Ali;M;{i % 28 + 1:02}/0{i // 28 + 1}/1980;chef;Abéché;Amra;\n"
                f"{prefixe}{i};{prefixe}{chr(97 + i % 26) * 2}{chr(97 + i // 26) * 2}ro;Zara;F;{i % 28 + 1:02}/0{i // 28 + 1}/1985;épouse;Abéché;Amra;\n"
                for i in range(nombre))

        controles, imports, retours = [], [], []
        for prefixe, nombre in (("Ba", 20), ("Ka", 20), ("Ti", 100)):
            import_ = self.env["cnas.import_assures"].with_user(self.superviseur).create({
                "name": prefixe, "fichier": base64.b64encode((ENTETE + liste(prefixe, nombre)).encode()), "nom_fichier": "l.csv",
                "date_affiliation": "2026-01-01"})
            controles.append(self.requetes(import_.action_controler))
            self.assertEqual(import_.nombre_bonnes, 2 * nombre, self.import_de({"rapport_id": import_._faire_rapport().id}))
            imports.append(self.requetes(import_.action_importer))
            self.assertEqual(import_.nombre_crees, 2 * nombre)
            retour = import_.copy()
            retours.append(self.requetes(retour.action_controler))
            self.assertEqual(retour.nombre_deja, 2 * nombre)
        self.assertLessEqual(controles[2], controles[1] + 1)
        self.assertLessEqual(retours[2], retours[1] + 1)
        # Odoo insère par paquets de cent, rien d'autre ne suit le nombre de personnes.
        self.assertLessEqual(imports[2], imports[1] + 12)


@tagged("post_install", "-at_install", "cnas")
class TestTerrainMenagesRpc(HttpCase):
    """Ce que lit un script."""

    def test_32_les_valeurs_d_une_ligne_refusee_par_xml_rpc(self):
        with sans_suivi():
            superviseur = new_test_user(self.env, "menages_rpc", groups="cnas_base.group_superviseur", password="menages_rpc")
        contenu = ENTETE + "M1;Abakar;Moussa;?;31/02/1980;locataire;Atlantide;;abc\n"

        def appel(modele, methode, *arguments):
            return self.xmlrpc_object.execute_kw(
                self.env.cr.dbname, superviseur.id, "menages_rpc", modele, methode, list(arguments))

        resultat = appel("cnas.assure", "importer_menages", base64.b64encode(contenu.encode()).decode(), "l.csv", {"a_blanc": False})
        self.assertEqual(resultat["refuses"], 1)
        import_ = appel("ir.attachment", "read", [resultat["rapport_id"]], ["res_id"])[0]["res_id"]
        ligne = appel("cnas.import_assures.ligne", "search_read", [("import_id", "=", import_)],
                      ["donnees", "brut", "changements", "message", "state"])[0]
        self.assertEqual((ligne["state"], ligne["donnees"]["nom"], ligne["donnees"]["genre"]), ("erreur", "Abakar", False))
        self.assertIn(["lien", "locataire"], ligne["brut"])
