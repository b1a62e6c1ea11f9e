"""Le client web en arabe, dans un vrai Chromium : de droite à gauche, rien qui déborde, presque toute étiquette en arabe."""
import pytest
from conftest import ouvrir_menu

# Ce qui nomme : menus, boutons, titres de colonnes, étiquettes, onglets, états. Un sigle (RIB, AMED) se lit tel quel dans les deux langues.
ETIQUETTES = """() => [...document.querySelectorAll(
    '.o_menu_sections > *, .o_form_label, th[data-name], .nav-tabs .nav-link, .o_statusbar_status button, .o_statusbar_buttons button, .o_control_panel button, .o_horizontal_separator')]
    .map((e) => e.innerText.replace(/[?\\s]+/g, ' ').trim()).filter((texte) => /\\p{Ll}/u.test(texte) || /[\\u0600-\\u06ff]/.test(texte))"""
DEBORDE = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth + 1"
MENUS = {"agent": ("cnas_assures.assure_menu", "cnas_feuilles_soin.menu_feuille_soin_toutes"), "finance": ("cnas_facturation.facture_menu",)}


@pytest.fixture
def en_arabe(rpc):
    """Passe des comptes en arabe ; après l'essai, ils reviennent au français."""
    admin = rpc("admin")
    comptes = admin.appel("res.users", "search", [("login", "in", list(MENUS))])
    admin.appel("res.users", "write", comptes, {"lang": "ar_001"})
    yield
    admin.appel("res.users", "write", comptes, {"lang": "fr_FR"})


def lire(onglet, lues):
    assert onglet.evaluate("() => document.body.classList.contains('o_rtl') || getComputedStyle(document.body).direction === 'rtl'")
    assert not onglet.evaluate(DEBORDE), onglet.url
    lues += onglet.evaluate(ETIQUETTES)


@pytest.mark.parametrize("login", list(MENUS))
def test_client_en_arabe(page, rpc, en_arabe, login):
    """Listes et fiches d'un rôle : au moins quatre-vingt-dix-huit étiquettes sur cent sont en arabe."""
    onglet = page(login, chemin=None, largeur=1366, hauteur=768)
    onglet.pret()
    lues = []
    lire(onglet, lues)
    for xmlid in MENUS[login]:
        addon, nom = xmlid.split(".")
        [menu] = rpc("admin").appel("ir.model.data", "search_read", [("module", "=", addon), ("name", "=", nom)], ["res_id"])
        ouvrir_menu(onglet, menu["res_id"], "list")
        lire(onglet, lues)
        onglet.click(".o_data_row .o_data_cell >> nth=1")
        onglet.wait_for_selector(".o_form_view")
        onglet.pret()
        lire(onglet, lues)
    latines = [texte for texte in lues if not any("\u0600" <= lettre <= "\u06ff" for lettre in texte)]
    assert len(lues) > 30 and len(latines) <= len(lues) / 50, latines
    assert not onglet.erreurs, onglet.erreurs
