"""Toutes les routes de la suite, une à une, d'après la table de routage : le mur entre deux maisons.

`tests/e2e/test_allure_portail.py` lit la même table : il pèse chaque page et la passe à axe.
"""
import base64
import csv
import itertools
import re
from pathlib import Path
from urllib.parse import urlparse

from lxml import html

from odoo.http import Request
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.cnas_base.impression.langue import ARABE
from odoo.addons.cnas_base.tests.common import HttpCase

TABLE = Path(__file__).with_name("routes_portail.csv")
ABSENT = 2_147_483_000
FRANCAIS = re.compile(r"\b(?:le|la|les|l'|des?|du|d'|une?|est|et|ou|à|au|aux|en|pour|par|pas|votre|vos|ses?|sans|avec)\b", re.IGNORECASE)
# Ni un nom, une saisie ou un code (`bdi`), ni ce qui se dit en français à dessein (`lang="fr"`).
TEXTES_LUS = ("//text()[not(ancestor::script or ancestor::style or ancestor::bdi or ancestor::*[@lang='fr'])]"
              " | //@placeholder | //@title | //@aria-label | //@alt")
VARIABLE = re.compile(r"<(\w+)(?:\(([^)]*)\))?:(\w+)>")
# Ce que désigne un identifiant dans une adresse : une route qui en nomme un autre doit le dire ici.
MODELES = {
    "feuille_id": "cnas.feuille_soin", "facture_id": "cnas.facture", "decompte_id": "cnas.decompte", "entente_id": "cnas.entente_prealable",
    "contestation_id": "cnas.contestation", "ligne_id": "cnas.decompte.ligne", "import_id": "cnas.import_fichier",
    "declaration_id": "cnas.declaration_effectif", "piece_id": "cnas.feuille_soin.piece",
    "indu_id": "cnas.indu", "appel_id": "cnas.appel_cotisation", "versement_id": "cnas.encaissement",
}
TEXTES = {"jeton": "faux", "ids": "1", "forme": "cartes", "mois": "2026-10-01", "quoi": "prestation", "nom": "espace", "identifiant": "x",
          "numero_page": "2", "jour": "2026-10-01"}
SUITES = {"numero_page"}
PAPIERS = {"attestations": "cnas.attestation", "cartes": "cnas.carte", "famille": "cnas.assure", "facture": "cnas.facture",
           "decompte": "cnas.decompte", "lot_paiement": "cnas.lot_paiement", "indu": "cnas.indu", "indu_reglement": "cnas.indu.reglement"}


def routes():
    """Rend {route: (public, genre)} ; « | » y sépare ce que la table de routage sépare d'une virgule."""
    with TABLE.open(encoding="utf-8", newline="") as fichier:
        return {rang["route"].replace("|", ","): (rang["public"], rang["genre"]) for rang in csv.DictReader(fichier)}


