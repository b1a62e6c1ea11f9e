"""La porte, les espaces du portail et les pages publiques dans un Chromium de 390 × 844 : poids à froid, axe-core, titres, cibles du pouce.

Les pages viennent de `routes_portail.csv`, qu'un test tient égal à la table de routage : une page nouvelle y passe d'elle-même.
"""
import base64
import csv
import hmac
import re
import time

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import RACINE

PORTE_MAX, PAGE_MAX = 40 * 1024, 60 * 1024
# Ce que désigne un identifiant d'une page, et dans quel état la page existe.
OBJETS = {
    "feuille_id": ("cnas.feuille_soin", []), "facture_id": ("cnas.facture", [("state", "=", "brouillon")]), "decompte_id": ("cnas.decompte", []),
    "entente_id": ("cnas.entente_prealable", []), "ligne_id": ("cnas.decompte.ligne", []), "declaration_id": ("cnas.declaration_effectif", []),
}
A_CORRIGER = [("state", "=", "deposee"), ("numero", "!=", False)]
# Ce que le pouce vise : ni les liens au fil d'une phrase, ni une case (son étiquette entière répond).
TROP_PETITES = """() => [...document.querySelectorAll(
    "button, .bouton, input:not([type=hidden]):not([type=checkbox]), select, textarea, header a, .menu a, .barre a, .comptes a, .pages a, .ouvrable tbody tr")]
    .filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 43.5).map((e) => e.outerHTML.slice(0, 90))"""


class Parcours:
    """Ouvre chaque page à froid (cache coupé) et garde ce qu'elle pèse, ce qu'axe lui reproche, son titre."""

    def __init__(self, onglet):
        self.onglet, self.titres, self.fautes = onglet, {}, []
        self.repartir()
        self.cdp = onglet.context.new_cdp_session(onglet)
        self.cdp.send("Network.enable")
        self.cdp.send("Network.setCacheDisabled", {"cacheDisabled": True})
        self.cdp.on("Network.requestWillBeSent", lambda evenement: self.demandes.add(evenement["requestId"]))
        self.cdp.on("Network.loadingFinished", self._compter)

    def repartir(self):
        """Repart de zéro ; ce que la page d'avant attendait encore n'est pas à compter."""
        self.octets, self.demandes = 0, set()

    def _compter(self, evenement):
        if evenement["requestId"] in self.demandes:
            self.octets += evenement["encodedDataLength"]

    def voir(self, adresse, maximum, barre=True):
        """Ouvre la page et note ses fautes."""
        self.repartir()
        self.onglet.goto(adresse)
        self.regarder(adresse, maximum, barre)
        titre = self.onglet.title()
        if not titre.endswith("CNAS") or barre and titre in self.titres:
            self.fautes.append(f"{adresse} : titre « {titre} », déjà celui de {self.titres.get(titre)}")
        self.titres[titre] = adresse

    def regarder(self, adresse, maximum, barre=True):
        """Note les fautes de la page ouverte."""
        for faute in Axe().run(self.onglet).response["violations"]:
            self.fautes.append(f"{adresse} : {faute['id']} {[noeud['html'][:120] for noeud in faute['nodes'][:3]]}")
        self.onglet.wait_for_load_state("networkidle")
        if self.octets > maximum:
            self.fautes.append(f"{adresse} : {self.octets} octets")
        self.fautes += [f"{adresse} : cible trop petite {cible}" for cible in self.onglet.evaluate(TROP_PETITES)]
        if barre and self.onglet.locator(".barre a:visible").count() != 5:
            self.fautes.append(f"{adresse} : la barre basse n'a pas cinq entrées")
        self.repartir()


@pytest.fixture(scope="module")
def pages():
    """Rend [adresse] des pages d'un public, dans l'ordre de la table."""
    with (RACINE / "cnas_demo/tests/routes_portail.csv").open(encoding="utf-8", newline="") as fichier:
        rangs = list(csv.DictReader(fichier))
    return lambda *publics: [rang["route"] for rang in rangs if rang["public"] in publics and rang["genre"] in ("page", "porte")]


