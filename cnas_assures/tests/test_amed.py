import base64
import io
from datetime import date, timedelta

from dateutil.relativedelta import relativedelta
from freezegun import freeze_time
from openpyxl import load_workbook

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.cnas_base.ecriture import ecrire_xlsx
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.tests.common import pdf_base64

from ..models.amed.liste import COLONNES
from .commun_assures import CasAssure

PDF = pdf_base64("procès-verbal")
TITRES = "N° ménage;Chef de ménage;NNI;Matricule CNAS;Score PMT;Village;District;Taille;Éligibilité\n"


class CasAmed(CasAssure):
    """Un agent, un autre, deux superviseurs ; de quoi mener une liste jusqu'aux décisions."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.superviseur2 = new_test_user(cls.env, "assa_superviseur2", "cnas_base.group_superviseur")
        cls.jour = aujourd_hui()
        cls.Decision = cls.env["cnas.decision_amed"].with_user(cls.agent)

    def liste(self, texte, nom="menages.csv", **valeurs):
        contenu = texte if isinstance(texte, bytes) else (TITRES + texte).encode()
        return self.env["cnas.liste_rsu"].with_user(self.agent).create({
            "name": "Essai", "reference": "AMED-ESSAI-1", "fichier": base64.b64encode(contenu), "nom_fichier": nom,
            "district_id": self.district.id, "date_effet": self.jour, **valeurs})

    def soumise(self, texte, **valeurs):
        liste = self.liste(texte, **valeurs)
        liste.action_controler()
        liste.action_soumettre()
        liste.with_user(self.agent2).write({
            "proces_verbal": PDF, "proces_verbal_nom": "pv.pdf", "date_assemblee": liste.date_effet})
        return liste

    def validee(self, texte, **valeurs):
        liste = self.soumise(texte, **valeurs)
        liste.with_user(self.superviseur).action_valider()
        return liste

    def decision(self, decision="éligible", numero="R-1", **valeurs):
        return self.validee(f"{numero};Adoum Brahim;;;31,5;Amra;;6;{decision}\n", **valeurs).decision_ids

    def chef(self, **valeurs):
        return self.creer_actif(**{"nom": "Zakaria", "prenom": "Tom Amra", "district_id": self.district.id, **valeurs})

    def rapport(self, liste):
        piece = self.env["ir.attachment"].browse(int(liste.action_telecharger_rapport()["url"].split("/")[3].split("?")[0]))
        return [list(rang) for rang in load_workbook(io.BytesIO(piece.raw)).active.iter_rows(values_only=True)]

    def etats(self, liste):
        return {ligne.numero: (ligne.state, ligne.message or "") for ligne in liste.ligne_ids}


@tagged("post_install", "-at_install", "cnas")
class TestListeRsu(CasAmed):
    """Lire, contrôler à blanc, soumettre, valider à deux sur procès-verbal."""

    def test_controle_a_blanc(self):
        avant = self.Decision.search_count([])
        liste = self.liste(
            "R-1;Adoum Brahim;;;31,5;Amra;;6;éligible\n"
            "R-2;Hassan Ali;;;0.42;Amra;;;Non retenu\n"
            ";Sans Numéro;;;1;Amra;;;oui\n"
            "R-3;Kaltouma;;;abc;Amra;Atlantide;;oui\n"
            "R-4;Zara;;;1;Amra;;;peut-être\n"
            "r-1;Adoum Brahim;;;1;AMRA;;;oui\n"
            "R-1;Un Autre;;;1;Kolo;;;oui\n"
            "R-5;Moussa;;;1;Amra;;800;oui\n"
            "R-6;Moussa;;TD999;1;Amra;;;oui\n")
        liste.action_controler()
        etats = self.etats(liste)
        self.assertEqual([etats[n][0] for n in range(2, 11)], [
            "retenue", "retenue", "refusee", "refusee", "refusee", "refusee", "retenue", "refusee", "refusee"])
        for numero, phrase in ((4, "Numéro de ménage manquant"), (5, "District inconnu : Atlantide.*Score illisible"),
                               (6, "Décision illisible"), (7, "ligne 2"), (9, "personnes"), (10, "matricule")):
            self.assertRegex(etats[numero][1], phrase)
        un = liste.ligne_ids.filtered(lambda li: li.numero == 2)
        self.assertEqual((un.score, un.personnes, un.decision, un.district_id), (31.5, 6, "eligible", self.district))
        self.assertEqual(self.Decision.search_count([]), avant)
        self.assertEqual((liste.nombre_lignes, liste.nombre_retenues, liste.nombre_erreurs), (9, 3, 6))

    def test_classeur_rapport_corrige_et_renvoye(self):
        liste = self.liste("R-1;Adoum Brahim;;;31,5;Amra;;6;éligible\nR-2;Hassan Ali;;;2;Amra;;;peut-être\n")
        liste.action_controler()
        rangs = self.rapport(liste)
        self.assertEqual(rangs[0], [*COLONNES, "Résultat", "Que faire"])
        self.assertIn("Décision illisible", rangs[2][-1])
        rangs[2][COLONNES.index("decision")] = "éligible"
        renvoyee = self.liste(ecrire_xlsx(rangs[0], rangs[1:]), nom="rapport.xlsx")
        renvoyee.action_controler()
        self.assertEqual(renvoyee.nombre_retenues, 2)
        self.assertEqual(renvoyee.ligne_ids[0].score, 31.5)

    def test_une_case_qui_ne_dit_rien_est_vide(self):
        """« Néant » n'est le NNI ni le matricule de personne : deux chefs qui n'en ont pas ne sont pas la même personne."""
        liste = self.liste("R-1;Adoum;Néant;N/A;-;Amra;;ND;oui\nR-2;Zara;néant;aucun;;Amra;;;oui\nR-3;Haoua;0;;Néant;Amra;-;;oui\n")
        liste.action_controler()
        self.assertEqual(self.etats(liste), dict.fromkeys((2, 3, 4), ("retenue", "")))
        self.assertEqual(liste.ligne_ids.mapped("nni"), [False] * 3)

    def test_le_district_se_lit_comme_a_l_import(self):
        """À une graphie près ; un nom que deux provinces portent ne se devine pas."""
        provinces = self.env["cnas.province"].search([], limit=2)
        un, _deux = self.env["cnas.district"].create([{"name": "Am-Essai", "province_id": p.id} for p in provinces])
        liste = self.liste("R-1;Adoum;;;1;Amra;Abéché (Ouaddaï);;oui\nR-2;Zara;;;1;Amra;Amessai;;oui\n")
        liste.action_controler()
        trouve, ambigu = liste.ligne_ids.sorted("numero")
        self.assertEqual((trouve.district_id.name, trouve.state), ("Abéché", "retenue"))
        self.assertEqual(ambigu.state, "refusee")
        self.assertIn(un.with_context(avec_province=True).display_name, ambigu.message)

    def test_un_en_tete_appris_au_dictionnaire(self):
        texte = "Foyer du recensement;Chef;Village;Éligible\nR-1;Adoum;Amra;oui\n".encode()
        with self.assertRaisesRegex(UserError, "absentes"):
            self.liste(texte).action_controler()
        colonne = self.env["cnas.colonne"].search([("sujet", "=", "menages_rsu"), ("code", "=", "menage")])
        self.env["cnas.synonyme_colonne"].create({"colonne_id": colonne.id, "entete": "Foyer du recensement"})
        liste = self.liste(texte)
        liste.action_controler()
        self.assertEqual(liste.ligne_ids.mapped("numero_menage"), ["R-1"])

    def test_le_rapport_garde_le_prenom(self):
        liste = self.liste("N° ménage;Nom;Prénom;Village;Éligible\nR-1;Adoum;Brahim;Amra;peut-être\n".encode())
        liste.action_controler()
        rapport = self.rapport(liste)
        rapport[1] = ["oui" if case == "peut-être" else case for case in rapport[1]]
        renvoyee = self.liste(ecrire_xlsx(rapport[0], rapport[1:]), nom="rapport.xlsx")
        renvoyee.action_controler()
        self.assertEqual((renvoyee.ligne_ids.chef, renvoyee.ligne_ids.state), ("Adoum Brahim", "retenue"))
        self.env.cr.precommit.run()
        sorties = self.env["cnas.journal"].sudo().search([("modele", "=", "cnas.liste_rsu"), ("evenement", "=", "export")])
        self.assertIn(liste.id, sorties.mapped("res_id"))

    def test_valider_demande_un_proces_verbal_et_d_autres_yeux(self):
        liste = self.liste("R-1;Adoum Brahim;;;31,5;Amra;;6;éligible\n")
        liste.action_controler()
        with self.assertRaisesRegex(UserError, "se fait à l'état « Soumise"):
            liste.with_user(self.superviseur).action_valider()
        liste.action_soumettre()
        with self.assertRaises(AccessError):
            liste.with_user(self.agent2).action_valider()
        with self.assertRaisesRegex(UserError, "procès-verbal"):
            liste.with_user(self.superviseur).action_valider()
        for faux, phrase in ((base64.b64encode(b"bonjour"), "n'est pas accepté"), (base64.b64encode(b"%PDF-1.4 coup"), "tronqué")):
            with self.assertRaisesRegex(UserError, phrase):
                liste.write({"proces_verbal": faux})
        liste.with_user(self.superviseur2).write({"proces_verbal": PDF, "date_assemblee": self.jour})
        with self.assertRaisesRegex(UserError, "Quatre yeux"):
            liste.with_user(self.superviseur2).action_valider()
        self.assertTrue(liste.with_user(self.superviseur).action_valider())
        self.assertEqual((liste.state, liste.valideur_id, len(liste.decision_ids)), ("validee", self.superviseur, 1))
        self.assertEqual(liste.ligne_ids.state, "decidee")
        with self.assertRaisesRegex(UserError, "ne se modifie plus"):
            liste.write({"date_assemblee": self.jour - timedelta(days=1)})
        liste.ligne_ids.sudo()._decider()
        self.assertEqual(len(liste.decision_ids), 1)

    def test_qui_saisit_ou_soumet_ne_valide_pas(self):
        for role in (self.superviseur, self.superviseur2):
            liste = self.liste("R-1;Adoum Brahim;;;31,5;Amra;;6;éligible\n")
            if role == self.superviseur:
                liste = liste.with_user(role).copy({"fichier": liste.fichier, "name": "Copie"})
            liste.action_controler()
            liste.with_user(role).action_soumettre()
            liste.with_user(self.agent2).write({"proces_verbal": PDF, "date_assemblee": self.jour})
            with self.assertRaisesRegex(UserError, "Quatre yeux"):
                liste.with_user(role).action_valider()
            with self.assertRaisesRegex(UserError, "Quatre yeux"):
                liste.with_user(role).action_rejeter("Erreur")

    def test_qui_a_pris_part_a_la_liste_ne_la_valide_pas(self):
        gestes = {
            "date": lambda liste: liste.write({"reference": "AMED-X"}),
            "communauté": lambda liste: liste.ligne_ids[0].write({"decision_communaute": "non_eligible"}),
            "écarter": lambda liste: liste.ligne_ids[0].action_ecarter("Parti"),
            "garder": lambda liste: liste.ligne_ids.filtered(lambda li: li.state == "double").action_garder("Deux personnes")}
        for nom, geste in gestes.items():
            doubles = "D-1;Adoum;42;;1;Amra;;;oui\nD-2;Adoum;42;;1;Kolo;;;oui\n" if nom == "garder" else ""
            liste = self.soumise("R-1;Adoum Brahim;;;31,5;Amra;;6;éligible\nR-2;Zara;;;1;Amra;;;oui\n" + doubles)
            geste(liste.with_user(self.superviseur))
            with self.subTest(nom), self.assertRaisesRegex(UserError, "Quatre yeux"):
                liste.with_user(self.superviseur).action_valider()
            with self.assertRaises(UserError):
                liste.write({"intervenant_ids": [Command.clear()]})
            self.assertTrue(liste.with_user(self.superviseur2).action_rejeter("Essai"))

    def test_rejeter_a_un_motif_et_n_etablit_rien(self):
        liste = self.soumise("R-1;Adoum Brahim;;;31,5;Amra;;6;éligible\n")
        self.assertEqual(liste.with_user(self.superviseur).action_rejeter()["res_model"], "cnas.motif.wizard")
        liste.with_user(self.superviseur).action_rejeter("Assemblée contestée")
        self.assertEqual((liste.state, liste.motif_rejet, len(liste.decision_ids)), ("rejetee", "Assemblée contestée", 0))

    def test_ce_qui_est_controle_se_recontrole_et_ce_qui_est_soumis_se_fige(self):
        liste = self.liste("R-1;Adoum Brahim;;;31,5;Amra;;6;éligible\n")
        liste.action_controler()
        liste.date_effet = self.jour - timedelta(days=3)
        self.assertEqual(liste.state, "brouillon")
        with self.assertRaisesRegex(UserError, "se fait à l'état"):
            liste.action_soumettre()
        liste.action_controler()
        liste.action_soumettre()
        with self.assertRaisesRegex(UserError, "devant l'assemblée"):
            liste.village = "Kolo"
        with self.assertRaisesRegex(UserError, "se reporter, pas s'avancer"):
            liste.date_effet = self.jour - timedelta(days=4)
        # L'assemblée se tient après le jour prévu : la date suit, la liste n'est pas à refaire.
        liste.write({"date_effet": self.jour, "date_assemblee": self.jour})
        vide = self.liste("R-1;Adoum Brahim;;;31,5;Amra;;6;bof\n")
        vide.action_controler()
        with self.assertRaisesRegex(UserError, "Aucun ménage retenu"):
            vide.action_soumettre()
        with self.assertRaisesRegex(UserError, "ne s'efface pas"):
            liste.sudo().unlink()

    def test_dates(self):
        with self.assertRaisesRegex(ValidationError, "avant l'assemblée"):
            self.liste("R-1;A;;;1;Amra;;;oui\n", date_effet=self.jour - timedelta(days=2), date_assemblee=self.jour - timedelta(days=1))
        with self.assertRaisesRegex(ValidationError, "à venir"):
            self.liste("R-1;A;;;1;Amra;;;oui\n", date_effet=self.jour + timedelta(days=9), date_assemblee=self.jour + timedelta(days=1))

    def test_l_assemblee_change_ou_ecarte(self):
        liste = self.soumise("R-1;Adoum;;;1;Amra;;;oui\nR-2;Hassan;;;2;Amra;;;non\nR-3;Zara;;;3;Amra;;;oui\n")
        un, deux, trois = liste.ligne_ids.sorted("numero")
        deux.decision_communaute = "eligible"
        self.assertEqual(trois.action_ecarter()["res_model"], "cnas.motif.wizard")
        trois.action_ecarter("A quitté le village")
        for forge in ({"state": "decidee"}, {"decision": "non_eligible"}, {"numero_menage": "X"}, {"cle_menage": "X"}):
            with self.assertRaises(UserError):
                un.write(forge)
        with self.assertRaises(UserError):
            liste.write({"ligne_ids": [Command.update(un.id, {"score": 99})]})
        for valeurs in ({"numero_menage": "R-9"}, {"decision_communaute": "eligible"}):
            with self.assertRaises(UserError):
                liste.write({"ligne_ids": [Command.create(valeurs)]})
        liste.with_user(self.superviseur).action_valider()
        self.assertEqual({d.numero_menage: d.decision for d in liste.decision_ids}, {"R-1": "eligible", "R-2": "eligible"})
        with self.assertRaisesRegex(UserError, "décidée"):
            un.decision_communaute = "non_eligible"

    def test_renvoyer_la_liste_ne_cree_rien(self):
        texte = "R-1;Adoum Brahim;;;31,5;Amra;;6;éligible\n"
        self.validee(texte)
        rejeu = self.liste(texte)
        rejeu.action_controler()
        self.assertEqual(rejeu.ligne_ids.state, "deja")
        with self.assertRaisesRegex(UserError, "Aucun ménage retenu"):
            rejeu.action_soumettre()
        avant = self.liste(texte, date_effet=self.jour - timedelta(days=40))
        avant.action_controler()
        self.assertRegex(avant.ligne_ids.message, "plus récente")

    def test_requetes_constantes(self):
        """Contrôler puis valider coûte autant pour dix ménages que pour quarante."""
        couts = []
        for rang, nombre in enumerate((5, 10, 40)):
            liste = self.soumise("".join(f"Q{rang}-{i};Chef {i};;;1;Amra;;;oui\n" for i in range(nombre)))
            a_juger = self.liste("".join(f"P{rang}-{i};Chef {i};;;1;Amra;;;oui\n" for i in range(nombre)))
            couts.append((self.requetes(a_juger.action_controler), self.requetes(liste.with_user(self.superviseur).action_valider)))
        self.assertEqual(couts[2], couts[1])


@tagged("post_install", "-at_install", "cnas")
class TestDoubleRsu(CasAmed):
    """La personne de deux ménages, le NNI d'un autre : signalés, jamais confondus."""

    def jugee(self, texte, **valeurs):
        liste = self.liste(texte, **valeurs)
        liste.action_controler()
        return liste.ligne_ids.sorted("numero")

    def test_meme_nni_dans_deux_menages(self):
        lignes = self.jugee("R-1;Adoum;555;;1;Amra;;;oui\nR-2;Adoum;555;;1;Kolo;;;oui\n")
        self.assertEqual(lignes.mapped("state"), ["double", "double"])
        self.assertRegex(lignes[0].message, "ligne 3")
        liste = lignes.liste_id
        liste.action_soumettre()
        liste.write({"proces_verbal": PDF, "date_assemblee": self.jour})
        with self.assertRaisesRegex(UserError, "2 personnes en double"):
            liste.with_user(self.superviseur).action_valider()
        lignes[0].action_garder("Vérifié au village")
        lignes[1].action_ecarter("Compté deux fois")
        liste.with_user(self.superviseur).action_valider()
        self.assertEqual(liste.decision_ids.numero_menage, "R-1")

    def test_nni_deja_decide_ailleurs(self):
        self.validee("R-1;Adoum;555;;1;Amra;;;oui\n")
        ligne = self.jugee("R-8;Adoum;555;;1;Kolo;;;oui\n")
        self.assertEqual(ligne.state, "double")
        self.assertRegex(ligne.message, r"NNI 555 est aussi celui du ménage R-1 \(Amra\)")

    def test_nni_d_une_autre_personne(self):
        self.chef(nni="777")
        ligne = self.jugee("R-1;Kaltouma Achta;777;;1;Amra;;;oui\n")
        self.assertEqual(ligne.state, "double")
        self.assertRegex(ligne.message, "celui de Zakaria Tom Amra")

    def test_nni_et_matricule_en_desaccord(self):
        un, deux = self.chef(nni="777"), self.chef(prenom="Tom Bis", nni="888")
        ligne = self.jugee(f"R-1;Zakaria Tom Amra;888;{un.matricule};1;Amra;;;oui\n")
        self.assertRegex(ligne.message, "NNI 888 n'est pas celui du matricule")
        self.assertNotEqual(ligne.assure_id, deux)

    def test_salarie_ayant_droit_radie(self):
        salarie = self.chef(nni="777", regime_id=self.ass.id)
        principal = self.chef(prenom="Le Chef")
        ayant_droit = self.chef(prenom="La Fille", nni="778", assure_principal_id=principal.id, lien="enfant")
        radie = self.chef(prenom="Parti", nni="779")
        radie.with_user(self.superviseur).action_radier("Départ")
        for assure, phrase in ((salarie, "régime ASS"), (ayant_droit, "ayant droit de"), (radie, "radié")):
            ligne = self.jugee(f"R-1;{assure.name};{assure.nni};;1;Amra;;;oui\n")
            self.assertEqual(ligne.state, "double", assure.name)
            self.assertRegex(ligne.message, phrase)
        self.assertEqual(self.jugee(f"R-1;{salarie.name};777;;1;Amra;;;non\n").state, "retenue")

    def test_assure_deja_chef_d_un_autre_menage(self):
        chef = self.chef()
        self.validee(f"R-1;{chef.name};;{chef.matricule};1;Amra;;;oui\n")
        ligne = self.jugee(f"R-9;{chef.name};;{chef.matricule};1;Kolo;;;oui\n")
        self.assertEqual(ligne.state, "double")
        self.assertRegex(ligne.message, "déjà le chef du ménage R-1")

    def test_l_assemblee_ne_rend_pas_eligible_qui_l_est_deja_ailleurs(self):
        """Proposé non éligible, un ménage n'est pas passé par la recherche de doubles : elle se fait quand l'assemblée le retient."""
        chef = self.chef()
        self.validee(f"R-1;{chef.name};;{chef.matricule};1;Amra;;;oui\n")
        self.validee("R-2;Adoum;555;;1;Amra;;;oui\n")
        lignes = self.jugee(f"R-8;{chef.name};;{chef.matricule};1;Kolo;;;non\nR-9;Adoum;555;;1;Kolo;;;non\n"
                            "R-10;Zara;666;;1;Kolo;;;oui\nR-11;Zara;666;;1;Kolo;;;non\nR-12;Haoua;;;1;Kolo;;;non\n")
        self.assertEqual(set(lignes.mapped("state")), {"retenue"})
        for ligne, phrase in zip(lignes.filtered(lambda li: li.decision == "non_eligible"),
                                 ("déjà le chef du ménage R-1", "NNI 555 est aussi celui", "de la ligne 4", None)):
            if not phrase:
                ligne.decision_communaute = "eligible"
                continue
            with self.subTest(phrase), self.assertRaisesRegex(UserError, phrase):
                ligne.decision_communaute = "eligible"

    def test_un_double_venu_depuis_le_controle_ne_se_valide_pas(self):
        chef = self.chef()
        texte = "{};" + f"{chef.name};;{chef.matricule};1;" + "{};;;oui\nR-7;Zara;;;1;Amra;;;oui\n"
        premiere, seconde = self.soumise(texte.format("R-1", "Amra")), self.soumise(texte.format("R-9", "Kolo"))
        premiere.with_user(self.superviseur).action_valider()
        with self.assertRaisesRegex(UserError, "déjà le chef du ménage R-1"):
            seconde.with_user(self.superviseur).action_valider()
        seconde.ligne_ids.filtered("assure_id").action_ecarter("Compté deux fois")
        seconde.with_user(self.superviseur).action_valider()
        self.assertEqual(seconde.decision_ids.numero_menage, "R-7")

    def test_une_ressemblance_se_propose(self):
        chef = self.chef()
        ligne = self.jugee("R-1;Zakaria Tom Amra;;;1;Amra;;;oui\n")
        self.assertEqual((ligne.state, ligne.assure_id), ("retenue", self.Assure))
        self.assertRegex(ligne.message, f"Ressemble à {chef.name}")
        ligne.assure_id = chef
        salarie = self.chef(prenom="Autre", regime_id=self.ass.id)
        with self.assertRaisesRegex(UserError, "régime ASS"):
            ligne.assure_id = salarie