@tagged("post_install", "-at_install", "cnas", "matrice")
class TestRoutesPortail(HttpCase):
    """Une route sans sa ligne dans `routes_portail.csv` fait échouer ; chacune est rejouée sans compte, d'un autre espace, et chez le voisin."""

    jour_fige = None  # le jeu d'essai est daté d'aujourd'hui

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.routes = routes()
        cls.usagers = {login: cls.env["res.users"].search([("login", "=", login)]) for login in ("formation", "formation2", "employeur")}
        for login in ("formation", "formation2"):
            usager = cls.usagers[login]
            cls.env["cnas.import_fichier"].with_user(usager).sudo().create({
                "sujet": "feuilles", "formation_id": usager.formation_ids[:1].id, "nom_fichier": "feuilles.csv",
                "fichier": base64.b64encode(b"reference;matricule\nX-1;TD1\n")}).action_controler()

    def setUp(self):
        super().setUp()
        self.authenticate(None, None)

    # ------------------------------------------------------------------ aides
    def de(self, *publics):
        """Rend [(route, public, genre)] de ces publics."""
        return [(route, *selon) for route, selon in self.routes.items() if selon[0] in publics]

    @staticmethod
    def adresses(route, **valeurs):
        """Rend les adresses d'une route : une par choix qu'elle offre."""
        variables = VARIABLE.findall(route)
        choix = [options.split(",") if genre == "any" else [str(valeurs.get(nom, TEXTES.get(nom, "")))] for genre, options, nom in variables]
        rendues = []
        for valeur in itertools.product(*choix):
            suite = iter(valeur)
            rendues.append(VARIABLE.sub(lambda _trouve, suite=suite: next(suite), route))
        return rendues

    @staticmethod
    def objets(route):
        """Rend {variable: modèle} de ce que la route désigne."""
        noms = [nom for genre, _options, nom in VARIABLE.findall(route) if genre == "int" and nom not in SUITES]
        return {nom: MODELES[nom] for nom in noms}

    def chez(self, modele, login):
        """Rend le domaine de ce qui est à lui quand aucune règle ne le dit : le code seul le lit."""
        if modele in ("cnas.appel_cotisation", "cnas.encaissement"):
            return [("employeur_id", "in", self.usagers[login].employeur_ids.ids), ("employeur_id", "!=", False)]
        return [("formation_id", "in", self.usagers[login].formation_ids.ids), ("create_uid.share", "=", True)] if (
            modele == "cnas.import_fichier") else []

    def d_autrui(self, modele, login):
        """Rend une fiche que l'usager ne lit pas."""
        lecteur = self.env[modele].with_user(self.usagers[login])
        if not lecteur.check_access_rights("read", False):
            chez = self.chez(modele, login)
            return self.env[modele].search(["!", "&", *chez] if chez else [], limit=1)
        return self.env[modele].search([("id", "not in", lecteur.search([]).ids)], limit=1)

    def a_lui(self, modele, login):
        """Rend une fiche que l'usager lit."""
        lecteur = self.env[modele].with_user(self.usagers[login])
        return (lecteur if lecteur.check_access_rights("read", False) else self.env[modele]).search(self.chez(modele, login), limit=1)

    def envoyer(self, adresse, geste):
        """Rend ce que voit l'usager : statut, lieu, page sans ce qui change d'une demande à l'autre."""
        donnees = {"csrf_token": Request.csrf_token(self), "motif": "Un motif d'essai", "quoi": "accepter"} if geste else None
        return self.url_open(adresse, data=donnees, allow_redirects=False)

    @staticmethod
    def neutre(reponse, adresse):
        """Rend la réponse sans le jeton de la page ni l'adresse demandée."""
        page = re.sub(r'name="csrf_token" value="[^"]*"', "", reponse.text).replace(adresse, "ADRESSE")
        return reponse.status_code, urlparse(reponse.headers.get("Location", "")).path, page

    def empreinte(self, fiche):
        fiche.flush_recordset()
        self.env.cr.execute(f'SELECT md5(t::text) FROM "{fiche._table}" t WHERE id = %s', [fiche.id])
        return self.env.cr.fetchone()

    # ------------------------------------------------------------------ la table
    def test_chaque_route_a_sa_ligne(self):
        """Ni route nouvelle sans ligne, ni ligne morte ; un identifiant inconnu de `MODELES` se déclare."""
        connues = set()
        for regle in self.env["ir.http"].routing_map().iter_rules():
            methode = regle.endpoint.func
            # l'ordre des surcharges d'une même page dépend de celui des imports : l'une d'elles, n'importe où, est des nôtres
            surcharges = (vars(classe).get(methode.__name__) for classe in type(methode.__self__).mro())
            if regle.rule.startswith(("/my", "/cnas")) or any(s and s.__module__.startswith("odoo.addons.cnas_") for s in surcharges):
                connues.add(regle.rule)
        self.assertFalse(connues - set(self.routes), "routes sans ligne")
        if not self.env["ir.module.module"].search([("name", "=like", "cnas\\_%"), ("state", "!=", "installed")], limit=1):
            self.assertFalse(set(self.routes) - connues, "lignes sans route")
        for route, _public, _genre in self.de("formation", "employeur", "telephone"):
            self.objets(route)

    # ------------------------------------------------------------------ le mur
    def test_sans_compte(self):
        """Sans compte, aucune page ni aucun geste d'un espace : la porte, ou 401 au téléphone."""
        for route, public, genre in self.de("formation", "employeur", "compte", "telephone", "agents"):
            valeurs = dict.fromkeys(MODELES, 1)
            with mute_logger("odoo.http", "odoo.addons.base.models.ir_http"):
                reponse = self.envoyer(self.adresses(route, identifiant=1, **valeurs)[0], genre == "geste")
            if route == "/my/counters":
                continue  # JSON-RPC : la demande n'en est pas une
            if public == "telephone":
                self.assertIn(reponse.status_code, (400, 401), route)
            elif genre != "geste":
                self.assertEqual((reponse.status_code, urlparse(reponse.headers["Location"]).path), (303, "/web/login"), route)
            else:
                self.assertIn(reponse.status_code, (303, 400), route)

    def test_d_un_autre_espace(self):
        """Un employeur n'ouvre rien d'une formation, ni l'inverse : chacun revient chez soi."""
        for login, publics in (("employeur", ("formation", "telephone")), ("formation", ("employeur",))):
            self.authenticate(login, login)
            for route, public, genre in self.de(*publics):
                with mute_logger("odoo.http"):
                    reponse = self.envoyer(self.adresses(route, **dict.fromkeys(MODELES, 1))[0], genre == "geste")
                with self.subTest(route=route, login=login):
                    if public == "telephone":
                        self.assertEqual(reponse.status_code, 403)
                    else:
                        self.assertEqual((reponse.status_code, urlparse(reponse.headers["Location"]).path), (303, "/my"))

    def test_les_papiers_des_agents(self):
        """Nul usager du portail n'ouvre le papier d'autrui par l'adresse des agents, ni le rapport de pilotage."""
        for login in ("formation", "employeur"):
            self.authenticate(login, login)
            fiches = {sorte: self.d_autrui(modele, login).id for sorte, modele in PAPIERS.items()}
            for route, _public, _genre in self.de("agents"):
                for sorte, fiche in fiches.items():
                    for adresse in self.adresses(route, identifiant=fiche, ids=fiche):
                        if "pilotage" not in route and f"/{sorte}/" not in adresse:
                            continue
                        with self.subTest(adresse=adresse, login=login), mute_logger(
                                "odoo.http", "odoo.addons.base.models.ir_rule", "odoo.addons.base.models.ir_model"):
                            self.assertIn(self.url_open(adresse).status_code, (403, 404))

    def test_absent_et_interdit_se_ressemblent(self):
        """Ce qui est au voisin répond comme ce qui n'existe pas, et n'en bouge pas d'un octet."""
        essais = 0
        for login, publics in (("formation", ("formation",)), ("employeur", ("employeur",))):
            self.authenticate(login, login)
            for route, _public, genre in self.de(*publics):
                objets = self.objets(route)
                if not objets:
                    continue
                fiches = {nom: self.d_autrui(modele, login) for nom, modele in objets.items()}
                self.assertTrue(all(fiches.values()), f"{route} : le jeu d'essai n'a rien d'un voisin")
                avant = [self.empreinte(fiche) for fiche in fiches.values()]
                voisines = self.adresses(route, **{nom: fiche.id for nom, fiche in fiches.items()})
                absentes = self.adresses(route, **dict.fromkeys(objets, ABSENT))
                for voisine, absente in zip(voisines, absentes):
                    essais += 1
                    with self.subTest(adresse=voisine), mute_logger("odoo.http"):
                        vu, attendu = (self.envoyer(adresse, genre == "geste") for adresse in (voisine, absente))
                        self.assertEqual(self.neutre(vu, voisine), self.neutre(attendu, absente))
                self.env.invalidate_all()
                self.assertEqual([self.empreinte(fiche) for fiche in fiches.values()], avant, route)
        self.assertGreater(essais, 30)

    def test_aucune_page_ne_nomme_le_voisin(self):
        """Aucune page de la formation ne porte un numéro d'une autre ; un code d'autrui dans un formulaire n'écrit rien chez lui."""
        numeros, comptes = set(), {}
        sienne = self.usagers["formation"].formation_ids
        for nom, modele in self.env.registry.items():
            if not nom.startswith("cnas.") or modele._abstract or modele._transient or not modele._auto or "formation_id" not in modele._fields:
                continue
            if not modele._fields["formation_id"].store or modele._fields["formation_id"].type != "many2one":
                continue
            autrui = self.env[nom].sudo().with_context(active_test=False).search([("formation_id", "not in", [False, *sienne.ids])])
            comptes[nom] = len(autrui)
            if "numero" in modele._fields and modele._fields["numero"].type == "char":
                numeros.update(filter(None, autrui.mapped("numero")))
        self.assertGreater(len(numeros), 10)
        voisine = self.env["cnas.formation_sanitaire"].search([("id", "not in", sienne.ids), ("code", "!=", False)], limit=1)
        self.authenticate("formation", "formation")
        for route, _public, genre in self.de("formation", "telephone"):
            if self.objets(route):
                continue
            for adresse in self.adresses(route):
                if genre != "geste":
                    page = self.url_open(adresse)
                    self.assertLess(page.status_code, 500, adresse)
                    if page.headers["Content-Type"].startswith(("text/", "application/json")):
                        self.assertFalse({numero for numero in numeros if numero in page.text}, adresse)
                if genre in ("geste", "page"):
                    with mute_logger("odoo.http"):
                        self.assertLess(self.url_open(adresse, data={
                            "csrf_token": Request.csrf_token(self), "formation": voisine.code, "mois": "2026-10", "reference": "VOISIN-1",
                            "usage": "principal", "rib": "x", "justification": "y", "matricule": "TD1", "name": "z",
                            "email": "z@exemple.td"}).status_code, 500, adresse)
        self.env.invalidate_all()
        for nom, compte in comptes.items():
            self.assertEqual(self.env[nom].sudo().with_context(active_test=False).search_count(
                [("formation_id", "not in", [False, *sienne.ids])]), compte, nom)

    # ------------------------------------------------------------------ la langue
    def test_aucune_page_en_arabe_ne_parle_francais(self):
        """Chaque page des deux espaces, et de ce qui est ouvert à tous, lue en arabe : pas un mot outil du français hors d'un nom ou d'une saisie."""
        noms = {*self.env["cnas.formation_sanitaire"].search([]).mapped("name"), *self.env["cnas.employeur"].search([]).mapped("raison_sociale")}
        lues, dits = 0, set()
        for login in ("formation", "employeur"):
            self.usagers[login].lang = ARABE
            self.authenticate(login, login)
            for route, _public, genre in self.de(login, "compte", "tous"):
                if genre != "page":
                    continue
                siens = {nom: self.a_lui(modele, login).id for nom, modele in self.objets(route).items()}
                for adresse in self.adresses(route, **siens):
                    with mute_logger("odoo.http"):
                        page = html.fromstring(self.url_open(adresse).content)
                    self.assertEqual(page.get("lang"), "ar", adresse)
                    lues += 1
                    dits |= {(texte.strip()[:80], route) for texte in page.xpath(TEXTES_LUS) if FRANCAIS.search(texte) and texte.strip() not in noms}
        self.assertGreater(lues, 30)
        self.assertFalse(dits)

    # ------------------------------------------------------------------ les erreurs
    def test_les_erreurs_sont_legeres_et_en_francais(self):
        """Une page absente, un identifiant absurde : un Ko en français, pas les 600 Ko ni l'anglais d'Odoo."""
        for adresse in ("/my/formation/nulle-part", "/my/formation/feuilles/abc", f"/my/formation/ententes/{ABSENT}/reponse.pdf", "/cnas/rien",
                        "/nulle/part"):
            for login in (None, "formation"):
                self.authenticate(login, login)
                with mute_logger("odoo.http"):
                    page = self.url_open(adresse)
                with self.subTest(adresse=adresse, login=login):
                    if page.status_code == 200:
                        self.assertIn("/web/login", page.url)
                        continue
                    self.assertEqual(page.status_code, 404)
                    self.assertIn("Page introuvable", page.text)
                    self.assertLess(len(page.content), 1500)
