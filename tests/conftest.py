"""Bout en bout : un vrai serveur Odoo sur une base neuve, de vrais appels XML-RPC, un vrai Chromium.

Lancé par `./cnas tester` (ou `./cnas tester tests/e2e/test_x.py`), qui prépare la machine et la décrit dans
`CNAS_CONTEXTE`. Fixtures : `serveur`, `rpc(login)`, `page(login)` ; les mots de passe de démonstration sont les identifiants.
"""
import json
import os
import re
import sys
import xmlrpc.client
from pathlib import Path
from types import SimpleNamespace

import pytest

RACINE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(RACINE))

from lanceur import bases, chemins  # noqa: E402
from lanceur import serveur as odoo_serveur  # noqa: E402

BASE = "cnas_e2e"
ARGUMENTS_CHROMIUM = (
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-quic",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)


def _contexte():
    chemin = os.environ.get("CNAS_CONTEXTE")
    if not chemin:
        pytest.exit("Lancez ces tests par ./cnas tester tests : il prépare la base et le serveur.", returncode=4)
    return json.loads(Path(chemin).read_text(encoding="utf-8"))


def decrire_machine():
    """Le Python, l'Odoo et le PostgreSQL préparés par le lanceur."""
    donnees = _contexte()
    odoo = SimpleNamespace(racine=donnees["odoo"]["racine"], chemin_addons=",".join([*donnees["odoo"]["addons"], str(RACINE)]))
    acces = SimpleNamespace(variables=donnees["pg"], admin=donnees["pg_admin"], grappe=donnees["prive"] or None)
    acces.options_odoo = lambda: {o: donnees["pg"][n] for o, n in (
        ("db_host", "PGHOST"), ("db_port", "PGPORT"), ("db_user", "PGUSER"), ("db_sslmode", "PGSSLMODE")) if donnees["pg"].get(n)}
    return SimpleNamespace(outils=bases.Machine(donnees["python"], odoo, acces), modele=donnees["modele"], chromium=donnees["chromium"])


@pytest.fixture(scope="session")
def machine():
    """Voir `decrire_machine`."""
    return decrire_machine()


class Serveur:
    """Un serveur Odoo lancé pour les tests : `url`, `base` ; `tuer()` et `relancer()` pour les essais de coupure.

    `options` : réglages d'Odoo en plus (`workers=2`).
    """

    def __init__(self, machine, base, **options):
        self.machine, self.base = machine, base
        # plusieurs processus : les événements ont leur port à eux
        self.options = {**({"gevent_port": odoo_serveur.port_au_hasard()} if options.get("workers") else {}), **options}
        self.port = odoo_serveur.port_au_hasard()
        self.url = f"http://127.0.0.1:{self.port}"
        self.journal = f"{base}.log"
        self.processus = None

    def relancer(self):
        """Démarre le serveur et attend qu'il réponde."""
        self.processus = odoo_serveur.lancer(self.machine.outils, self.base, self.port, self.journal, **self.options)
        odoo_serveur.attendre(self.processus, self.port, self.journal)

    def tuer(self):
        """`kill -9`, comme une coupure."""
        self.processus.kill()
        self.processus.wait()

    def arreter(self):
        """Arrêt propre."""
        if self.processus and self.processus.poll() is None:
            odoo_serveur.arreter({"pid": self.processus.pid, "port": self.port})


def base_neuve(machine, nom):
    """Remet à neuf, sous ce nom, une copie de la base de démonstration et le journal de son serveur."""
    chemins.journal(f"{nom}.log").unlink(missing_ok=True)
    machine.outils.supprimer_base(nom)
    machine.outils.creer_base(nom, modele=machine.modele)


@pytest.fixture(scope="session")
def serveur(machine):
    """Un serveur sur une copie neuve de la base de démonstration, pour toute la session de test.

    Sans tâches planifiées : le contrôle des quinze minutes changerait l'état d'un dossier sous un essai qui le lit.
    """
    base_neuve(machine, BASE)
    lance = Serveur(machine, BASE, max_cron_threads=0)
    lance.relancer()
    yield lance
    lance.arreter()


class Rpc:
    """Session XML-RPC : `rpc.appel("cnas.assure", "verifier_droits", matricule, date)`."""

    def __init__(self, url, base, login, mot_de_passe):
        self.base, self.mot_de_passe, self.login = base, mot_de_passe, login
        self.uid = xmlrpc.client.ServerProxy(f"{url}/xmlrpc/2/common").authenticate(base, login, mot_de_passe, {})
        assert self.uid, f"connexion refusée à {login}"
        self.objet = xmlrpc.client.ServerProxy(f"{url}/xmlrpc/2/object")

    def appel(self, modele, methode, *arguments, **options):
        """Appelle une méthode publique d'un modèle."""
        return self.objet.execute_kw(self.base, self.uid, self.mot_de_passe, modele, methode, list(arguments), options)

    def refuse(self, modele, methode, *arguments, **options):
        """Exige un refus propre et rend sa phrase."""
        with pytest.raises(xmlrpc.client.Fault) as refus:
            self.appel(modele, methode, *arguments, **options)
        phrase = refus.value.faultString
        assert "Traceback" not in phrase, f"trace Python rendue à l'appelant : {phrase}"
        return phrase


@pytest.fixture(scope="session")
def rpc(serveur):
    """Fabrique de sessions XML-RPC : `rpc("agent")`."""
    sessions = {}

    def ouvrir(login, mot_de_passe=None):
        cle = (login, mot_de_passe)
        if cle not in sessions:
            sessions[cle] = Rpc(serveur.url, serveur.base, login, mot_de_passe or login)
        return sessions[cle]
    return ouvrir


@pytest.fixture(scope="session")
def navigateur(machine):
    """Le Chromium du système, piloté par playwright."""
    from playwright.sync_api import sync_playwright

    assert machine.chromium, "Chromium manque : apt-get install chromium"
    with sync_playwright() as pilote:
        lance = pilote.chromium.launch(executable_path=machine.chromium, args=list(ARGUMENTS_CHROMIUM))
        yield lance
        lance.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Garde le résultat sur le test, pour la capture en cas d'échec."""
    rapport = yield
    if rapport.when == "call":
        item.rapport = rapport
    return rapport


def attendre_ecran(onglet):
    """Attend que le client web ait fini de charger : action affichée (ou erreur), plus rien en cours."""
    onglet.wait_for_selector(".o_action_manager > *, .modal-dialog")
    onglet.wait_for_timeout(300)
    onglet.wait_for_selector(".o_loading_indicator", state="hidden")


# Ce que fait un clic sur un menu, attendu jusqu'au bout ; `vue` : une autre que la première.
OUVRIR_UN_MENU = """([menu, vue]) => {
    const { menu: menus, action: actions } = odoo.__WOWL_DEBUG__.root.env.services;
    return vue ? actions.doAction(menus.getMenu(menu).actionID, { clearBreadcrumbs: true, viewType: vue }) : menus.selectMenu(menu);
}"""


def ouvrir_menu(onglet, menu, vue=None):
    """Ouvre un menu dans le client déjà chargé : le recharger à chacun coûterait plus que l'écran."""
    onglet.evaluate(OUVRIR_UN_MENU, [menu, vue])
    attendre_ecran(onglet)


@pytest.fixture
def page(request, navigateur, serveur):
    """Fabrique de pages connectées : `page("agent")` ; en cas d'échec, une capture est posée dans `.cnas/captures/`.

    `page.erreurs` recueille les erreurs JavaScript et les réponses HTTP ≥ 500 ; `page.pret()` attend la fin du chargement.
    """
    ouvertes = []

    def ouvrir(login=None, mot_de_passe=None, chemin="/web", largeur=1920, hauteur=1080):
        contexte = navigateur.new_context(base_url=serveur.url, locale="fr-FR", timezone_id="Africa/Ndjamena",
                                          viewport={"width": largeur, "height": hauteur})
        onglet = contexte.new_page()
        onglet.set_default_timeout(60_000)
        onglet.erreurs = []
        onglet.pret = lambda: attendre_ecran(onglet)
        onglet.on("pageerror", lambda erreur: onglet.erreurs.append(f"JavaScript : {erreur}"))
        onglet.on("response", lambda r: r.status >= 500 and onglet.erreurs.append(f"HTTP {r.status} : {r.url}"))
        ouvertes.append((contexte, onglet))
        if login:
            onglet.goto("/web/login")
            onglet.fill("input[name=login]", login)
            onglet.fill("input[name=password]", mot_de_passe or login)
            onglet.click("button[type=submit]")
            onglet.wait_for_url(re.compile(r"/(web|my|odoo)(?!/login)"))
        if chemin and (not login or chemin != "/web"):
            onglet.goto(chemin)
        return onglet

    yield ouvrir
    echec = getattr(getattr(request.node, "rapport", None), "failed", False)
    for rang, (contexte, onglet) in enumerate(ouvertes):
        if echec:
            nom = re.sub(r"\W+", "_", request.node.name)
            onglet.screenshot(path=str(chemins.prive("captures", "e2e", f"{nom}-{rang}.png")))
        contexte.close()
