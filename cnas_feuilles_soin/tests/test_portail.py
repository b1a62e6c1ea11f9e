import base64
import io
import json
import re
from datetime import date, timedelta
from urllib.parse import quote

import openpyxl

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests.common import new_test_user, tagged

from odoo.addons.cnas_base.tests.common import HttpCase, pdf

from .commun_feuille import CommunFeuille

POIDS_MAX = 100_000
PDF = pdf()
PAGES = (
    "/my/formation", "/my/formation/droits", "/my/formation/feuilles", "/my/formation/feuilles/nouvelle",
    "/my/formation/import",
)
ABSURDES = ("", "0", "-1", "%00", "%00%00", "';--", "%3Cscript%3Ealert(1)%3C/script%3E", "9" * 30, "é" * 200, "[]", "%FF%FE",
            "../../etc/passwd", "{{7*7}}", "None", "1e309", "%0d%0aX-Piege:1")


@tagged("post_install", "-at_install", "cnas")
class TestPortail(HttpCase, CommunFeuille):
    """L'espace formation par de vraies requêtes : chaque page, chaque refus, et le mur entre deux formations."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.portail.write({"password": "portail-essai-1", "tz": "Africa/Ndjamena", "lang": "fr_FR"})
        cls.voisin = new_test_user(cls.env, login="t_voisin", groups="cnas_base.group_portail_formation",
                                   formation_ids=[Command.set(cls.autre_formation.ids)])
        cls.voisin.password = "portail-essai-2"

    def setUp(self):
        super().setUp()
        self.authenticate("t_portail", "portail-essai-1")

    # ------------------------------------------------------------------ aides
    def ouvrir(self, adresse, statut=200, **options):
        reponse = self.url_open(adresse, **options)
        self.assertEqual(reponse.status_code, statut, adresse)
        return reponse

    def jeton(self, adresse="/my/formation/feuilles/nouvelle"):
        return re.search(r'name="csrf_token" value="([^"]+)"', self.url_open(adresse).text).group(1)

    def saisir(self, lignes=(("T-ACT-1", "1", "1 500"), ("T-MED-1", "6", "200")), fichiers=(), entetes=None, **champs):
        """Envoie le formulaire de saisie ; `fichiers` : [(nom, octets)] du premier rang de pièces."""
        donnees = [(nom, valeur) for nom, valeur in {
            "csrf_token": self.jeton(), "reference": "P-1", "formation": "T-CS-01", "matricule": self.assure.matricule,
            "date_soins": "2026-11-10", "pathologie": "X98.8 — Paludisme d'essai", "type_soins": "ambulatoire",
            "type_piece": "ORDONNANCE", **champs}.items()]
        for prestation, quantite, prix in lignes:
            donnees += [("prestation", prestation), ("quantite", quantite), ("prix_unitaire", prix)]
        joints = [("fichiers_0", (nom, octets, "application/pdf")) for nom, octets in fichiers]
        return self.url_open("/my/formation/feuilles/nouvelle", data=donnees, files=joints or None, headers=entetes)

    def feuille_de(self, reference):
        return self.feuilles.search([("reference", "=", reference)])

    def importer_classeur(self, texte, nom="feuilles.csv"):
        contenu = texte.encode() if isinstance(texte, str) else texte
        return self.url_open("/my/formation/import", data={"csrf_token": self.jeton("/my/formation/import")},
                             files={"classeur": (nom, contenu, "text/csv")})

    def en_instance(self):
        """Rend une feuille de la formation à qui un agent a demandé une ordonnance."""
        self.env.ref("cnas_feuilles_soin.piece_exigee_ordonnance_tiers_payant").active = True
        feuille = self.deposee("I-1")
        self.assertEqual(feuille.state, "instance")
        return feuille

    # ------------------------------------------------------------------ pages
    def test_accueil_direct_et_pages_legeres(self):
        self.deposee()
        self.assertTrue(self.ouvrir("/my").url.endswith("/my/formation"))
        feuille = self.feuille_de("R-1")
        poids = len(self.ouvrir("/cnas_base/static/src/portail/portail.css").content) + len(
            self.ouvrir("/cnas_feuilles_soin/static/src/portail/portail.js").content) + len(
            self.ouvrir("/cnas_base/static/description/icon.png").content)
        for adresse in (*PAGES, f"/my/formation/feuilles/{feuille.id}"):
            page = self.ouvrir(adresse)
            self.assertIn("Formation T-CS-01", page.text)
            self.assertNotIn("web.assets", page.text)
            self.assertLess(len(page.content) + poids, POIDS_MAX, adresse)

    def test_liste_filtre_et_pages(self):
        self.importer(*[self.dossier(f"L-{rang:02}") for rang in range(23)])
        page = self.ouvrir("/my/formation/feuilles?etat=deposee&recherche=L-")
        self.assertIn("23 au total", page.text)
        suivante = re.search(r'href="(/my/formation/feuilles/page/2[^"]*)"', page.text).group(1).replace("&amp;", "&")
        self.assertIn("recherche=L-", suivante)
        self.assertEqual(self.ouvrir(suivante).text.count("<td data-tooltip=\"Numéro\">"), 3)
        self.assertLess(len(page.content), 40_000)
        self.assertIn("Rien ne répond à cette recherche", self.ouvrir("/my/formation/feuilles?recherche=zzz").text)

    def test_liste_cherche_trie_borne_et_compte(self):
        """Nom, matricule, numéro, dates, tri, état et son compte ; vingt lignes coûtent les requêtes de trois."""
        self.importer(*[self.dossier(f"L-{rang:02}") for rang in range(23)])
        feuille = self.feuille_de("L-00")
        for texte in (self.assure.name, self.assure.matricule[-6:], feuille.numero, "L-0"):
            self.assertIn(feuille.numero, self.ouvrir(f"/my/formation/feuilles?tri=ancien&recherche={quote(texte)}").text, texte)
        jour = feuille.date_depot
        self.assertIn("23 au total", self.ouvrir(f"/my/formation/feuilles?du={jour}&au={jour}&etat=deposee&tri=montant").text)
        self.assertIn("(23)", self.ouvrir("/my/formation/feuilles").text, "le compte de l'état")
        for rien in (f"du={jour + timedelta(days=1)}", "etat=payee", "recherche=%25%25%25", "recherche=_____________"):
            self.assertIn("Rien ne répond", self.ouvrir(f"/my/formation/feuilles?{rien}").text, rien)
        self.assertIn("illisible", self.ouvrir("/my/formation/feuilles?du=hier").text)
        for absurde in ABSURDES:
            self.ouvrir(f"/my/formation/feuilles?recherche={absurde}&du={absurde}&tri={absurde}&etat={absurde}")
        self.ouvrir("/my/formation/feuilles/page/99999999")

        def cout(adresse):
            self.ouvrir(adresse)
            avant = self.cr.sql_log_count
            self.ouvrir(adresse)
            return self.cr.sql_log_count - avant
        self.assertEqual(cout("/my/formation/feuilles?recherche=L-"), cout("/my/formation/feuilles/page/2?recherche=L-"))

    def test_titres_distincts_fil_et_barre(self):
        self.deposee()
        titres = set()
        for adresse in (*PAGES, f"/my/formation/feuilles/{self.feuille_de('R-1').id}", "/my/formation/ententes"):
            page = self.ouvrir(adresse).text
            titres.add(re.search("<title>(.*?)</title>", page).group(1))
            barre = page[page.index('class="barre"'):]
            self.assertEqual(barre.count("<a "), 5, adresse)
            self.assertEqual('aria-label="Fil d' in page, adresse != "/my/formation", adresse)
        self.assertEqual(len(titres), len(PAGES) + 2)

    def test_droits_par_matricule_carte_et_qr(self):
        carte = self.env["cnas.carte"].create({"assure_id": self.assure.id})
        for cle in (self.assure.matricule, self.assure.matricule.lower()):
            page = self.ouvrir(f"/my/formation/droits?matricule={cle}")
            self.assertIn("Droits ouverts", page.text)
        faux = f"1|{self.assure.matricule}|{carte.numero or 'X'}|2030-01-01|AAAA"
        self.assertIn("pas été signé", self.ouvrir("/my/formation/droits?matricule=" + faux.replace("|", "%7C")).text)
        self.assertIn("Droits non confirmés", self.ouvrir("/my/formation/droits?matricule=TD000").text)
        ferme = self.creer_assure("Ferme", "1990-01-01", ouvert=False)
        page = self.ouvrir(f"/my/formation/droits?matricule={ferme.matricule}").text
        self.assertIn("Droits fermés", page)
        self.assertIn("la CNAS prend", self.ouvrir(f"/my/formation/droits?matricule={self.assure.matricule}").text)
        self.assertNotIn("la CNAS prend", page, "rien n'est pris : un taux ferait croire le contraire")
        self.assertNotIn("<dt>Reste", page)
        lus = json.loads(self.ouvrir(f"/my/formation/droits.json?matricule={self.assure.matricule}&date=2026-11-10").text)
        self.assertEqual((lus["trouve"], lus["etat_droits"]), (True, "ouverts"))
        self.assertFalse(json.loads(self.ouvrir(
            f"/my/formation/droits.json?matricule={self.assure.matricule}&date=31/02/2026").text)["trouve"])

    # ------------------------------------------------------------------ saisie
    def test_saisie_depose_la_feuille_et_sa_piece(self):
        page = self.saisir(fichiers=[("ordonnance.pdf", PDF)])
        feuille = self.feuille_de("P-1")
        self.assertEqual((feuille.state, feuille.montant_facture, feuille.formation_id, feuille.saisie_par_id),
                         ("deposee", 2700, self.formation, self.portail))
        self.assertEqual(feuille.piece_ids.type_id.code, "ORDONNANCE")
        self.assertIn(f"Feuille déposée sous le numéro {feuille.numero}", page.text)
        fichier = self.ouvrir(f"/my/formation/pieces/{feuille.piece_ids.id}")
        self.assertEqual(fichier.content, PDF)
        self.assertIn("attachment", fichier.headers["Content-Disposition"])
        encore = self.saisir(fichiers=[("ordonnance.pdf", PDF)])
        self.assertIn(feuille.numero, encore.text)
        self.assertEqual(len(self.feuille_de("P-1")), 1, "renvoyer la même feuille ne la dépose pas deux fois")

    def test_terrain_15_nouveau_ne_saisi_et_en_classeur(self):
        self.saisir(reference="NN-1", nouveau_ne="on", date_naissance_declaree="2026-11-09", rang_naissance="2")
        self.importer_classeur(
            "Référence;Matricule;Date soins;Pathologie;Prestation;Quantité;Prix unitaire;Nouveau-né;Naissance déclarée;"
            f"Rang de naissance\nNN-2;{self.assure.matricule};2026-11-10;X98.8;T-ACT-1;1;1500;oui;09/11/2026;2\n")
        for reference in ("NN-1", "NN-2"):
            feuille = self.feuille_de(reference)
            self.assertEqual((feuille.nouveau_ne, str(feuille.date_naissance_declaree), feuille.rang_naissance),
                             (True, "2026-11-09", 2), reference)

    def test_terrain_19_total_rectifie_par_la_formation(self):
        feuille = self.deposee("TOT-1", total=2800)
        feuille._controler()
        self.assertEqual(feuille.state, "instance")
        page = self.ouvrir(f"/my/formation/feuilles/{feuille.id}")
        self.assertIn("les lignes font", page.text)
        adresse, jeton = f"/my/formation/feuilles/{feuille.id}/rectifier", self.jeton(f"/my/formation/feuilles/{feuille.id}")
        self.assertIn("entier", self.ouvrir(adresse, data={"csrf_token": jeton, "quoi": "total", "total": "beaucoup"}).text)
        self.ouvrir(adresse, data={"csrf_token": jeton, "quoi": "total", "total": "2 750"})
        feuille.invalidate_recordset()
        self.assertEqual((feuille.state, feuille.total_declare), ("instance", 2750))
        self.ouvrir(adresse, data={"csrf_token": jeton, "quoi": "accepter"})
        feuille.invalidate_recordset()
        self.assertEqual((feuille.state, feuille.total_declare), ("deposee", 2700))

    def test_saisie_fausse_ne_perd_rien_et_n_ecrit_rien(self):
        avant = self.feuilles.search_count([])
        page = self.saisir(lignes=[("T-ACT-1", "0", "1500"), ("", "2", ""), ("INCONNU", "1", "<b>12</b>")],
                           fichiers=[("facture.pdf", b"MZ\x90 programme")], praticien="T-0000", pathologie="<script>x</script>")
        self.assertRegex(page.text, "La feuille n('|&#39;)a pas été déposée")
        for phrase in ("Ligne 1", "Ligne 2", "Ligne 3", "PDF, JPEG, PNG", "T-0000"):
            self.assertIn(phrase, page.text)
        for garde in ('value="P-1"', f'value="{self.assure.matricule}"', 'value="INCONNU"', 'value="2"', 'value="0"'):
            self.assertIn(garde, page.text)
        self.assertNotIn("<script>x", page.text)
        self.assertNotIn("<b>12</b>", page.text)
        self.assertIn("Choisissez de nouveau vos fichiers", page.text)
        self.assertEqual(self.feuilles.search_count([]), avant)

    def test_saisie_en_arriere_plan(self):
        refus = self.saisir(matricule="TD000", entetes={"Accept": "application/json"})
        self.assertTrue(json.loads(refus.text)["erreurs"])
        accord = json.loads(self.saisir(entetes={"Accept": "application/json"}).text)
        self.assertEqual(accord["adresse"], f"/my/formation/feuilles/{self.feuille_de('P-1').id}?message=deposee")

    def test_saisie_qui_remplace(self):
        """Même référence, autre contenu : l'écart se dit, la case propose de remplacer ; contrôlée, elle ne se remplace plus."""
        self.saisir()
        premiere = self.feuille_de("P-1")
        page = self.saisir(lignes=(("T-ACT-1", "1", "1 400"),))
        self.assertIn("Ce qui diffère", page.text)
        self.assertIn(f'name="remplace" value="{premiere.numero}"', page.text)
        refus = json.loads(self.saisir(lignes=(("T-ACT-1", "1", "1 400"),), entetes={"Accept": "application/json"}).text)
        self.assertEqual(refus["remplace"], premiere.numero)
        self.saisir(lignes=(("T-ACT-1", "1", "1 400"),), remplace=premiere.numero)
        seconde = self.feuille_de("P-1") - premiere
        self.assertEqual((premiere.state, seconde.montant_facture), ("annulee", 1400))
        seconde.with_user(self.controleur).action_controler()
        self.assertIn('id="remplacer" hidden', self.saisir(lignes=(("T-ACT-1", "1", "1 300"),)).text)

    def test_saisie_pour_une_autre_formation(self):
        page = self.saisir(formation="T-HD-01")
        self.assertIn("pas la vôtre", page.text)
        self.assertFalse(self.feuille_de("P-1"))

    def test_chercher_codes(self):
        trouves = json.loads(self.ouvrir("/my/formation/chercher/pathologie?q=X98").text)
        self.assertEqual([t["code"] for t in trouves], ["X98.6", "X98.7", "X98.8"])
        sans_point = json.loads(self.ouvrir("/my/formation/chercher/pathologie?q=x988").text)
        self.assertEqual([t["code"] for t in sans_point], ["X98.8"])
        self.assertEqual(json.loads(self.ouvrir("/my/formation/chercher/res.users?q=admin").text), [])

    # ------------------------------------------------------------------ classeur
    def test_classeur_erreurs_ligne_a_ligne(self):
        m = self.assure.matricule
        page = self.importer_classeur(
            "Référence;Matricule;Date soins;Pathologie;Prestation;Quantité;Prix unitaire\n"
            f"C-1;{m};10/11/2026;X98.8;T-ACT-1;1;1500\nC-1;;;;T-MED-1;6;200\n\n"
            f"C-2;{m};2026-11-10;X98.8;T-ACT-1;1;1500\nC-2;;;;INCONNU;-1;x\n"
            f"C-3;{m};2026-11-10;X98.8;T-ACT-1;1;1500\nC-3;TD000;;;T-MED-1;1;200\n"
            "=2+2;<b>x</b>;2027-01-01;X98.8;T-ACT-1;1;1500\n")
        self.assertIn("1 feuille(s) déposée(s) sur 4", re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page.text)))
        self.assertEqual(self.feuille_de("C-1").montant_facture, 2700)
        self.assertEqual(str(self.feuille_de("C-1").date_soins), "2026-11-10")
        for phrase in ("Ligne 6 : prestation inconnue", "Ligne 6 : la quantité", "Ligne 8 : « matricule »", "dans le futur"):
            self.assertIn(phrase, page.text)
        self.assertNotIn("<b>x</b>", page.text)
        self.assertFalse(self.feuille_de("C-2") | self.feuille_de("C-3"))

    def test_terrain_16_classeur_comme_on_l_ecrit(self):
        """Terrain 16 : `500,00`, `30 FCFA`, 5/11/2026, série, tirets, majuscules ; l'ambigu se refuse en disant pourquoi."""
        m = self.assure.matricule
        soins = date.today() - timedelta(days=15)
        serie = (soins - date(1899, 12, 30)).days
        lignes = "".join(f"{reference};{m};{jour};x98.8;Ambulatoire;t-act-1;1;{prix}\n" for reference, jour, prix in (
            ("D-1", f"{soins.day}/{soins.month}/{soins.year}", "1500,00"), ("D-2", serie, "1 500 FCFA"),
            ("D-3", soins.strftime("%d-%m-%Y"), 1500), ("D-4", soins.strftime("%d/%m/%y"), 1500), ("D-5", soins, "1.500")))
        page = self.importer_classeur(
            "N° feuille;Matricule;Date des soins;Diagnostic;Type de soins;Prestation;Qté;Prix\n" + lignes)
        for reference in ("D-1", "D-2", "D-3"):
            feuille = self.feuille_de(reference)
            self.assertEqual((feuille.date_soins, feuille.montant_facture), (soins, 1500), reference)
        self.assertFalse(self.feuille_de("D-4") | self.feuille_de("D-5"))
        self.assertIn("ne dit pas le siècle", page.text)
        self.assertIn("est ambigu", page.text)

    def test_classeur_controle_puis_depose(self):
        """À l'écran, rien n'est déposé avant l'accord ; l'en-tête incompris s'associe ; le rapport se renvoie."""
        entete, m = "Référence;Matricule;Date soins;Pathologie;Prestation;Quantité;Combien", self.assure.matricule
        bonne, fausse = f"E-1;{m};10/11/2026;X98.8;T-ACT-1;1;1500\n", f"E-2;{m};10/11/2026;X98.8;T-ACT-1;1;cher\n"
        page = self.url_open("/my/formation/import", data={"csrf_token": self.jeton("/my/formation/import"), "etape": "controler"},
                             files={"classeur": ("e.csv", f"{entete}\n{bonne}{fausse}".encode(), "text/csv")})
        self.assertIn("Colonnes absentes : Prix unitaire", page.text)
        adresse = page.url
        import_ = self.env["cnas.import_fichier"].search([], limit=1)
        champs = {f"titre_{t.id}": t.colonne_id.code or "prix_unitaire" for t in import_.titre_ids}
        page = self.ouvrir(f"{adresse}/associer", data={"csrf_token": self.jeton(adresse), **champs})
        self.assertIn("Rien n'est encore déposé", page.text)
        self.assertIn("prix unitaire", page.text)
        self.assertFalse(self.feuille_de("E-1"))
        page = self.ouvrir(f"{adresse}/appliquer", data={"csrf_token": self.jeton(adresse)})
        self.assertEqual(self.feuille_de("E-1").saisie_par_id, self.portail)
        self.assertFalse(self.feuille_de("E-2"))
        self.assertIn("Que faire", [c.value for c in openpyxl.load_workbook(io.BytesIO(
            self.ouvrir(f"{adresse}/rapport.xlsx").content)).active[1]])
        encore = self.ouvrir(f"{adresse}/appliquer", data={"csrf_token": self.jeton()})
        self.assertIn("se fait à l'état", encore.text.replace("&#39;", "'"))
        self.authenticate("t_voisin", "portail-essai-2")
        for suite in ("", "/rapport.xlsx"):
            self.assertTrue(self.ouvrir(adresse + suite).url.endswith("/my/formation/import"), "un voisin n'en voit rien")

    def test_modele_a_telecharger_se_relit(self):
        modele = self.ouvrir("/my/formation/import/modele.xlsx").content
        feuille = openpyxl.load_workbook(io.BytesIO(modele)).active
        self.assertEqual([c.value for c in feuille[1]][:3], ["Référence", "Matricule", "Date soins"])
        feuille["B2"] = self.assure.matricule
        for cellule, valeur in {"E2": "X98.8", "I2": "T-ACT-1", "J2": 1, "K2": 1500, "A3": "FS-0001", "I3": "T-MED-1", "J3": 20, "K3": 200}.items():
            feuille[cellule] = valeur
        rempli = io.BytesIO()
        feuille.parent.save(rempli)
        self.importer_classeur(rempli.getvalue(), "rempli.xlsx")
        self.assertEqual(self.feuille_de("FS-0001").montant_facture, 5500)

    def test_classeurs_pieges(self):
        for nom, contenu in (("vide.csv", b""), ("faux.xlsx", b"PK\x03\x04rien"), ("virus.exe", b"MZ"), ("zero.csv", b"\x00" * 50),
                             ("autre.csv", b"a;b;c\n1;2;3\n"), ("enorme.csv", b"R\xe9f\xe9rence\n" + b"9" * 6000 + b"\n")):
            with self.subTest(nom):
                self.assertEqual(self.importer_classeur(contenu, nom).status_code, 200)
        self.assertIn("Choisissez un fichier", self.ouvrir(
            "/my/formation/import", data={"csrf_token": self.jeton("/my/formation/import")}).text)

    def test_grand_classeur_reste_leger(self):
        lignes = "".join(f"G-{rang};TD000;2026-11-10;X98.8;T-ACT-1;0;x\n" for rang in range(400))
        page = self.importer_classeur("Référence;Matricule;Date soins;Pathologie;Prestation;Quantité;Prix unitaire\n" + lignes)
        self.assertLess(len(page.content), POIDS_MAX)
        self.assertIn("300", page.text)

    # ------------------------------------------------------------------ instance
    def test_completer_puis_retour_au_circuit(self):
        feuille = self.en_instance()
        adresse = f"/my/formation/feuilles/{feuille.id}"
        page = self.ouvrir(adresse)
        self.assertIn("Ordonnance", page.text)
        jeton = self.jeton(adresse)
        refus = self.ouvrir(f"{adresse}/completer", data={"csrf_token": jeton, "type_piece": "ORDONNANCE"},
                            files={"fichiers_0": ("o.pdf", b"<html><script>", "application/pdf")})
        self.assertIn("ni un PDF", refus.text)
        self.assertEqual((feuille.state, len(feuille.piece_ids)), ("instance", 0))
        self.assertIn("Choisissez au moins un fichier", self.ouvrir(f"{adresse}/completer", data={"csrf_token": jeton}).text)
        page = self.ouvrir(f"{adresse}/completer", data={"csrf_token": jeton, "type_piece": "AUTRE"},
                           files={"fichiers_0": ("a.pdf", PDF, "application/pdf")})
        self.assertIn("il en manque encore", page.text)
        self.assertEqual(feuille.state, "instance")
        page = self.ouvrir(f"{adresse}/completer", data={"csrf_token": jeton, "type_piece": "ORDONNANCE"},
                           files={"fichiers_0": ("../../o.pdf", PDF + b" ", "application/pdf")})
        self.assertIn("repart dans le circuit", page.text)
        feuille.invalidate_recordset()
        self.assertEqual((feuille.state, feuille.completude), ("deposee", "complet"))
        self.assertEqual(set(feuille.demande_ids.mapped("state")), {"satisfaite"})
        self.assertNotIn("/", feuille.piece_ids[-1].name)
        self.assertIn("attend plus de pièce", self.ouvrir(
            f"{adresse}/completer", data={"csrf_token": jeton, "type_piece": "AUTRE"},
            files={"fichiers_0": ("b.pdf", PDF, "application/pdf")}).text)

    # ------------------------------------------------------------------ sécurité
    def test_entrees_absurdes_jamais_de_500(self):
        for valeur in ABSURDES:
            for adresse in (f"/my/formation/droits?matricule={valeur}&date={valeur}",
                            f"/my/formation/feuilles?etat={valeur}&recherche={valeur}&page={valeur}",
                            f"/my/formation/feuilles/nouvelle?matricule={valeur}",
                            f"/my/formation/chercher/prestation?q={valeur}", f"/my/formation/droits.json?matricule={valeur}",
                            f"/my/formation/feuilles/{valeur}?message={valeur}", f"/my/formation/pieces/{valeur}",
                            f"/my/formation/feuilles/page/{valeur}"):
                with self.subTest(adresse):
                    reponse = self.url_open(adresse)
                    self.assertLess(reponse.status_code, 500)
                    self.assertNotIn("<script>alert", reponse.text)
                    self.assertNotIn("X-Piege", reponse.headers)
        champs = dict.fromkeys(("reference", "matricule", "date_soins", "prestation"), ("f.pdf", PDF, "application/pdf"))
        reponse = self.url_open("/my/formation/feuilles/nouvelle", data={"csrf_token": self.jeton()}, files=champs)
        self.assertEqual(reponse.status_code, 200, "un fichier envoyé à la place d'un texte")
        self.assertIn("Champ manquant", reponse.text)

    def test_jeton_exige(self):
        feuille = self.en_instance()
        for adresse in ("/my/formation/feuilles/nouvelle", "/my/formation/import", f"/my/formation/feuilles/{feuille.id}/completer"):
            with self.subTest(adresse), self.assertLogs("odoo.http", "WARNING"):
                self.ouvrir(adresse, statut=400, data={"reference": "X", "csrf_token": "faux"})

    def test_sans_compte_ou_sans_role(self):
        self.authenticate(None, None)
        for adresse in PAGES:
            self.assertIn("/web/login", self.ouvrir(adresse).url)
        new_test_user(self.env, login="t_simple", groups="base.group_portal", password="simple-essai-1")
        self.authenticate("t_simple", "simple-essai-1")
        for adresse in PAGES:
            self.assertNotIn("/my/formation", self.ouvrir(adresse).url)

    def test_terrain_17_retirer_sa_feuille(self):
        self.saisir(fichiers=[("ordonnance.pdf", PDF)])
        feuille = self.feuille_de("P-1")
        adresse = f"/my/formation/feuilles/{feuille.id}"
        self.assertIn("Retirer cette feuille", self.ouvrir(adresse).text)
        self.assertIn("Dites pourquoi", self.url_open(f"{adresse}/retirer", data={"csrf_token": self.jeton(adresse)}).text)
        self.authenticate("t_voisin", "portail-essai-2")
        self.url_open(f"{adresse}/retirer", data={"csrf_token": self.jeton("/my/formation/import"), "motif": "Pas la mienne"})
        self.assertNotEqual(feuille.state, "annulee")
        self.authenticate("t_portail", "portail-essai-1")
        page = self.url_open(f"{adresse}/retirer", data={"csrf_token": self.jeton(adresse), "motif": "Mauvais patient"})
        self.assertIn("Feuille retirée", page.text)
        self.assertNotIn("Retirer cette feuille", page.text)
        feuille.invalidate_recordset()
        self.assertEqual((feuille.state, feuille.motif_decision), ("annulee", "Mauvais patient"))

    def test_une_formation_ne_voit_rien_de_l_autre(self):
        self.saisir(fichiers=[("secret.pdf", PDF)])
        feuille = self.feuille_de("P-1")
        piece = feuille.piece_ids
        self.authenticate("t_voisin", "portail-essai-2")
        absente = self.url_open("/my/formation/feuilles/2147483000", allow_redirects=False)
        interdite = self.url_open(f"/my/formation/feuilles/{feuille.id}", allow_redirects=False)
        self.assertEqual((absente.status_code, absente.headers["Location"]), (interdite.status_code, interdite.headers["Location"]))
        self.assertNotIn(feuille.numero, self.ouvrir("/my/formation/feuilles?recherche=P-1").text)
        for adresse in (f"/my/formation/pieces/{piece.id}", f"/web/content/{piece.attachment_id.id}",
                        f"/web/content/cnas.feuille_soin.piece/{piece.id}/contenu", f"/web/image/{piece.attachment_id.id}",
                        f"/web/content?model=cnas.feuille_soin.piece&id={piece.id}&field=contenu",
                        f"/web/image/cnas.assure/{self.assure.id}/photo"):
            with self.subTest(adresse):
                self.assertNotIn(b"%PDF", self.url_open(adresse).content)
        refus = self.url_open(f"/my/formation/feuilles/{feuille.id}/completer", allow_redirects=False, data={
            "csrf_token": self.jeton("/my/formation/import")})
        self.assertEqual(refus.headers["Location"], interdite.headers["Location"])

    def test_rpc_cloisonne(self):
        feuille = self.en_instance()
        modeles = ("cnas.feuille_soin", "cnas.feuille_soin.ligne", "cnas.feuille_soin.passage", "cnas.feuille_soin.piece",
                   "cnas.anomalie", "cnas.demande_pieces", "cnas.entente_prealable")
        self.env["cnas.feuille_soin.piece"].create({"feuille_id": feuille.id, "name": "a.pdf", "contenu": base64.b64encode(PDF)})
        for modele in modeles:
            chemin = "formation_id" if modele in ("cnas.feuille_soin", "cnas.entente_prealable") else "feuille_id.formation_id"
            voisin, siens = self.env[modele].with_user(self.voisin), self.env[modele].with_user(self.portail).search([])
            with self.subTest(modele):
                self.assertFalse(voisin.search([(chemin, "=", self.formation.id)]))
                self.assertFalse(self.env[modele].sudo().browse(siens.ids).filtered(lambda r, c=chemin: r.mapped(c) != self.formation))
                if siens:
                    with self.assertRaises(AccessError):
                        siens.with_user(self.voisin).read(["display_name"])
                    with self.assertRaises(UserError):
                        siens.with_user(self.voisin).export_data(["id"])
                    with self.assertRaises(UserError):
                        siens.with_user(self.portail).write({"create_uid": 1})
                    with self.assertRaises(UserError):
                        siens.with_user(self.portail).unlink()
                with self.assertRaises(UserError):
                    self.env[modele].with_user(self.portail).create({"feuille_id": feuille.id})
        with self.assertRaises(AccessError):
            self.env["cnas.feuille_soin.piece"].with_user(self.portail).create(
                {"feuille_id": feuille.id, "name": "b.pdf", "contenu": base64.b64encode(PDF)})
        siennes = feuille.with_user(self.portail)
        for action in ("action_controler", "action_valider", "action_regulariser", "action_transmettre_medecin"):
            with self.subTest(action), self.assertRaises(AccessError):
                getattr(siennes, action)()
        for action in ("action_rejeter", "action_annuler", "action_demander_pieces"):
            with self.subTest(action), self.assertRaises(AccessError):
                getattr(siennes, action)("motif")
        with self.assertRaises(AccessError):
            siennes.exporter_decisions("2026-01-01", "2026-12-31")