@pytest.fixture(scope="module")
def de_quoi_ouvrir(rpc):
    """Une entente et une facture à soumettre : la démonstration n'en donne pas à toutes les formations."""
    agent, sienne = rpc("agent"), rpc("formation").appel("cnas.formation_sanitaire", "search", [], limit=1)[0]
    agent.appel("cnas.facture", "create", {"formation_id": sienne, "periode": "2020-01-01", "mode": "tiers_payant"})
    agent.appel("cnas.entente_prealable", "create", {
        "formation_id": sienne, "justification": "Essai", "urgence": True,
        "assure_id": agent.appel("cnas.assure", "search", [("state", "=", "actif")], limit=1)[0],
        "prestation_id": agent.appel("cnas.prestation", "search", [("entente_prealable", "=", True)], limit=1)[0]})


def deposer_un_classeur(onglet):
    """Rend l'adresse d'un import de la formation : lui seul n'a pas de liste à lire par script."""
    onglet.goto("/my/formation/import")
    onglet.set_input_files("input[name=classeur]", {"name": "f.csv", "mimeType": "text/csv", "buffer": b"Reference;Matricule\nA;B\n"})
    with onglet.expect_navigation():
        onglet.click("form[enctype] button")
    return re.sub(r"^https?://[^/]+", "", onglet.url).split("?")[0]


def remplie(route, session, onglet):
    """Rend l'adresse d'une page : ses identifiants sont ceux de l'usager."""
    def valeur(trouve):
        nom = trouve.group(1)
        if nom == "import_id":
            return deposer_un_classeur(onglet).rsplit("/", 1)[1]
        modele, domaine = OBJETS[nom]
        return str(session.appel(modele, "search", A_CORRIGER if route.endswith("corriger") else domaine, limit=1)[0])
    return re.sub(r"<int:(\w+)>", valeur, route)


@pytest.mark.parametrize("login", ["formation", "employeur"])
def test_espace(page, rpc, pages, de_quoi_ouvrir, login):
    """Toute page < 60 Ko à froid, aucune faute d'axe, titres distincts, cibles de 44 px, cinq entrées en bas ; mon compte ≤ 40 Ko."""
    parcours = Parcours(page(login, chemin=None, largeur=390, hauteur=844))
    for route in pages(login):
        parcours.voir(remplie(route, rpc(login), parcours.onglet), PAGE_MAX)
    parcours.voir("/my/security", PORTE_MAX, barre=False)
    assert not parcours.fautes, "\n".join(parcours.fautes)
    assert not parcours.onglet.erreurs, parcours.onglet.erreurs


