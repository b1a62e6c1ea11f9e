import io
import re
import runpy
from pathlib import Path
from urllib.parse import urlparse

import openpyxl

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.http import Request
from odoo.tests import new_test_user, tagged

from odoo.addons.cnas_base.tests.common import HttpCase

from .commun import CasEmployeur

LISIBLES = {"cnas.employeur", "cnas.emploi", "cnas.declaration_effectif", "cnas.demande_affiliation"}
OUVERTS_AU_PORTAIL = {"cnas.type_piece"}  # une liste de types, sans personne
AFFILIATION = {"nom": "Ousman", "prenom": "Zara", "genre": "feminin", "date_naissance": "1990-02-03", "date_embauche": "2026-10-01",
               "telephone": "66 12 34 56"}


@tagged("post_install", "-at_install", "cnas")
class TestPortailEmployeur(HttpCase, CasEmployeur):
    """L'espace d'un employeur par de vraies requêtes, et le mur entre deux employeurs, une formation, un inconnu."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["cnas.emploi"].create([{"assure_id": a.id, "employeur_id": cls.employeur.id, "date_debut": "2026-01-01"} for a in cls.assures[:2]])
        cls.voisin = cls.employeurs.create({"raison_sociale": "Minoterie Secrète", "type_employeur": "ong"})
        cls.voisin.action_activer()
        cls.usager = cls._usager("t_employeur", cls.employeur)
        cls.autre = cls._usager("t_voisin_emp", cls.voisin)

    @classmethod
    def _usager(cls, login, employeur):
        return new_test_user(cls.env, login, password="employeur-essai-1", groups="cnas_base.group_portail_employeur",
                             employeur_ids=[Command.set(employeur.ids)])

    def setUp(self):
        super().setUp()
        self.authenticate("t_employeur", "employeur-essai-1")

    # ------------------------------------------------------------------ aides
    def ouvrir(self, adresse, **options):
        reponse = self.url_open(adresse, **options)
        self.assertEqual(reponse.status_code, 200, adresse)
        return reponse

    def envoyer(self, adresse, fichiers=None, **champs):
        return self.ouvrir(adresse, data={"csrf_token": Request.csrf_token(self), **champs}, files=fichiers)

    def ouverte(self, mois="2026-10"):
        page = self.envoyer("/my/employeur/declarer", mois=mois)
        return self.env["cnas.declaration_effectif"].browse(int(page.url.rsplit("/", 1)[1]))

    # ------------------------------------------------------------------ déclarer
    def test_accueil_et_situation(self):
        page = self.ouvrir("/my")
        self.assertTrue(page.url.endswith("/my/employeur"))
        self.assertIn("Brasserie du Logone", page.text)
        self.assertIn("Déclarations manquantes", page.text)
        self.assertLess(len(page.content), 40_000)

    def test_declarer_a_l_ecran(self):
        declaration = self.ouverte()
        self.assertEqual(declaration.ligne_ids.assure_id, self.assures[:2])
        adresse = f"/my/employeur/declarations/{declaration.id}"
        premiere, seconde = declaration.ligne_ids
        page = self.envoyer(f"{adresse}/enregistrer", **{
            f"salaire_{premiere.id}": "250 000", f"retirer_{seconde.id}": "1", f"salaire_{seconde.id}": "0",
            "matricule_n0": self.assures[2].matricule.lower(), "nom_n0": "Il se nomme ainsi", "salaire_n0": "100000", "embauche_n0": "2026-10-05"})
        self.assertIn("Il se nomme ainsi", page.text)
        self.assertNotIn(self.assures[2].name, page.text, "le nom de qui n'est pas son salarié ne s'apprend pas")
        declaration.invalidate_recordset()
        self.assertEqual(sorted(declaration.ligne_ids.mapped("salaire")), [100_000, 250_000])
        for faux in ({f"salaire_{premiere.id}": "beaucoup"}, {"matricule_n0": "TD000", "salaire_n0": "1"},
                     {"matricule_n1": self.assures[2].matricule, "salaire_n1": "1"}):
            self.assertIn('class="erreur"', self.envoyer(f"{adresse}/enregistrer", **faux).text)
        self.assertEqual(sorted(declaration.ligne_ids.mapped("salaire")), [100_000, 250_000])
        self.envoyer(f"{adresse}/deposer")
        declaration.invalidate_recordset()
        self.assertEqual((declaration.state, declaration.depose_par_id), ("deposee", self.usager))
        self.assertIn("ne se modifie plus", self.envoyer(f"{adresse}/enregistrer", matricule_n0="x").text)
        declaration.with_user(self.superviseur).action_rejeter("Il manque un salarié")
        self.assertIn("Il manque un salarié", self.ouvrir(adresse).text)
        self.envoyer(f"{adresse}/reprendre")
        self.envoyer(f"{adresse}/deposer")
        declaration.with_user(self.superviseur).action_valider()
        page = self.ouvrir("/my/employeur/cotisations").text
        for dit in ("selon votre déclaration validée", "pas déduit", "octobre 2026", "/my/employeur/attestation.pdf"):
            self.assertIn(dit, page)
        self.authenticate("t_voisin_emp", "employeur-essai-1")
        self.assertIn("Aucune déclaration validée", self.ouvrir("/my/employeur/cotisations").text)
        self.setUp()
        self.assertEqual(self.ouverte(), declaration, "un mois, une déclaration")

    def test_declarer_par_classeur(self):
        adresse = f"/my/employeur/declarations/{self.ouverte().id}"
        feuille = openpyxl.load_workbook(io.BytesIO(self.ouvrir(f"{adresse}/modele.xlsx").content)).active
        self.assertEqual({feuille.cell(rang, 1).value for rang in (2, 3)}, set(self.assures[:2].mapped("matricule")))
        entete = "Matricule;Nom;Salaire;Date d'embauche\n"
        lire = {"classeur": ("d.csv", f"{entete}{self.assures[0].matricule};A;150000;\n".encode(), "text/csv")}
        self.envoyer(f"{adresse}/importer", lire)
        declaration = self.env["cnas.declaration_effectif"].browse(int(adresse.rsplit("/", 1)[1]))
        self.assertEqual(declaration.ligne_ids.mapped("salaire"), [150_000])
        for octets in (b"", b"PK\x03\x04faux", f"{entete}{self.assures[0].matricule};A;cher;\n".encode()):
            self.assertIn('class="erreur"', self.envoyer(f"{adresse}/importer", {"classeur": ("d.csv", octets, "text/csv")}).text)
        self.assertEqual(declaration.ligne_ids.mapped("salaire"), [150_000])

    def test_un_inconnu_ne_se_dit_que_comme_on_l_a_ecrit(self):
        """La carte d'un passant donnée pour matricule : ni la page, ni le classeur, ni la recherche n'en disent plus."""
        declaration, passant = self.ouverte(), self.assures[2]
        carte = self.env["cnas.carte"].create({"assure_id": passant.id}).numero
        adresse = f"/my/employeur/declarations/{declaration.id}"
        page = self.envoyer(f"{adresse}/enregistrer", matricule_n0=carte, salaire_n0="100000")
        self.assertEqual(declaration.ligne_ids.assure_id, self.assures)
        feuille = openpyxl.load_workbook(io.BytesIO(self.ouvrir(f"{adresse}/modele.xlsx").content)).active
        matricules = {feuille.cell(rang, 1).value for rang in range(2, 5)}
        self.assertEqual(matricules, {*self.assures[:2].mapped("matricule"), carte})
        self.assertIn(carte, page.text)
        self.assertNotIn(passant.matricule, page.text)
        lien = f'href="{adresse}"'
        self.assertIn(lien, self.ouvrir(f"/my/employeur/declarations?recherche={self.assures[0].matricule}").text)
        self.assertNotIn(lien, self.ouvrir(f"/my/employeur/declarations?recherche={passant.matricule}").text)

    def test_migration_des_matricules(self):
        """Les lignes préparées avant se cherchent encore ; un passant que l'agent a cru reconnaître ne s'apprend pas."""
        declaration = self.ouverte()
        declaration.ligne_ids.create({"declaration_id": declaration.id, "assure_id": self.assures[2].id, "salaire": 100_000})
        declaration.ligne_ids.write({"matricule_declare": False})
        self.env.flush_all()
        chemin = Path(__file__).parents[1] / "migrations/17.0.1.3.1/post-matricule.py"
        runpy.run_path(str(chemin))["migrate"](self.env.cr, "17.0.1.3.0")
        self.env.invalidate_all()
        self.assertEqual({ligne.assure_id: ligne.matricule_declare for ligne in declaration.ligne_ids},
                         {**{a: a.matricule for a in self.assures[:2]}, self.assures[2]: False})
        self.assertIn(f'href="/my/employeur/declarations/{declaration.id}"',
                      self.ouvrir(f"/my/employeur/declarations?recherche={self.assures[0].matricule}").text)

    def test_mois_faux(self):
        for mois in ("", "2026-13", "2099-01", "2019-01", "'; --", "\x00"):
            self.assertIn('class="erreur"', self.envoyer("/my/employeur/declarer", mois=mois).text, mois)

    # ------------------------------------------------------------------ affilier, contacts, attestation
    def test_affiliation_decidee_par_un_agent(self):
        self.assertIn("Demande envoyée", self.envoyer("/my/employeur/affiliations", **AFFILIATION).text)
        self.assertIn("déjà demandé", self.envoyer("/my/employeur/affiliations", **AFFILIATION).text)
        for faux in ({"nom": ""}, {"genre": "x"}, {"date_naissance": "2030-01-01"}, {"date_embauche": "hier"}, {"telephone": "12"}):
            self.assertIn('class="erreur"', self.envoyer("/my/employeur/affiliations", **{**AFFILIATION, "nom": "Autre", **faux}).text, faux)
        demande = self.env["cnas.demande_affiliation"].search([("employeur_id", "=", self.employeur.id)])
        self.assertEqual((len(demande), demande.create_uid, demande.state), (1, self.usager, "demandee"))
        with self.assertRaises(AccessError):
            demande.with_user(self.usager).action_accepter()
        with self.assertRaises(UserError):
            demande.with_user(self.agent).write({"nom": "Un autre"})
        demande.with_user(self.agent).action_accepter()
        self.assertEqual((demande.state, demande.assure_id.state, demande.assure_id.employeur_id, str(demande.assure_id.date_embauche)),
                         ("acceptee", "brouillon", self.employeur, "2026-10-01"))
        with self.assertRaises(UserError):
            demande.with_user(self.agent).write({"assure_id": self.assures[0].id})
        connu = self.env["cnas.demande_affiliation"].with_user(self.usager)._demander(self.employeur, {**AFFILIATION, "nom": "Connu"})
        connu.with_user(self.agent).assure_id = self.assures[2]
        with self.assertRaises(AccessError, msg="qui l'agent croit reconnaître ne se lit pas d'ici"):
            connu.with_user(self.usager).read(["assure_id"])
        connu.with_user(self.agent).action_accepter()
        self.assertEqual(self.assures[2].employeur_id, self.employeur)

    def test_contacts_a_deux(self):
        self.assertIn('class="erreur"', self.envoyer("/my/employeur/contacts", email="pas un courriel").text)
        self.assertIn('class="erreur"', self.envoyer("/my/employeur/contacts", telephone_1="12").text)
        self.assertIn("Demande envoyée", self.envoyer("/my/employeur/contacts", email="rh@brasserie.td", telephone_1="66 12 34 56").text)
        self.assertFalse(self.employeur.email)
        changement = self.env["cnas.changement"].search([("modele", "=", "cnas.employeur"), ("res_id", "=", self.employeur.id)])
        self.assertEqual(changement.demandeur_id, self.usager)
        changement.with_user(self.superviseur).action_accepter()
        self.assertEqual((self.employeur.email, self.employeur.telephone_1), ("rh@brasserie.td", "+235 66 12 34 56"))
        self.employeur.with_user(self.agent).email = "agent@brasserie.td"  # l'agent, lui, écrit

    def test_attestation_et_son_qr(self):
        self.env["ir.config_parameter"].set_param("web.base.url", "https://cnas.example")
        pdf = self.ouvrir("/my/employeur/attestation.pdf")
        self.assertTrue(pdf.content.startswith(b"%PDF"))
        situation = self.employeur.sudo()._situation()
        jeton = self.employeur.sudo()._jeton_situation(situation)
        self.assertIn("Attestation authentique", self.ouvrir(f"/cnas/verifier/employeur/{jeton}").text)
        for faux in (jeton.replace(".non.", ".oui."), jeton[:-3] + "AAA", "x", "a.b.c.d", "é" * 400):
            self.assertEqual(self.url_open(f"/cnas/verifier/employeur/{faux}").status_code, 404, faux)
        self.employeur.with_user(self.superviseur).action_suspendre("essai")
        self.assertFalse(self.ouvrir("/my/employeur/attestation.pdf").content.startswith(b"%PDF"))

    # ------------------------------------------------------------------ cloison
    def _routes(self):
        """Rend [(adresse, méthode)] de toutes les routes de l'espace, sur la déclaration donnée."""
        for regle in self.env["ir.http"].routing_map().iter_rules():
            if regle.rule.startswith("/my/employeur"):
                yield regle.rule, "POST" if "POST" in (regle.methods or ()) else "GET"

    def _concretes(self, declaration):
        for regle, methode in self._routes():
            adresse = re.sub(r"<int:\w+>", "1", regle.replace("<int:declaration_id>", str(declaration.id)))
            for quoi in ("enregistrer", "importer", "deposer", "reprendre") if "<any" in adresse else ("",):
                yield re.sub(r"<any.*?>", quoi, adresse), methode

    def test_rien_de_l_autre_sur_toutes_les_routes(self):
        declaration = self.ouverte()
        nom, matricule = self.assures[0].name, self.assures[0].matricule
        self.authenticate("t_voisin_emp", "employeur-essai-1")
        routes = list(self._concretes(declaration))
        self.assertGreater(len(routes), 12)
        for adresse, methode in routes:
            with self.subTest(adresse):
                champs = {"csrf_token": Request.csrf_token(self), f"salaire_{declaration.ligne_ids[0].id}": "1",
                          "employeur": self.employeur.matricule} if methode == "POST" else None
                page = self.ouvrir(adresse, data=champs)
                for secret in (nom, matricule, "Brasserie du Logone", self.employeur.matricule):
                    self.assertNotIn(secret, page.text)
        self.assertNotIn("Brasserie", self.ouvrir(f"/my/employeur?employeur={self.employeur.matricule}").text)
        declaration.invalidate_recordset()
        self.assertEqual((declaration.state, set(declaration.ligne_ids.mapped("salaire"))), ("brouillon", {0}))
        absente = self.url_open("/my/employeur/declarations/2147483000", allow_redirects=False)
        interdite = self.url_open(f"/my/employeur/declarations/{declaration.id}", allow_redirects=False)
        self.assertEqual(absente.headers["Location"], interdite.headers["Location"])

    def test_ni_formation_ni_assure(self):
        declaration = self.ouverte()
        new_test_user(self.env, "t_pas_employeur", password="employeur-essai-1", groups="base.group_portal")
        new_test_user(self.env, "t_formation_emp", password="employeur-essai-1", groups="cnas_base.group_portail_formation")
        for login in ("t_pas_employeur", "t_formation_emp"):
            self.authenticate(login, "employeur-essai-1")
            for adresse, methode in self._concretes(declaration):
                with self.subTest(f"{login} {adresse}"):
                    champs = {"csrf_token": Request.csrf_token(self)} if methode == "POST" else None
                    reponse = self.url_open(adresse, data=champs, allow_redirects=False)
                    self.assertEqual((reponse.status_code, urlparse(reponse.headers["Location"]).path), (303, "/my"))

    def test_rpc_cloisonne(self):
        self.ouverte()
        self.env["cnas.demande_affiliation"].with_user(self.usager)._demander(self.employeur, AFFILIATION)
        modeles = [nom for nom, modele in self.env.registry.items() if nom.startswith("cnas.") and not modele._abstract
                   and not modele._transient and nom not in OUVERTS_AU_PORTAIL]
        for modele in modeles:
            with self.subTest(modele):
                objets = self.env[modele].with_user(self.usager)
                self.assertEqual(objets.check_access_rights("read", False), modele in LISIBLES)
                for operation in ("write", "create", "unlink"):
                    self.assertFalse(objets.check_access_rights(operation, False))
                if modele in LISIBLES:
                    siens = objets.search([])
                    self.assertTrue(siens)
                    self.assertEqual((siens.sudo() if modele == "cnas.employeur" else siens.sudo().employeur_id), self.employeur)
                    self.assertFalse(self.env[modele].with_user(self.autre).search([]) & siens)
                    with self.assertRaises(AccessError):
                        siens.with_user(self.autre).read(["display_name"])
        for action, arguments in (("action_activer", ()), ("action_radier", ("x",)), ("action_inviter", ()), ("action_retirer_usagers", ())):
            with self.subTest(action), self.assertRaises(AccessError):
                getattr(self.employeur.with_user(self.usager), action)(*arguments)
        with self.assertRaises(AccessError):
            self.usager.with_user(self.usager).write({"employeur_ids": [Command.link(self.voisin.id)]})

    def test_inviter_et_retirer(self):
        action = self.employeur.with_user(self.superviseur).action_inviter()
        assistant = self.env[action["res_model"]].with_user(self.superviseur).with_context(**action["context"]).create(
            {"name": "Achta", "email": "Achta@brasserie.td"})
        assistant.action_inviter()
        self.assertIn("token=", assistant.lien)
        invite = self.env["res.users"].search([("login", "=", "achta@brasserie.td")])
        self.assertEqual((invite.employeur_ids, invite.partner_id.parent_id), (self.employeur, self.employeur.sudo().partner_id))
        self.assertEqual(self.env["res.users"]._usager_de(self.voisin.matricule), self.autre, "le matricule désigne l'usager, s'il est seul")
        self.assertFalse(self.env["res.users"]._usager_de(self.employeur.matricule))
        with self.assertRaises(UserError):
            self.voisin.with_user(self.superviseur).action_retirer_usagers(invite.ids)
        self.employeur.with_user(self.superviseur).action_retirer_usagers(invite.ids)
        self.assertFalse(invite.active)
        with self.assertRaises(UserError):
            self.agent.employeur_ids = self.employeur