@tagged("post_install", "-at_install", "cnas")
class TestDecisionAmed(CasAmed):
    """La décision datée borne les droits ; à son terme, le ménage se recertifie ou échoit."""

    def reconnu(self, decision="éligible", chef=None, numero="R-1", **valeurs):
        chef = chef or self.chef()
        liste = self.validee(f"{numero};{chef.name};;{chef.matricule};31,5;Amra;;6;{decision}\n", **valeurs)
        return chef, liste.decision_ids.with_user(self.agent)

    def droits(self, assure, *jours):
        return [self.verifier(assure, jour)["etat_droits"] for jour in jours]

    def test_la_decision_borne_les_droits(self):
        chef, decision = self.reconnu()
        self.assertEqual(decision.date_fin, self.jour + relativedelta(months=24, days=-1))
        self.assertEqual(chef.decision_amed, "AMED-ESSAI-1")
        fin, un = decision.date_fin, timedelta(days=1)
        # Ouverts avant la décision, ils le restent ; nul jour après le dernier.
        self.assertEqual(self.droits(chef, self.jour - un, self.jour, fin, fin + un), ["ouverts", "ouverts", "ouverts", "fermes"])

    def test_l_ayant_droit_suit_son_principal(self):
        chef = self.chef()
        enfant = self.creer_actif(nom="Zakaria", prenom="Petit", date_naissance=date(2020, 1, 1), assure_principal_id=chef.id,
                                  lien="enfant", date_affiliation=False)
        _chef, decision = self.reconnu(chef=chef)
        fin = decision.date_fin
        self.assertEqual(self.droits(enfant, fin, fin + timedelta(days=1)), ["ouverts", "fermes"])

    def test_sans_droits_la_decision_les_ouvre(self):
        chef = self.chef()
        chef._fermer_droits(date(2025, 6, 1), "Essai", "fermeture")
        _chef, decision = self.reconnu(chef=chef, date_effet=self.jour - timedelta(days=5))
        debut = decision.date_debut
        self.assertEqual(self.droits(chef, debut - timedelta(days=1), debut, decision.date_fin), ["fermes", "ouverts", "ouverts"])
        self.assertEqual(chef.droit_ids.filtered(lambda d: d.date_debut == debut).origine, "decision_amed")

    def test_un_jour_suspendu_ne_s_ouvre_pas(self):
        chef = self.chef()
        lundi = self.jour + timedelta(days=10)
        chef.with_user(self.usagers["controleur"]).action_suspendre("Enquête", lundi, lundi + timedelta(days=4))
        _chef, decision = self.reconnu(chef=chef)
        self.assertEqual(self.droits(chef, lundi - timedelta(days=1), lundi, lundi + timedelta(days=5), decision.date_fin),
                         ["ouverts", "fermes", "ouverts", "ouverts"])

    def test_non_eligible_ferme_les_droits(self):
        chef, decision = self.reconnu("non éligible")
        self.assertFalse(decision.date_fin)
        self.assertEqual(self.droits(chef, self.jour - timedelta(days=1), self.jour), ["ouverts", "fermes"])
        self.assertRegex(self.verifier(chef, self.jour)["motif"], "Non éligible à l'AMED, décision AMED-ESSAI-1")

    def test_une_decision_non_eligible_ne_touche_pas_un_salarie(self):
        chef = self.chef(regime_id=self.ass.id)
        self.reconnu("non éligible", chef=chef)
        self.assertEqual(self.droits(chef, self.jour), ["ouverts"])

    def test_la_duree_est_celle_du_premier_jour(self):
        self.env["cnas.parametre"]._dater("duree_decision_amed_mois", "12", self.jour)
        veille = self.decision(numero="R-A", date_effet=self.jour - timedelta(days=1))
        jour = self.decision(numero="R-B")
        self.assertEqual(veille.date_fin, self.jour - timedelta(days=1) + relativedelta(months=24, days=-1))
        self.assertEqual(jour.date_fin, self.jour + relativedelta(months=12, days=-1))

    def test_rien_ne_s_ecrit_a_la_main(self):
        decision = self.decision().with_user(self.superviseur)
        for forge in ({"state": "recertifiee"}, {"date_fin": "2099-01-01"}, {"decision": "non_eligible"}, {"cle_menage": "x"},
                      {"valideur_id": self.agent.id}, {"score": 99}):
            with self.subTest(forge), self.assertRaises(UserError):
                decision.with_context(tracking_disable=True, install_mode=True, cnas_ouvert=True).write(forge)
        for valeurs in ({"numero_menage": "X"}, {"assure_id": self.chef().id}):
            with self.assertRaises(UserError):
                self.Decision.create(valeurs)
        with self.assertRaises(UserError):
            decision.unlink()
        with self.assertRaises(UserError):
            decision.copy()

    def test_reconnaitre_l_assure_ensuite(self):
        decision = self.decision().with_user(self.agent)
        chef = self.chef()
        chef._fermer_droits(date(2025, 6, 1), "Essai", "fermeture")
        salarie = self.chef(prenom="Salarié", regime_id=self.ass.id)
        with self.assertRaisesRegex(AccessError, "rattacher une décision"):
            decision.assure_id = chef
        decision = decision.with_user(self.superviseur)
        with self.assertRaisesRegex(UserError, "régime ASS"):
            decision.assure_id = salarie
        with self.assertRaises(UserError):
            decision.write({"assure_id": "texte"})
        decision.assure_id = chef
        self.assertEqual(self.droits(chef, self.jour, decision.date_fin, decision.date_fin + timedelta(days=1)),
                         ["ouverts", "ouverts", "fermes"])
        with self.assertRaisesRegex(UserError, "déjà celle de"):
            decision.assure_id = self.chef(prenom="Second")
        with self.assertRaisesRegex(UserError, "déjà celle de"):
            decision.assure_id = False
        with self.assertRaisesRegex(UserError, "déjà le chef du ménage"):
            self.decision(numero="R-2").with_user(self.superviseur).assure_id = chef

    def test_deux_decisions_d_un_menage_ne_se_chevauchent_pas(self):
        decision = self.decision()
        with self.assertRaisesRegex(Exception, "déjà une décision|periode_exclusive"), mute_logger("odoo.sql_db"), self.cr.savepoint():
            self.env["cnas.decision_amed"]._creer([{**decision._valeurs_du_menage(), "decision": "eligible", "reference": "X",
                                                     "date_decision": self.jour, "date_debut": self.jour}])

    def test_une_liste_plus_recente_prend_la_suite(self):
        chef, ancienne = self.reconnu(date_effet=self.jour - timedelta(days=30))
        liste = self.validee("r-1;Autre graphie;;;12;  AMRA ;;;non éligible\n", reference="AMED-2")
        nouvelle = liste.decision_ids
        self.assertEqual((ancienne.state, ancienne.date_fin), ("remplacee", self.jour - timedelta(days=1)))
        # Le ménage reconnu le reste, par son district, son village et son numéro.
        self.assertEqual((nouvelle.assure_id, nouvelle.decision), (chef, "non_eligible"))
        self.assertEqual(self.droits(chef, self.jour - timedelta(days=1), self.jour), ["ouverts", "fermes"])

    def test_le_chef_remplace_garde_ses_droits_jusqu_a_la_veille_seulement(self):
        """Un ménage change de chef : les droits de l'ancien finissent avec sa décision, sauf s'il est le chef d'un autre."""
        for rang, decision in enumerate(("oui", "non")):
            ancien, _decision = self.reconnu(date_effet=self.jour - timedelta(days=30), numero=f"C-{rang}",
                                             chef=self.chef(prenom=f"Ancien {'xy'[rang]}"))
            nouveau = self.chef(prenom=f"Nouveau {'xy'[rang]}")
            self.validee(f"C-{rang};{nouveau.name};;{nouveau.matricule};1;Amra;;;{decision}\n", reference="AMED-2")
            with self.subTest(decision):
                self.assertEqual(self.droits(ancien, self.jour - timedelta(days=1), self.jour), ["ouverts", "fermes"])
                self.assertEqual(self.droits(nouveau, self.jour), ["ouverts" if decision == "oui" else "fermes"])
        parti, _decision = self.reconnu(date_effet=self.jour - timedelta(days=30), numero="D-1", chef=self.chef(prenom="Parti"))
        liste = self.soumise(f"D-2;{parti.name};;{parti.matricule};1;Kolo;;;oui\nD-1;{nouveau.name};;;1;Amra;;;oui\n", reference="AMED-3")
        liste.ligne_ids.filtered(lambda ligne: ligne.state == "double").action_garder("Il a changé de village")
        liste.ligne_ids.filtered(lambda ligne: ligne.numero_menage == "D-1").with_user(self.agent).assure_id = self.chef(prenom="Resté")
        liste.with_user(self.superviseur).action_valider()
        self.assertEqual(self.droits(parti, self.jour - timedelta(days=1), self.jour), ["ouverts", "ouverts"])

    # ------------------------------------------------------------------ recertification
    def au_terme(self, jours_avant=90, **valeurs):
        chef, decision = self.reconnu(**valeurs)
        return chef, decision, decision.date_fin - timedelta(days=jours_avant)

    def test_la_file_s_ouvre_au_jour_du_preavis(self):
        _chef, decision, jour = self.au_terme()
        self.decision("non éligible", numero="R-7")
        with freeze_time(f"{jour - timedelta(days=1)} 12:00"):
            self.assertEqual((self.Decision._cron_ouvrir_recertification(), decision.state), (0, "en_vigueur"))
        with freeze_time(f"{jour} 12:00"):
            self.assertEqual((self.Decision._cron_ouvrir_recertification(), decision.state), (1, "a_recertifier"))
            self.assertEqual(self.Decision._cron_ouvrir_recertification(), 0)
            self.assertEqual(decision.jours_restants, 90)

    def test_recertifier_a_deux(self):
        chef, decision, jour = self.au_terme()
        fin = decision.date_fin
        with freeze_time(f"{jour} 12:00"):
            with self.assertRaisesRegex(UserError, "À recertifier"):
                decision.action_proposer("Toujours démuni")
            self.Decision._cron_ouvrir_recertification()
            self.assertEqual(decision.action_proposer()["res_model"], "cnas.motif.wizard")
            decision.with_user(self.superviseur).action_proposer("Toujours démuni", fields_date(jour))
            self.assertEqual((decision.state, decision.constat, decision.proposeur_id), ("proposee", "Toujours démuni", self.superviseur))
            with self.assertRaises(AccessError):
                decision.with_user(self.agent).action_recertifier()
            with self.assertRaisesRegex(UserError, "Quatre yeux"):
                decision.with_user(self.superviseur).action_recertifier()
            decision.with_user(self.superviseur2).action_recertifier()
            suite = self.env["cnas.decision_amed"].search([("precedente_id", "=", decision.id)])
            self.assertEqual((decision.state, suite.date_debut, suite.assure_id), ("recertifiee", fin + timedelta(days=1), chef))
            self.assertEqual(suite.date_fin, suite.date_debut + relativedelta(months=24, days=-1))
            self.assertEqual(self.droits(chef, fin, fin + timedelta(days=1), suite.date_fin, suite.date_fin + timedelta(days=1)),
                             ["ouverts", "ouverts", "ouverts", "fermes"])

    def test_recertifie_apres_le_terme_les_droits_reprennent_au_jour_propose(self):
        chef, decision, jour = self.au_terme(jours_avant=-20)
        with freeze_time(f"{jour} 12:00"):
            self.Decision._cron_ouvrir_recertification()
            decision.action_proposer("Revu", fields_date(jour))
            decision.with_user(self.superviseur).action_recertifier()
            self.assertEqual(self.droits(chef, decision.date_fin, decision.date_fin + timedelta(days=1), jour - timedelta(days=1), jour),
                             ["ouverts", "fermes", "fermes", "ouverts"])

    def test_laisser_echoir(self):
        chef, decision, jour = self.au_terme()
        with freeze_time(f"{jour} 12:00"):
            self.Decision._cron_ouvrir_recertification()
            with self.assertRaises(AccessError):
                decision.action_laisser_echoir("Parti")
            self.assertEqual(decision.with_user(self.superviseur).action_laisser_echoir()["res_model"], "cnas.motif.wizard")
            decision.with_user(self.superviseur).action_laisser_echoir("Le ménage a quitté le village")
            self.assertEqual((decision.state, decision.motif_fin), ("echue", "Le ménage a quitté le village"))
            fin = decision.date_fin
            self.assertEqual(self.droits(chef, fin, fin + timedelta(days=1)), ["ouverts", "fermes"])

    def test_recertifier_par_lots(self):
        """Recertifier quarante ménages coûte autant que dix."""
        couts = []
        for rang, nombre in enumerate((5, 10, 40)):
            chefs = [self.creer_actif(nom="Lot", prenom=f"Chef {chr(97 + i % 26)}{chr(97 + i // 26)} {'abc'[rang]}") for i in range(nombre)]
            liste = self.validee("".join(f"L{rang}-{i};{c.name};;{c.matricule};1;Amra;;;oui\n" for i, c in enumerate(chefs)))
            decisions = self.Decision.browse(liste.decision_ids.ids)
            self.assertEqual(len(decisions), nombre)
            with freeze_time(f"{decisions[0].date_fin} 12:00"):
                cron = self.requetes(self.Decision._cron_ouvrir_recertification)
                decisions.with_user(self.agent).action_proposer("Revu", fields_date(decisions[0].date_fin))
                couts.append((cron, self.requetes(decisions.with_user(self.superviseur).action_recertifier)))
        self.assertEqual(couts[2], couts[1])

    def test_compteurs_par_district_et_village(self):
        self.validee("C-1;A;;;1;Amra;;4;oui\nC-2;B;;;1; AMRA ;;3;oui\n", reference="COMPTE")
        self.validee("C-3;C;;;1;Kolo;;2;non\nC-4;D;;;1;amra;;1;oui\n", reference="COMPTE")
        lus = self.Decision.read_group([("reference", "=", "COMPTE")], ["personnes:sum"], ["district_id", "village", "decision"], lazy=False)
        self.assertEqual({(g["village"], g["decision"]): (g["__count"], g["personnes"]) for g in lus},
                         {("Amra", "eligible"): (3, 8), ("Kolo", "non_eligible"): (1, 2)})


