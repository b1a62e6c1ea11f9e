import base64
import hashlib
import html
import json
import re
import uuid
from datetime import timedelta
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError
from odoo.http import Request
from odoo.tests.common import new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.cnas_assures import cle_signature as outil
from odoo.addons.cnas_base.tests.common import HttpCase, octets, page_numerisee

from ..models import envoi
from .commun_feuille import CommunFeuille

RACINE = "/my/formation/horsligne"
POIDS_MAX = 60_000


@tagged("post_install", "-at_install", "cnas")
class TestHorsLigne(HttpCase, CommunFeuille):
    """Ce que le téléphone emporte et ce qu'il envoie : par blocs, une fois, sans rien perdre ni rien montrer d'autrui."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.portail.write({"password": "portail-essai-1", "tz": "Africa/Ndjamena", "lang": "fr_FR"})
        cls.voisin = new_test_user(cls.env, login="t_voisin", groups="cnas_base.group_portail_formation",
                                   formation_ids=[Command.set(cls.autre_formation.ids)])
        cls.voisin.password = "portail-essai-2"
        cls.photo = octets(page_numerisee(3), "JPEG", quality=80)

    def setUp(self):
        super().setUp()
        self.authenticate("t_portail", "portail-essai-1")

    # ------------------------------------------------------------------ aides
    def lire(self, nom, statut=200, **entetes):
        reponse = self.url_open(f"{RACINE}/{nom}.json", headers=entetes)
        self.assertEqual(reponse.status_code, statut, nom)
        return json.loads(reponse.text) if reponse.text else reponse

    def bloc(self, identifiant, octets_, debut=0, entier=None, statut=200, **autres):
        entier = octets_ if entier is None else entier
        reponse = self.url_open(f"{RACINE}/envoi/{identifiant}/bloc", data={
            "csrf_token": self.jeton, "formation": "T-CS-01", "empreinte": hashlib.sha256(entier).hexdigest(),
            "taille": len(entier), "debut": debut, **autres}, files={"bloc": ("bloc", octets_)})
        self.assertEqual(reponse.status_code, statut)
        return json.loads(reponse.text)

    def envoyer(self, identifiant, pieces=(), statut=200, **champs):
        donnees = [(nom, valeur) for nom, valeur in {
            "csrf_token": self.jeton, "reference": "HL-1", "formation": "T-CS-01", "matricule": self.assure.matricule,
            "date_soins": "2026-11-10", "pathologie": "X98.8", "prestation": "T-ACT-1", "quantite": "1", "prix_unitaire": "1500",
            **champs}.items()]
        for octets_ in pieces:
            donnees += [("piece_empreinte", hashlib.sha256(octets_).hexdigest()), ("piece_type", "ORDONNANCE"), ("piece_nom", "photo.jpg")]
        reponse = self.url_open(f"{RACINE}/envoi/{identifiant}", data=donnees)
        self.assertEqual(reponse.status_code, statut)
        return json.loads(reponse.text)

    @property
    def jeton(self):
        return Request.csrf_token(self)

    def feuille_de(self, reference="HL-1"):
        return self.feuilles.search([("reference", "=", reference)])

    # ------------------------------------------------------------------ la coquille
    def test_la_coquille_n_est_a_personne(self):
        """La page hors ligne est la même connecté ou non : aucun nom, aucun jeton ; tout ce qu'elle emporte existe, et pèse peu."""
        page = self.url_open(RACINE).text
        self.authenticate(None, None)
        self.assertEqual(self.url_open(RACINE).text, page)
        for secret in ("csrf", self.portail.name, "T-CS-01"):
            self.assertNotIn(secret, page)
        ouvrier = self.url_open("/my/formation/sw.js")
        self.assertEqual(ouvrier.headers["Service-Worker-Allowed"], "/my/formation")
        poids, fichiers = len(page.encode()), json.loads(ouvrier.text.split("FICHIERS = ")[1].split(";")[0])
        for adresse in fichiers:
            contenu = self.url_open(adresse)
            self.assertEqual(contenu.status_code, 200, adresse)
            if "horsligne" in adresse and adresse.endswith(".js"):
                appeles = {f"{RACINE}/{nom}" for nom in re.findall(r'"\./(\w+\.js)"', contenu.text)}
                self.assertLessEqual(appeles, set(fichiers), "un module appelé hors ligne y est emporté")
            poids += len(contenu.content) * (not adresse.endswith(("/page.js", "/saisie.js")))
        self.assertIn(f"{RACINE}/espace.js", fichiers)
        self.assertLess(poids, POIDS_MAX)
        self.assertEqual(self.url_open(f"{RACINE}/sw.js").status_code, 404)

    def test_chaque_page_installe_l_espace(self):
        page = self.url_open("/my/formation").text
        for attendu in (f'name="cnas-usager" content="{self.portail.id}"', 'rel="manifest"', f'href="{RACINE}"'):
            self.assertIn(attendu, page)

    # ------------------------------------------------------------------ ce qu'il emporte
    def test_session_finie_ou_compte_retire(self):
        """Une phrase et un statut, jamais une page : l'appareil sait s'il doit redemander le mot de passe."""
        session = self.lire("session")
        self.assertEqual((session["usager"], session["formations"][0]["code"]), (self.portail.id, "T-CS-01"))
        identifiant = str(uuid.uuid4())
        jeton = session["jeton"]
        self.portail.formation_ids = False
        self.assertIn("appelez la CNAS", self.lire("session", 403)["erreurs"][0])
        self.assertIn("reste sur l'appareil", self.envoyer_sans(identifiant, jeton, 403)["erreurs"][0])
        self.portail.formation_ids = self.autre_formation
        self.assertIn("plus la vôtre", self.envoyer_sans(identifiant, jeton, 200)["erreurs"][0])
        self.portail.active = False
        self.assertIn(self.url_open(f"{RACINE}/session.json").status_code, (401, 403))
        self.authenticate(None, None)
        self.assertIn("reconnectez-vous", self.lire("session", 401)["erreurs"][0])
        self.assertFalse(self.feuille_de())

    def envoyer_sans(self, identifiant, jeton, statut):
        reponse = self.url_open(f"{RACINE}/envoi/{identifiant}", data={"csrf_token": jeton, "formation": "T-CS-01"})
        self.assertEqual(reponse.status_code, statut)
        return json.loads(reponse.text)

    def test_referentiel_permis_et_cloison(self):
        self.acte.prestation_id.niveau_min = 2
        lu = self.lire("referentiel")
        prestations = {code: tarif for code, _nom, tarif in lu["formations"]["T-CS-01"]["prestations"]}
        self.assertNotIn("T-ACT-1", prestations, "au-dessus du niveau de ce centre de santé")
        self.assertEqual(prestations["T-MED-1"], 200)
        self.assertNotIn("T-HD-01", lu["formations"])
        self.assertIn(["X98.8", "Paludisme d'essai"], lu["pathologies"])
        self.assertNotIn(self.assure.matricule, json.dumps(lu))
        self.assertNotIn("T-9001", json.dumps(lu), "un praticien d'ailleurs")
        etag = self.url_open(f"{RACINE}/referentiel.json").headers["ETag"]
        self.assertFalse(self.lire("referentiel", 304, **{"If-None-Match": etag}).text)
        self.authenticate("t_voisin", "portail-essai-2")
        voisin = self.lire("referentiel", 200, **{"If-None-Match": etag})
        self.assertEqual(list(voisin["formations"]), ["T-HD-01"])
        self.assertIn("T-ACT-1", json.dumps(voisin))

    def test_cartes_signees_et_datees(self):
        """Perdues, annulées, produites et remises y sont, les actives non ; la signature suit chaque octet et la date."""
        cartes = {etat: self.env["cnas.carte"].create({"assure_id": self.creer_assure(etat, "1990-01-01").id})
                  for etat in ("produite", "remise", "active", "perdue", "annulee")}
        for etat, carte in cartes.items():
            carte.action_produire()
            if etat != "produite":
                carte.action_remettre()
            if etat in ("active", "perdue", "annulee"):
                carte.action_activer()
        cartes["perdue"].action_declarer_perte("Perdue")
        cartes["annulee"].action_annuler("Erreur")
        lu = self.lire("cartes")
        listes = {nom: base64.b64decode(lu[nom]) for nom in ("perdues", "annulees", "inactives")}
        ou = {etat: [nom for nom, liste in listes.items() if bytes.fromhex(carte.qr_empreinte[:12]) in
                     {liste[i:i + 6] for i in range(0, len(liste), 6)}] for etat, carte in cartes.items()}
        self.assertEqual(ou, {"produite": ["inactives"], "remise": ["inactives"], "active": [], "perdue": ["perdues"],
                              "annulee": ["annulees"]})
        somme = hashlib.sha256("|".join((lu["perdues"], lu["annulees"], lu["inactives"])).encode()).hexdigest()
        signature, cle = outil.octets_base64url(lu["signature"]), base64.b64decode(lu["cles"][0])
        message = f"cnas-cartes-1|{lu['date']}|{somme}"
        self.assertTrue(outil.signature_juste(cle, message.encode(), signature))
        self.assertFalse(outil.signature_juste(cle, message.replace("-1|2", "-1|3").encode(), signature))
        etag = self.url_open(f"{RACINE}/cartes.json").headers["ETag"]
        self.lire("cartes", 304, **{"If-None-Match": etag})

    def test_liste_des_cartes_par_ecarts(self):
        """Dix mille cartes perdues : l'appareil ne reçoit que ce qui a changé, recompose la liste et la signature tient."""
        self.env.cr.execute("""
            INSERT INTO cnas_carte (assure_id, numero, state, qr_empreinte, date_expiration, date_demande, motif_demande)
            SELECT %s, 'ESSAI' || n, 'perdue', encode(sha256(n::text::bytea), 'hex'), '2030-01-01', '2026-01-01', 'premiere'
              FROM generate_series(1, 10000) n""", [self.assure.id])
        cartes = self.env["cnas.carte"]
        avant = self.lire("cartes")
        entiere = int(self.url_open(f"{RACINE}/cartes.json").headers["Content-Length"])
        temoins = base64.urlsafe_b64encode(b"".join(map(cartes._temoin, cartes._seaux(avant)))).decode()
        self.env.cr.execute("UPDATE cnas_carte SET state = 'active' WHERE numero = 'ESSAI7'")
        self.env.cr.execute("UPDATE cnas_carte SET state = 'annulee' WHERE numero IN ('ESSAI8', 'ESSAI9')")
        reponse = self.url_open(f"{RACINE}/cartes.json?seaux={temoins}")
        self.assertLess(int(reponse.headers["Content-Length"]), 4000)
        self.assertGreater(entiere, 50_000, "ce qu'un jour de plus coûtait en 2G")
        ecart, apres = json.loads(reponse.text), self.lire("cartes")
        seaux = [ecart["seaux"].get(str(rang), seau) for rang, seau in enumerate(cartes._seaux(avant))]
        for place, nom in enumerate(("perdues", "annulees", "inactives")):
            self.assertEqual("".join(seau[place] for seau in seaux), apres[nom])
        self.assertEqual((ecart["signature"], ecart["date"]), (apres["signature"], apres["date"]))
        self.lire("cartes", 304, **{"If-None-Match": reponse.headers["ETag"]})
        for faux in ("x", "é", "AAAA", "A" * 1024):
            self.assertIn('"perdues"', self.url_open(f"{RACINE}/cartes.json?seaux={faux}").text, "témoins faux, ou tout a changé : la liste entière")

    # ------------------------------------------------------------------ ce qu'il envoie
    def test_photo_par_blocs_et_depot_une_seule_fois(self):
        identifiant, moitie = str(uuid.uuid4()), len(self.photo) // 2
        self.assertEqual(self.bloc(identifiant, self.photo[:moitie], entier=self.photo), {"recu": moitie})
        self.assertEqual(self.bloc(identifiant, self.photo[:moitie], entier=self.photo), {"recu": moitie}, "un bloc rejoué n'ajoute rien")
        self.assertTrue(self.envoyer(identifiant, [self.photo])["reprendre"], "une photo à moitié ne se dépose pas")
        self.assertFalse(self.feuille_de())
        self.bloc(identifiant, self.photo[moitie:], moitie, self.photo)
        premiere = self.envoyer(identifiant, [self.photo])
        feuille = self.feuille_de()
        self.assertEqual(premiere, {"id": feuille.id, "numero": feuille.numero})
        self.assertEqual((feuille.state, feuille.saisie_par_id), ("deposee", self.portail))
        self.assertEqual(base64.b64decode(feuille.piece_ids.contenu), self.photo)
        self.assertEqual(self.envoyer(identifiant, [self.photo]), premiere)
        self.assertEqual(self.bloc(identifiant, self.photo), premiere, "la réponse s'était perdue : un bloc suffit à la retrouver")
        self.assertEqual(self.envoyer(identifiant, reference="AUTRE"), premiere)
        self.assertEqual(len(self.feuille_de()), 1)
        self.env.cr.execute("SELECT count(*) FROM cnas_envoi_piece p JOIN cnas_envoi e ON e.id = p.envoi_id WHERE e.feuille_id = %s", [feuille.id])
        self.assertEqual(self.env.cr.fetchone()[0], 0, "rien ne reste en route")

    def test_refusee_elle_dit_pourquoi_puis_repart(self):
        identifiant = str(uuid.uuid4())
        self.bloc(identifiant, self.photo)
        refus = self.envoyer(identifiant, [self.photo], matricule="TD000", quantite="0")
        self.assertGreaterEqual(len(refus["erreurs"]), 2)
        self.assertFalse(self.feuille_de())
        self.assertTrue(self.envoyer(identifiant, [self.photo])["numero"], "corrigée, sans renvoyer la photo")

    def test_deux_appareils(self):
        """La même feuille de deux téléphones : la même réponse ; le même numéro et un autre contenu : une phrase."""
        premier = self.envoyer(str(uuid.uuid4()))
        self.assertEqual(self.envoyer(str(uuid.uuid4())), premier)
        autre = self.envoyer(str(uuid.uuid4()), prix_unitaire="1400")
        self.assertIn("déjà prise", autre["erreurs"][0])
        self.assertEqual(len(self.feuille_de()), 1)

    def test_fichiers_faux(self):
        """Vide, piégé, abîmé en route, démesuré, annoncé autrement : une phrase, rien de déposé, rien de gardé de faux."""
        identifiant = str(uuid.uuid4())
        self.assertIn("illisible", self.bloc(identifiant, b"", entier=b"x")["erreurs"][0])
        for faux in ({"empreinte": "x"}, {"taille": "-1"}, {"taille": "beaucoup"}, {"debut": "-5"}, {"debut": "9" * 30}):
            self.assertTrue(self.bloc(identifiant, self.photo, **faux).get("erreurs") or "debut" in faux, faux)
        self.assertIn("Mo", self.bloc(identifiant, self.photo, taille=2**31 - 1)["erreurs"][0])
        self.assertEqual(self.bloc(identifiant, self.photo[::-1], entier=self.photo), {"recu": 0}, "abîmée en route : elle repart du début")
        piege = b"MZ\x90 programme" * 40
        self.bloc(identifiant, piege)
        self.assertIn("ni un PDF", self.envoyer(identifiant, [piege])["erreurs"][0])
        self.assertIn("identifiant", self.envoyer("pas-un-uuid")["erreurs"][0])
        self.assertFalse(self.feuille_de())

    def test_les_photos_en_route_ont_une_mesure(self):
        """Un compte volé ne remplit pas le disque : par feuille, et par usager."""
        identifiant = str(uuid.uuid4())
        with patch.object(envoi, "PIECES_MAX", 1):
            self.bloc(identifiant, self.photo)
            self.assertIn("Trop de fichiers", self.bloc(identifiant, b"autre")["erreurs"][0])
            self.assertEqual(self.bloc(identifiant, self.photo)["recu"], len(self.photo))
        with patch.object(envoi, "EN_ROUTE_MAX", len(self.photo) + 3):
            self.assertIn("Trop de photos", self.bloc(str(uuid.uuid4()), b"autre")["erreurs"][0])
        with patch.object(envoi, "OUVERTS_MAX", 1):
            self.assertIn("Trop d'envois", self.envoyer(str(uuid.uuid4()))["erreurs"][0])
            self.assertTrue(self.envoyer(identifiant)["numero"], "celui qui est ouvert se termine")

    def test_cloison(self):
        """Le voisin n'envoie pas pour cette formation, et le même identifiant chez lui est un autre envoi."""
        identifiant = str(uuid.uuid4())
        self.envoyer(identifiant)
        self.authenticate("t_voisin", "portail-essai-2")
        self.assertIn("plus la vôtre", self.envoyer(identifiant)["erreurs"][0])
        self.assertIn("plus la vôtre", self.bloc(identifiant, self.photo)["erreurs"][0])
        self.assertTrue(self.envoyer(identifiant, formation="T-HD-01")["numero"])
        self.assertEqual(len(self.feuille_de()), 2)
        with self.assertRaises(AccessError):
            self.env["cnas.envoi"].with_user(self.portail).search([])

    def test_envoi_sans_suite_s_efface(self):
        identifiant = str(uuid.uuid4())
        self.bloc(identifiant, self.photo)
        ouvert = self.env["cnas.envoi"].search([("identifiant", "=", identifiant)])
        self.env["cnas.envoi"]._effacer_sans_suite()
        self.assertTrue(ouvert.exists())
        self.env.cr.execute("UPDATE cnas_envoi SET write_date = write_date - %s WHERE id = %s", [timedelta(days=31), ouvert.id])
        ouvert.invalidate_recordset()
        self.env["cnas.envoi"]._effacer_sans_suite()
        self.assertFalse(ouvert.exists())

    def test_formulaire_d_une_session_finie(self):
        """Sans script aussi, la phrase est en français : rien n'est parti."""
        for adresse in ("/my/formation/feuilles/nouvelle", f"{RACINE}/envoi/{uuid.uuid4()}"):
            with mute_logger("odoo.http"):
                reponse = self.url_open(adresse, data={"csrf_token": "faux", "reference": "HL-1"})
            self.assertEqual(reponse.status_code, 400)
            self.assertIn("Rien n'a été envoyé", html.unescape(reponse.text))
            self.assertNotIn("Session expired", reponse.text)

    # ------------------------------------------------------------------ se déconnecter
    def test_se_deconnecter_vide_l_appareil(self):
        """Depuis nos pages seulement : un lien posé ailleurs n'efface pas les saisies d'autrui."""
        for origine, attendu in (("same-origin", '"storage"'), ("cross-site", None)):
            self.authenticate("t_portail", "portail-essai-1")
            reponse = self.url_open("/web/session/logout?redirect=/web/login", headers={"Sec-Fetch-Site": origine}, allow_redirects=False)
            self.assertEqual(reponse.headers.get("Clear-Site-Data"), attendu)
