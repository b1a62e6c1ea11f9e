import runpy
from datetime import timedelta

from odoo import fields
from odoo.tests.common import tagged
from odoo.tools import file_path

from odoo.addons.cnas_base.tests.common import octets, page_numerisee
from odoo.addons.cnas_base.tests.pdf import codes_lus, texte_pdf

from .commun_portail import CommunPortail

PAGES = ("demarches", "ententes", "ententes/nouvelle", "convention", "tarifs", "usagers", "jetons")
POIDS_MAX = 60_000


@tagged("post_install", "-at_install", "cnas")
class TestDemarches(CommunPortail):
    """Les démarches d'une formation, par de vraies requêtes, et le mur entre deux formations sur chaque route."""

    def setUp(self):
        super().setUp()
        self.acte.prestation_id.entente_prealable = True

    def demander(self, **autres):
        return self.poster("/my/formation/ententes/nouvelle", [("photos", ("radio.jpg", octets(page_numerisee(), "JPEG"), "image/jpeg"))], **{
            "matricule": self.assure.matricule, "prestation": "T-ACT-1", "quantite": "2", "justification": "Douleur ancienne", **autres})

    @property
    def entente(self):
        return self.env["cnas.entente_prealable"].search([("formation_id", "=", self.formation.id)], limit=1)

    # ------------------------------------------------------------------ pages
    def test_pages_legeres(self):
        for page in PAGES:
            reponse = self.ouvrir(f"/my/formation/{page}")
            self.assertTrue(reponse.url.endswith(page), reponse.url)
            self.assertLess(len(reponse.content), POIDS_MAX, page)
        self.assertIn("1 500", self.ouvrir("/my/formation/tarifs?q=T-ACT").text.replace("\u202f", " ").replace("\xa0", " "))

    def test_tarifs_par_pages(self):
        self.env["cnas.acte"].create([{"code": f"T-PAGE-{rang:02}", "name": f"Acte {rang}", "type_prestation": "acte", "mode_tarif": "forfait"}
                                      for rang in range(25)])
        page = self.ouvrir("/my/formation/tarifs?q=T-PAGE").text
        self.assertIn('aria-current="page">1</strong>', page)
        self.assertIn("T-PAGE-19", page)
        self.assertNotIn("T-PAGE-20", page)
        self.assertIn("T-PAGE-20", self.ouvrir("/my/formation/tarifs/page/2?q=T-PAGE").text)
        self.assertIn("T-PAGE-20", self.ouvrir("/my/formation/tarifs/page/99?q=T-PAGE").text, "au-delà : la dernière")

    def test_l_adresse_ne_dicte_pas_de_phrase(self):
        self.assertNotIn("Appelez le", self.ouvrir("/my/formation/droits?erreur=Appelez le 66").text)

    # ------------------------------------------------------------------ entente
    def test_entente_demandee_suivie_repondue(self):
        self.assertIn('name="justification"', self.ouvrir("/my/formation/ententes/nouvelle").text)
        page = self.demander(urgence="on").text
        entente = self.entente
        self.assertIn(entente.numero, page)
        self.assertRegex(page, "reste (1 h 59|2 h 00)")
        self.assertEqual((entente.quantite_demandee, entente.urgence, entente.create_uid), (2, True, self.portail))
        piece = entente.piece_ids
        self.assertEqual(self.ouvrir(f"/my/formation/ententes/{entente.id}/pieces/{piece.id}").headers["Content-Type"], "image/jpeg")
        self.ouvrir(f"/my/formation/ententes/{entente.id}/reponse.pdf", 404)
        entente._ecrire({"date_demande": fields.Datetime.now() - timedelta(hours=3)})
        self.assertIn("en retard de", self.ouvrir("/my/formation/ententes").text)
        entente.with_user(self.medecin).action_examiner()
        entente.with_user(self.medecin).action_accorder(1, motif="Une séance d'abord")
        papier = self.ouvrir(f"/my/formation/ententes/{entente.id}/reponse.pdf").content
        self.assertIn("ACCORD", texte_pdf(papier))
        [adresse] = codes_lus(papier)
        self.authenticate(None, None)
        public = self.ouvrir("/" + adresse.split("/", 3)[3]).text
        self.assertIn("Accord authentique", public)
        self.assertNotIn(self.assure.nom, public)
        self.ouvrir("/" + adresse.split("/", 3)[3][:-1] + "0x", 404)

    def test_entente_refusee_sans_rien_ecrire(self):
        self.medicament.prestation_id.entente_prealable = False
        for champs, phrase in (({"prestation": "ZZZ"}, "code inconnu"), ({"prestation": "T-MED-1"}, "exige pas"), ({"quantite": "0"}, "quantité"),
                               ({"matricule": "TD000"}, "clé de contrôle"), ({"justification": " "}, "justification"),
                               ({"date_prevue": "31/02/2026"}, "date"), ({"pathologie": "ZZZ9"}, "Diagnostic inconnu")):
            with self.subTest(champs):
                self.assertIn(phrase, self.demander(**champs).text)
        page = self.poster("/my/formation/ententes/nouvelle", [("photos", ("radio.jpg", b"MZ programme", "image/jpeg"))],
                           matricule=self.assure.matricule, prestation="T-ACT-1", justification="x")
        self.assertIn("ni un PDF", page.text)
        self.assertFalse(self.entente)

    def test_la_reponse_se_voit_en_arrivant(self):
        """Une demande décidée cette semaine est à l'accueil, une ancienne et celle d'autrui n'y sont pas."""
        self.demander()
        self.assertNotIn("vous a répondu", self.ouvrir("/my/formation").text)
        self.entente.with_user(self.medecin).action_refuser("Non")
        page = self.ouvrir("/my/formation").text
        self.assertIn("vous a répondu", page)
        self.assertIn(f"/my/formation/ententes/{self.entente.id}", page)
        self.chez_le_voisin()
        self.assertNotIn("vous a répondu", self.ouvrir("/my/formation").text)
        self.entente._ecrire({"date_decision": self.entente.date_decision - timedelta(days=8)})
        self.setUp()
        self.assertNotIn("vous a répondu", self.ouvrir("/my/formation").text)

    # ------------------------------------------------------------------ papiers et correction
    def test_accuse_rejet_et_correction(self):
        feuille = self.deposee("A-1")
        adresse = f"/my/formation/feuilles/{feuille.id}"
        self.assertIn(feuille.numero, texte_pdf(self.ouvrir(f"{adresse}/accuse.pdf").content))
        self.ouvrir(f"{adresse}/rejet.pdf", 404)
        page = self.ouvrir(f"{adresse}/corriger").text
        for dit in ('value="A-1"', 'value="T-ACT-1"', 'value="1500"', f'value="{feuille.numero}" checked="checked"'):
            self.assertIn(dit, page)
        feuille._controler()
        self.assertTrue(self.ouvrir(f"{adresse}/corriger").url.endswith("/my/formation/feuilles"))
        rejetee = self.deposee("A-2", matricule=self.creer_assure("Ferme", "1990-01-01", ouvert=False).matricule)
        rejetee._controler()
        self.assertEqual(rejetee.state, "rejetee")
        self.assertIn(rejetee.numero, texte_pdf(self.ouvrir(f"/my/formation/feuilles/{rejetee.id}/rejet.pdf").content))

    # ------------------------------------------------------------------ usagers
    def test_inviter_et_retirer_sans_s_elever(self):
        adresse = "/my/formation/usagers"
        self.assertIn("est invité", self.poster(adresse, quoi="inviter", name="Collègue", email="collegue@exemple.td").text)
        collegue = self.env["res.users"].search([("login", "=", "collegue@exemple.td")])
        self.assertEqual((collegue.formation_ids, collegue.groups_id & self.env.ref("base.group_user")),
                         (self.formation, self.env["res.groups"]))
        ferme = self.env["res.users"].search([("login", "=", "t_voisin")])
        ferme.write({"login": "ferme@exemple.td", "active": False})
        for courriel in ("ferme@exemple.td", "pas un courriel", ""):
            self.assertIn('class="erreur"', self.poster(adresse, quoi="inviter", name="X", email=courriel).text)
        self.assertFalse(ferme.active, "un compte fermé par la caisse ne se rouvre pas d'ici")
        for autre in (self.portail.id, self.agent.id, self.voisin.id, "0", "' OR 1"):
            self.assertIn('class="erreur"', self.poster(adresse, quoi="retirer", usager=str(autre)).text)
        self.assertIn("plus accès", self.poster(adresse, quoi="retirer", usager=str(collegue.id)).text)
        self.assertFalse(collegue.active)

    def test_rien_ne_se_fait_pour_une_autre_formation(self):
        """Le code d'une formation d'autrui, ou qu'on vient de perdre, ne vaut pas le sien : rien ne change de maison."""
        ailleurs, imports = {"formation": self.autre_formation.code}, self.env["cnas.import_fichier"]
        avant = imports.search_count([])
        pages = [self.demander(**ailleurs),
                 self.poster("/my/formation/usagers", quoi="inviter", name="Collègue", email="ailleurs@exemple.td", **ailleurs),
                 self.poster("/my/formation/usagers", quoi="retirer", usager=str(self.voisin.id), **ailleurs),
                 self.poster("/my/formation/import", {"classeur": ("f.csv", b"Reference;Matricule\nA;B\n", "text/csv")}, etape="controler", **ailleurs)]
        for page in pages:
            with self.subTest(page.url):
                self.assertIn("pas la vôtre", page.text)
        self.assertFalse(self.entente)
        self.assertFalse(self.env["res.users"].search([("login", "=", "ailleurs@exemple.td")]))
        self.assertEqual(imports.search_count([]), avant)

    # ------------------------------------------------------------------ jeton
    def test_jeton_du_logiciel(self):
        adresse = "/my/formation/jetons"
        self.assertIn("pas le vôtre", self.poster(adresse, quoi="creer", name="Logiciel", password="faux").text)
        page = self.poster(adresse, quoi="creer", name="Logiciel", password="portail-essai-1").text
        cle = page.split('id="cle"')[1].split(">")[1].split("<")[0]
        exemple = runpy.run_path(file_path("cnas_feuilles_soin/static/exemple_logiciel.py"))
        appeler = exemple["ouvrir"](self.base_url(), self.env.cr.dbname, "t_portail", cle)
        self.env.flush_all()
        [(reference, numero, erreurs)] = exemple["deposer"](appeler, [self.dossier("LOG-1")])
        self.assertEqual((reference, erreurs), ("LOG-1", []))
        self.assertEqual(self.feuilles.search([("numero", "=", numero)]).formation_id, self.formation)
        [(_reference, numero, erreurs)] = exemple["deposer"](appeler, [self.dossier("LOG-2", formation="T-HD-01")])
        self.assertIn("n'est pas la vôtre", erreurs[0])
        self.chez_le_voisin()
        jeton = self.env["res.users.apikeys"].search([("user_id", "=", self.portail.id)])
        self.poster(adresse, quoi="retirer", jeton=str(jeton.id))
        self.assertTrue(jeton.exists(), "on ne retire que les siens")
        self.assertFalse(self.env["cnas.journal"].search([("evenement", "=", "jeton_retire"), ("res_id", "=", self.voisin.id)]))
        self.authenticate("t_portail", "portail-essai-1")
        self.poster(adresse, quoi="retirer", jeton=str(jeton.id))
        self.assertFalse(jeton.exists())

    # ------------------------------------------------------------------ cloison
    def test_le_voisin_ne_voit_rien(self):
        self.demander()
        entente, feuille = self.entente, self.deposee("A-1")
        entente.with_user(self.medecin).action_refuser("Non")
        chemins = (f"ententes/{entente.id}", f"ententes/{entente.id}/reponse.pdf", f"ententes/{entente.id}/pieces/{entente.piece_ids.id}",
                   f"feuilles/{feuille.id}/accuse.pdf", f"feuilles/{feuille.id}/rejet.pdf", f"feuilles/{feuille.id}/corriger")
        self.chez_le_voisin()
        for chemin in chemins:
            with self.subTest(chemin):
                interdite = self.url_open(f"/my/formation/{chemin}", allow_redirects=False)
                absente = self.url_open("/my/formation/" + "/".join(
                    "2147483000" if morceau.isdigit() else morceau for morceau in chemin.split("/")), allow_redirects=False)
                self.assertEqual((interdite.status_code, interdite.headers.get("Location")),
                                 (absente.status_code, absente.headers.get("Location")))
                self.assertNotEqual(interdite.status_code, 200)
        self.assertNotIn(entente.numero, self.ouvrir("/my/formation/ententes").text)
        self.assertNotIn(self.convention_de(self.formation), self.ouvrir("/my/formation/convention").text)
        # Une pièce d'ailleurs, demandée par un dossier à soi.
        sienne = self.env["cnas.entente_prealable"].create({
            "formation_id": self.autre_formation.id, "assure_id": self.assure.id, "prestation_id": self.acte.prestation_id.id})
        self.ouvrir(f"/my/formation/ententes/{sienne.id}/pieces/{entente.piece_ids.id}", 404)
        self.authenticate(None, None)
        for page in PAGES:
            self.assertIn("/web/login", self.ouvrir(f"/my/formation/{page}").url)

    def convention_de(self, formation):
        return self.env["cnas.convention"].search([("formation_id", "=", formation.id)], limit=1).numero
