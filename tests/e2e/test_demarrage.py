"""Le socle : chaque rôle se connecte et voit les menus qui le concernent, dans l'ordre du cahier des charges."""
import json
import urllib.request
import xmlrpc.client

import pytest
from conftest import ouvrir_menu

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


@pytest.fixture(scope="session")
def menus(rpc):
    """Identifiants des menus de l'application : `menus["cnas_base.menu_root"]`."""
    lus = rpc("admin").appel("ir.model.data", "search_read", [("model", "=", "ir.ui.menu"), ("module", "=like", "cnas%")],
                             fields=["complete_name", "res_id"])
    return {m["complete_name"]: m["res_id"] for m in lus}


def enfants(session, parent):
    """Sous-menus que voit cet usager, dans l'ordre."""
    return session.appel("ir.ui.menu", "search_read", [("parent_id", "=", parent)], fields=["name", "action", "child_id"],
                         order="sequence, id", context={"lang": "fr_FR"})


def feuilles(session, parent):
    """Menus qui ouvrent un écran sous celui-ci, pour cet usager."""
    return [f for menu in enfants(session, parent) for f in (feuilles(session, menu["id"]) if menu["child_id"] else []) or [menu]]


def barre_visible(session, menus):
    """Intitulés des menus de l'application CNAS que voit cet usager, dans l'ordre."""
    return [m["name"] for m in enfants(session, menus["cnas_base.menu_root"])]


def test_addons_installes(rpc):
    """Les sept addons sont installés, en 17.0.x.y.z."""
    lus = rpc("admin").appel("ir.module.module", "search_read", [("name", "in", ADDONS)], fields=["name", "state", "installed_version"])
    assert {m["name"] for m in lus} == set(ADDONS)
    assert all(m["state"] == "installed" and m["installed_version"].startswith("17.0.") for m in lus), lus


def test_aucun_appel_a_un_tiers(rpc):
    """Aucun module qui appelle un service extérieur n'est installé."""
    noms = ["iap", "iap_mail", "partner_autocomplete", "snailmail", "web_unsplash", "google_gmail", "google_recaptcha",
            "google_account", "microsoft_outlook"]
    assert not rpc("admin").appel("ir.module.module", "search_read", [("name", "in", noms), ("state", "=", "installed")], fields=["name"])


def test_aucun_compte_rendu_a_l_editeur(rpc):
    """La tâche hebdomadaire d'Odoo vers son éditeur est éteinte."""
    tache, = rpc("admin").appel("ir.model.data", "search_read", [("module", "=", "mail"), ("name", "=", "ir_cron_module_update_notification")],
                                fields=["res_id"])
    assert rpc("admin").appel("ir.cron", "read", [tache["res_id"]], ["active"])[0]["active"] is False


@pytest.mark.parametrize("login", ROLES)
def test_role_connexion_et_menus(rpc, menus, login):
    """Le rôle a son groupe, parle français, et sa barre de menus suit l'ordre exact."""
    session = rpc(login)
    assert session.appel("res.users", "has_group", GROUPES[login])
    usager = session.appel("res.users", "read", [session.uid], ["lang", "tz"])[0]
    assert (usager["lang"], usager["tz"]) == ("fr_FR", "Africa/Ndjamena")
    visibles = barre_visible(session, menus)
    assert visibles, f"{login} ne voit pas l'application CNAS"
    assert visibles == [m for m in BARRE if m in visibles]


def test_administrateur_voit_tout(rpc, menus):
    """L'administrateur a la barre entière."""
    assert barre_visible(rpc("administrateur"), menus) == BARRE


def test_menus_caches(rpc, menus):
    """La configuration n'est pas montrée à l'agent."""
    assert "Configuration" not in barre_visible(rpc("agent"), menus)


def test_mauvais_mot_de_passe(serveur):
    """Une connexion fausse est refusée."""
    proxy = xmlrpc.client.ServerProxy(f"{serveur.url}/xmlrpc/2/common")
    assert proxy.authenticate(serveur.base, "agent", "faux", {}) is False


def test_societe_et_monnaie(rpc):
    """Société CNAS au Tchad, en francs CFA sans décimale."""
    session = rpc("admin")
    societe = session.appel("res.company", "search_read", [], fields=["name", "country_id", "currency_id"], limit=1)[0]
    assert "CNAS" in societe["name"] or "Caisse Nationale" in societe["name"]
    assert session.appel("res.country", "read", [societe["country_id"][0]], ["code"])[0]["code"] == "TD"
    monnaie = session.appel("res.currency", "read", [societe["currency_id"][0]], ["name", "rounding"])[0]
    assert (monnaie["name"], monnaie["rounding"]) == ("XAF", 1.0)


def test_ecran_barre_de_menus(page, menus):
    """À l'écran : la barre de l'administrateur, entière et dans l'ordre, sans erreur JavaScript."""
    onglet = page("administrateur", chemin=None)
    onglet.goto(f"/web#menu_id={menus['cnas_base.menu_root']}")
    onglet.wait_for_selector(".o_menu_sections button, .o_menu_sections a")
    onglet.pret()
    textes = [t.strip() for t in onglet.locator(".o_menu_sections > *:visible:not(.o_menu_sections_more)").all_inner_texts()]
    assert [t for t in textes if t] == BARRE
    assert not onglet.erreurs, onglet.erreurs


def test_ecran_chaque_menu_s_ouvre(page, rpc, menus):
    """Chaque sous-menu de l'administrateur s'ouvre sans erreur."""
    a_ouvrir = feuilles(rpc("administrateur"), menus["cnas_base.menu_root"])
    assert len(a_ouvrir) > 30, "les menus du cahier des charges manquent"
    onglet = page("administrateur", chemin=None)
    onglet.pret()
    ratees = []
    for menu in a_ouvrir:
        ouvrir_menu(onglet, menu["id"])
        if onglet.locator(".o_error_dialog").count() or onglet.erreurs:
            ratees.append((menu["name"], list(onglet.erreurs)))
            onglet.erreurs.clear()
            onglet.reload()
            onglet.pret()
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