def code_du_jour(secret):
    """Rend le code à six chiffres que montrerait le téléphone (RFC 6238)."""
    somme = hmac.new(base64.b32decode(secret.replace(" ", "")), int(time.time() // 30).to_bytes(8, "big"), "sha1").digest()
    place = somme[-1] & 15
    return f"{(int.from_bytes(somme[place:place + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"


def entrer_par_code(parcours, admin):
    """La connexion en deux temps d'un usager neuf du portail, et sa première connexion par le lien reçu."""
    onglet = parcours.onglet
    partenaire = admin.appel("res.users", "search_read", [("login", "=", "formation2")], fields=["partner_id"])[0]["partner_id"][0]
    admin.appel("res.partner", "signup_prepare", [partenaire])
    jeton = admin.appel("res.partner", "read", [partenaire], ["signup_token"])[0]["signup_token"]
    parcours.voir(f"/web/reset_password?token={jeton}", PORTE_MAX, barre=False)
    connecter(parcours, "formation2")
    deux_facteurs = "form[action$=deux_facteurs]"
    onglet.goto("/my/security")
    onglet.fill(f"{deux_facteurs} input[name=mot_de_passe]", "formation2")
    parcours.repartir()
    onglet.click(f"{deux_facteurs} button")
    secret = onglet.locator(f"{deux_facteurs} strong").inner_text()
    parcours.regarder("/my/security, clé à recopier", PAGE_MAX, barre=False)
    onglet.fill("input[name=code]", code_du_jour(secret))
    onglet.click(f"{deux_facteurs} button")
    onglet.goto("/web/session/logout?redirect=/web/login")
    connecter(parcours, "formation2")
    parcours.regarder("/web/login/totp", PORTE_MAX, barre=False)
    onglet.fill("input[name=totp_token]", code_du_jour(secret))
    onglet.click("button[type=submit], form button >> nth=0")
    onglet.wait_for_url(re.compile("/my/formation"))
    onglet.goto("/my/security")
    onglet.fill(f"{deux_facteurs} input[name=mot_de_passe]", "formation2")
    onglet.click(f"{deux_facteurs} button")
    onglet.context.clear_cookies()


def connecter(parcours, login):
    onglet = parcours.onglet
    onglet.goto("/web/login")
    onglet.fill("input[name=login]", login)
    onglet.fill("input[name=password]", login)
    parcours.repartir()
    with onglet.expect_navigation():
        onglet.click("button[type=submit]")


def lire_son_dossier(parcours, rpc):
    """L'assuré remboursé se nomme, reçoit son code, lit son dossier, sa famille et son décompte."""
    onglet, finance, admin = parcours.onglet, rpc("finance"), rpc("admin")
    facture = finance.appel("cnas.facture", "search_read", [("mode", "=", "remboursement"), ("state", "=", "payee")], fields=["assure_id"], limit=1)[0]
    assure = admin.appel("cnas.assure", "read", [facture["assure_id"][0]], ["matricule", "date_naissance", "email"])[0]
    rpc("agent").appel("cnas.assure", "write", [assure["id"]], {"email": "dossier@exemple.td"})
    onglet.goto("/cnas/mon-dossier")
    onglet.fill("input[name=matricule]", assure["matricule"])
    onglet.fill("input[name=naissance]", assure["date_naissance"])
    onglet.click("button")
    onglet.wait_for_selector("input[name=code]")
    parcours.regarder("/cnas/mon-dossier, le code", PAGE_MAX, barre=False)
    courriel = admin.appel("mail.mail", "search_read", [("subject", "=", "Votre code CNAS")], fields=["body_html"], limit=1, order="id desc")[0]
    onglet.fill("input[name=code]", re.search(r"\b(\d{6})\b", courriel["body_html"]).group(1))
    onglet.click("button")
    onglet.wait_for_selector("h1:has-text('Droits')")
    parcours.regarder("/cnas/mon-dossier, ouvert", PAGE_MAX, barre=False)
    lien = onglet.get_attribute("a[href*='/cnas/recours/']", "href")
    parcours.voir(lien[lien.index("/cnas/"):], PAGE_MAX, barre=False)


def test_porte_et_pages_sans_compte(page, rpc, pages):
    """La porte ≤ 40 Ko (connexion, oubli, première connexion, deux temps), la coquille hors ligne et les pages publiques < 60 Ko : axe, cibles."""
    parcours = Parcours(page(None, chemin=None, largeur=390, hauteur=844))
    for route in pages("tous"):
        adresse = re.sub(r"<\w+:\w+>", "faux", route)
        parcours.voir(adresse, PORTE_MAX if adresse.startswith("/web") else PAGE_MAX, barre=False)
    parcours.voir("/web/reset_password?token=faux", PORTE_MAX, barre=False)
    lire_son_dossier(parcours, rpc)
    entrer_par_code(parcours, rpc("admin"))
    assert not parcours.fautes, "\n".join(parcours.fautes)
    assert not parcours.onglet.erreurs, parcours.onglet.erreurs