@tagged("post_install", "-at_install", "cnas")
class TestReclamationAmed(CasAmed):
    """Contester une décision : un délai pour réclamer, un délai pour répondre, une réponse écrite, une autre personne."""

    def reclamation(self, decision=None, **valeurs):
        return self.env["cnas.reclamation_amed"].with_user(self.agent).create({
            "nature": "exclusion", "decision_id": decision and decision.id, "demandeur": "Chef de village", "expose": "Oublié",
            **valeurs})

    def test_exclu_a_tort(self):
        chef = self.chef()
        exclusion = self.validee(f"R-1;{chef.name};;{chef.matricule};1;Amra;;;non\n").decision_ids
        self.assertEqual(self.verifier(chef, self.jour)["etat_droits"], "fermes")
        reclamation = self.reclamation(exclusion)
        self.assertEqual((reclamation.numero_menage, reclamation.assure_id), ("R-1", chef))
        with self.assertRaises(AccessError):
            reclamation.action_accepter("Fondée")
        with self.assertRaisesRegex(UserError, "Quatre yeux"):
            reclamation.with_user(self.superviseur).action_accepter("Fondée")
        autre = reclamation.with_user(self.superviseur2)
        self.assertEqual(autre.action_accepter()["res_model"], "cnas.motif.wizard")
        with self.assertRaisesRegex(UserError, "au plus tôt"):
            autre.action_accepter("Fondée", fields_date(self.jour - timedelta(days=1)))
        autre.action_accepter("Fondée : le ménage a été oublié", fields_date(self.jour))
        self.assertEqual((reclamation.state, reclamation.reponse), ("acceptee", "Fondée : le ménage a été oublié"))
        nouvelle = reclamation.nouvelle_decision_id
        self.assertEqual((nouvelle.decision, exclusion.state, nouvelle.precedente_id), ("eligible", "annulee", exclusion))
        reponse = [self.verifier(chef, jour)["etat_droits"] for jour in (self.jour, nouvelle.date_fin, nouvelle.date_fin + timedelta(days=1))]
        self.assertEqual(reponse, ["ouverts", "ouverts", "fermes"])
        self.assertNotRegex(self.verifier(chef, nouvelle.date_fin + timedelta(days=1))["motif"], "Non éligible")

    def test_retenu_a_tort(self):
        chef = self.chef()
        decision = self.validee(f"R-1;{chef.name};;{chef.matricule};1;Amra;;;oui\n", date_effet=self.jour - timedelta(days=9)).decision_ids
        reclamation = self.reclamation(decision, nature="inclusion")
        reclamation.with_user(self.superviseur2).action_accepter("Le ménage a un salaire", fields_date(self.jour))
        self.assertEqual((decision.state, decision.date_fin), ("remplacee", self.jour - timedelta(days=1)))
        self.assertEqual([self.verifier(chef, j)["etat_droits"] for j in (self.jour - timedelta(days=1), self.jour)], ["ouverts", "fermes"])

    def test_menage_jamais_liste(self):
        reclamation = self.reclamation(numero_menage="R-77", village="Amra", district_id=self.district.id, chef="Achta")
        reclamation.with_user(self.superviseur).action_accepter("Vérifié", fields_date(self.jour))
        self.assertEqual(reclamation.nouvelle_decision_id.decision, "eligible")
        seconde = self.reclamation(numero_menage="r-77", village="AMRA", district_id=self.district.id)
        with self.assertRaisesRegex(UserError, "déjà éligible"):
            seconde.with_user(self.superviseur2).action_accepter("Encore")

    def test_le_chef_d_un_autre_menage_ou_d_un_autre_regime_n_est_pas_admis(self):
        chef, salarie = self.chef(), self.chef(prenom="Salarié", regime_id=self.ass.id)
        self.validee(f"R-1;{chef.name};;{chef.matricule};1;Amra;;;oui\n")
        for assure, phrase in ((chef, "déjà le chef du ménage R-1"), (salarie, "régime ASS")):
            reclamation = self.reclamation(numero_menage="R-9", village="Kolo", district_id=self.district.id, assure_id=assure.id)
            with self.assertRaisesRegex(UserError, phrase):
                reclamation.with_user(self.superviseur2).action_accepter("Oui")

    def test_le_nni_d_un_autre_menage_eligible_n_est_pas_admis(self):
        """Sans dossier d'assuré non plus, une réclamation ne rend pas éligible qui l'est déjà ailleurs."""
        self.validee("R-1;Adoum;555;;1;Amra;;;oui\n")
        exclu = self.validee("R-2;Adoum;555;;1;Kolo;;;non\n").decision_ids
        autre = self.decision(numero="R-3")
        for reclamation in (
                self.reclamation(numero_menage="R-9", village="Kolo", district_id=self.district.id, nni="555"),
                self.reclamation(exclu), self.reclamation(autre, nature="erreur", nni_corrige="5 55")):
            with self.subTest(reclamation.display_name), self.assertRaisesRegex(UserError, "NNI 555 est aussi celui du ménage R-1"):
                reclamation.with_user(self.superviseur2).action_accepter("Oui")
        ailleurs = self.reclamation(autre, nature="erreur", nni_corrige="55-6")
        ailleurs.with_user(self.superviseur2).action_accepter("Oui")
        self.assertEqual(autre.nni, "556")

    def test_erreur_sur_le_menage(self):
        decision = self.decision()
        reclamation = self.reclamation(decision, nature="erreur")
        with self.assertRaisesRegex(UserError, "rien n'est donné à corriger"):
            reclamation.with_user(self.superviseur2).action_accepter("Oui")
        reclamation = self.reclamation(decision, nature="erreur", chef_corrige="Adoum Ibrahim", village_corrige="Kolo")
        reclamation.with_user(self.superviseur2).action_accepter("Corrigé au registre")
        self.assertEqual((decision.chef, decision.village, decision.state), ("Adoum Ibrahim", "Kolo", "en_vigueur"))
        self.assertIn("kolo", decision.cle_menage)

    def test_rejeter(self):
        decision = self.decision("non")
        reclamation = self.reclamation(decision)
        with self.assertRaises(AccessError):
            reclamation.action_rejeter("Non")
        self.assertEqual(reclamation.with_user(self.superviseur2).action_rejeter()["res_model"], "cnas.motif.wizard")
        reclamation.with_user(self.superviseur2).action_rejeter("Le score est confirmé")
        self.assertEqual((reclamation.state, reclamation.reponse, decision.state), ("rejetee", "Le score est confirmé", "en_vigueur"))
        with self.assertRaisesRegex(UserError, "se fait à l'état"):
            reclamation.with_user(self.superviseur2).action_accepter("Si")

    def test_delais(self):
        decision = self.decision("non")
        for jours, hors in ((60, False), (61, True)):
            jour = self.jour + timedelta(days=jours)
            with freeze_time(f"{jour} 12:00"):
                reclamation = self.reclamation(decision)
                self.assertEqual((reclamation.hors_delai, reclamation.date_limite), (hors, jour + timedelta(days=30)))
                self.assertFalse(reclamation.en_retard)
        with self.assertRaisesRegex(UserError, "hors délai"), freeze_time(f"{jour} 12:00"):
            reclamation.with_user(self.superviseur2).action_accepter("Oui")
        limite = reclamation.date_limite
        for jour, retard in ((limite, False), (limite + timedelta(days=1), True)):
            with freeze_time(f"{jour} 12:00"):
                reclamation.invalidate_recordset(["en_retard"])
                self.assertEqual(reclamation.en_retard, retard)
                self.assertEqual(bool(reclamation.search([("en_retard", "=", True), ("id", "=", reclamation.id)])), retard)

    def test_la_decision_donnee_par_le_contexte_compte_autant(self):
        """Donnée par défaut, la décision contestée dit le ménage et le délai comme si elle était écrite."""
        decision = self.decision("non")
        jour = self.jour + timedelta(days=61)
        with freeze_time(f"{jour} 12:00"):
            reclamation = self.env["cnas.reclamation_amed"].with_user(self.agent).with_context(default_decision_id=decision.id).create({
                "nature": "exclusion", "demandeur": "Chef de village", "expose": "Oublié", "numero_menage": "AUTRE", "village": "Kolo",
                "district_id": self.district.id})
            self.assertEqual((reclamation.decision_id, reclamation.numero_menage, reclamation.hors_delai), (decision, "R-1", True))

    def test_objet_et_garde(self):
        eligible = self.decision()
        with self.assertRaisesRegex(ValidationError, "dit déjà ce ménage « Éligible »"):
            self.reclamation(eligible)
        with self.assertRaisesRegex(ValidationError, "quelle décision"):
            self.reclamation(nature="inclusion", numero_menage="1", village="A", district_id=self.district.id)
        with self.assertRaisesRegex(ValidationError, "ne précède pas"):
            self.reclamation(eligible, nature="inclusion", date_depot=self.jour - timedelta(days=1))
        with self.assertRaisesRegex(ValidationError, "à venir"):
            self.reclamation(eligible, nature="inclusion", date_depot=self.jour + timedelta(days=1))
        reclamation = self.reclamation(eligible, nature="inclusion")
        for forge in ({"state": "acceptee"}, {"expose": "Autre"}, {"reponse": "Oui"}, {"date_limite": self.jour}):
            with self.subTest(forge), self.assertRaises(UserError):
                reclamation.with_user(self.superviseur).write(forge)
        with self.assertRaises(UserError):
            reclamation.unlink()


def fields_date(jour):
    """Rend un jour comme un script l'écrit."""
    return jour.isoformat()
