"""Le socle : chaque rôle se connecte et voit les menus qui le concernent, dans l'ordre du cahier des charges."""
import json
import urllib.request
import xmlrpc.client

import pytest

BARRE = [
    "Gestion des Assurés", "Gestion des Employeurs", "Formations Sanitaires", "Feuilles de soins", "Facturation",
    "Tableaux de bord", "Configuration", "Référentiels",
]
ROLES = ("agent", "controleur", "medecin", "superviseur", "finance", "administrateur")
GROUPES = {
    "agent": "cnas_base.group_agent", "controleur": "cnas_base.group_controleur", "medecin": "cnas_base.group_medecin_conseil",
    "superviseur": "cnas_base.group_superviseur", "finance": "cnas_base.group_finance",
    "administrateur": "cnas_base.group_administrateur",
}
ADDONS = ("cnas_base", "cnas_referentiels", "cnas_assures", "cnas_employeurs", "cnas_formations", "cnas_feuilles_soin", "cnas_facturation")


def barre_visible(rpc):
    """Intitulés des menus de l'application CNAS que voit cet usager, dans l'ordre."""
    menus = rpc.appel("ir.ui.menu", "load_menus", False)
    menus = {str(cle): valeur for cle, valeur in menus.items()}
    racine = next((m for m in menus.values() if m.get("xmlid") == "cnas_base.menu_root"), None)
    return [menus[str(enfant)]["name"] for enfant in racine["children"]] if racine else []


def test_addons_installes(rpc):
    """Les sept addons sont installés, en 17.0.x.y.z."""
    lus = rpc("admin").appel("ir.module.module", "search_read", [("name", "in", ADDONS)], fields=["name", "state", "installed_version"])
    assert {m["name"] for m in lus} == set(ADDONS)
    assert all(m["state"] == "installed" and m["installed_version"].startswith("17.0.") for m in lus), lus


@pytest.mark.parametrize("login", ROLES)
def test_role_connexion_et_menus(rpc, login):
    """Le rôle a son groupe, parle français, et sa barre de menus suit l'ordre exact."""
    session = rpc(login)
    assert session.appel("res.users", "has_group", GROUPES[login])
    usager = session.appel("res.users", "read", [session.uid], ["lang", "tz"])[0]
    assert (usager["lang"], usager["tz"]) == ("fr_FR", "Africa/Ndjamena")
    visibles = barre_visible(session)
    assert visibles, f"{login} ne voit pas l'application CNAS"
    assert visibles == [m for m in BARRE if m in visibles]


def test_administrateur_voit_tout(rpc):
    """L'administrateur a la barre entière."""
    assert barre_visible(rpc("administrateur")) == BARRE


def test_menus_caches(rpc):
    """La configuration n'est pas montrée à l'agent."""
    assert "Configuration" not in barre_visible(rpc("agent"))


def test_mauvais_mot_de_passe(serveur):
    """Une connexion fausse est refusée."""
    proxy = xmlrpc.client.ServerProxy(f"{serveur.url}/xmlrpc/2/common")
    assert proxy.authenticate(serveur.base, "agent", "faux", {}) is False


def test_societe_et_monnaie(rpc):
    """Société CNAS au Tchad, en francs CFA sans décimale."""
    session = rpc("admin")
    societe = session.appel("res.company", "search_read", [], fields=["name", "country_code", "currency_id"], limit=1)[0]
    assert "CNAS" in societe["name"] or "Caisse Nationale" in societe["name"]
    assert societe["country_code"] == "TD"
    monnaie = session.appel("res.currency", "read", [societe["currency_id"][0]], ["name", "rounding"])[0]
    assert (monnaie["name"], monnaie["rounding"]) == ("XAF", 1.0)


def test_ecran_barre_de_menus(page):
    """À l'écran : la barre de l'administrateur, entière et dans l'ordre, sans erreur JavaScript."""
    onglet = page("administrateur", chemin=None)
    onglet.wait_for_selector(".o_navbar_apps_menu button, .o_main_navbar .dropdown-toggle")
    menus = onglet.evaluate("() => odoo.__WOWL_DEBUG__.root.env.services.menu.getApps().map(a => [a.id, a.xmlid])")
    racine = next(identifiant for identifiant, xmlid in menus if xmlid == "cnas_base.menu_root")
    onglet.goto(f"/web#menu_id={racine}")
    onglet.wait_for_selector(".o_menu_sections button, .o_menu_sections a")
    textes = [t.strip() for t in onglet.locator(".o_menu_sections > *:not(.o_menu_sections_more):not(.d-none)").all_inner_texts()]
    assert [t for t in textes if t] == BARRE
    assert not onglet.erreurs, onglet.erreurs


def test_ecran_chaque_menu_s_ouvre(page, rpc):
    """Chaque sous-menu de l'administrateur s'ouvre sans erreur."""
    session = rpc("administrateur")
    menus = {str(c): v for c, v in session.appel("ir.ui.menu", "load_menus", False).items()}
    racine = next(m for m in menus.values() if m.get("xmlid") == "cnas_base.menu_root")

    def feuilles(menu):
        enfants = [menus[str(e)] for e in menu["children"]]
        return [f for e in enfants for f in feuilles(e)] if enfants else [menu]

    onglet = page("administrateur", chemin=None)
    onglet.wait_for_selector(".o_main_navbar")
    ratees = []
    for menu in feuilles(racine):
        onglet.goto(f"/web#menu_id={menu['id']}&action={menu['actionID']}" if menu.get("actionID") else f"/web#menu_id={menu['id']}")
        onglet.reload()
        onglet.wait_for_selector(".o_action_manager > *:not(.o_dialog_container)")
        onglet.wait_for_load_state("networkidle")
        if onglet.locator(".o_error_dialog").count() or onglet.erreurs:
            ratees.append((menu["name"], list(onglet.erreurs)))
            onglet.erreurs.clear()
    assert not ratees, ratees


def test_portail_connexion(page):
    """L'usager d'une formation sanitaire arrive sur son espace du portail."""
    onglet = page("formation", chemin="/my")
    assert onglet.url.endswith("/my") or "/my/" in onglet.url
    assert not onglet.erreurs, onglet.erreurs


def test_sante_interroge_la_base(serveur):
    """La page de connexion répond et la liste des bases reste fermée."""
    with urllib.request.urlopen(f"{serveur.url}/web/login", timeout=30) as reponse:
        assert reponse.status == 200
    requete = urllib.request.Request(f"{serveur.url}/web/database/list", data=b"{}", headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(requete, timeout=30) as reponse:
        assert "error" in json.load(reponse)
