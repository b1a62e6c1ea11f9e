"""L'arabe, au téléphone, dans un vrai Chromium : entrer, changer de langue sans perdre sa page, déposer."""
import re

import pytest
from jours import jour

FILTRES = "/my/formation/feuilles?etat=validee&du=2020-01-01&tri=ancien"
# Rien ne déborde de l'écran, ni à droite ni à gauche.
DEBORDE = """() => [...document.querySelectorAll("body *")].filter((e) => e.checkVisibility() && !e.closest(".saut")).filter((e) => {
    const { left, right } = e.getBoundingClientRect();
    return left < -1 || right > document.documentElement.clientWidth + 1; }).map((e) => e.outerHTML.slice(0, 90))"""

COQUILLE_EN_ARABE = """async () => {
    const gardee = await caches.match("/my/formation/horsligne");
    return !!gardee && /<html[^>]*lang="ar"/.test(await gardee.text()); }"""


@pytest.fixture
def formation(page, rpc):
    """La formation, devant la porte ; après l'essai, son compte reste en français et sa feuille ne retient pas la facture d'un autre essai."""
    yield page(None, chemin="/web/login", largeur=390, hauteur=844)
    deposees = rpc("formation").appel("cnas.feuille_soin", "search", [("reference", "=", "ARABE-1"), ("state", "=", "deposee")])
    if deposees:
        rpc("formation").appel("cnas.feuille_soin", "action_retirer", deposees, "Fin de l'essai")
    admin = rpc("admin")
    admin.appel("res.users", "write", admin.appel("res.users", "search", [("login", "=", "formation")]), {"lang": "fr_FR"})


@pytest.fixture
def matricule(rpc):
    """Un assuré aux droits ouverts."""
    agent = rpc("agent")
    identifiant = agent.appel("cnas.assure", "create", {
        "nom": "ARABE", "prenom": "Essai", "genre": "feminin", "date_naissance": "1991-05-04", "statut_matrimonial": "celibataire",
        "regime_id": agent.appel("cnas.regime", "search", [("code", "=", "ASS")])[0], "date_affiliation": jour(300)})
    agent.appel("cnas.assure", "action_immatriculer", [identifiant])
    return agent.appel("cnas.assure", "read", [identifiant], ["matricule"])[0]["matricule"]


def choisir(onglet, langue):
    """Choisit la langue en tête de page."""
    with onglet.expect_navigation():
        onglet.click(f".langues a[lang={langue}]")
    sens(onglet, langue)


def sens(onglet, langue):
    assert onglet.evaluate("[document.documentElement.lang, document.documentElement.dir]") == [langue, "rtl" if langue == "ar" else "ltr"]
    assert not onglet.evaluate(DEBORDE)


def chemin(onglet):
    return re.sub(r"^https?://[^/]+", "", onglet.url)


def test_formation_en_arabe(formation, matricule):
    """La porte, la liste et ses filtres, une saisie commencée en français et finie en arabe, déposée ; hors ligne et compte suivent."""
    onglet = formation
    onglet.fill("input[name=login]", "formation")
    choisir(onglet, "ar")
    assert onglet.input_value("input[name=login]") == "formation", "ce qui était écrit le reste"
    onglet.fill("input[name=password]", "formation")
    onglet.click("button[type=submit]")
    onglet.wait_for_url(re.compile(r"/my/formation$"))
    sens(onglet, "ar")

    onglet.goto(FILTRES)
    choisir(onglet, "fr")
    assert chemin(onglet) == FILTRES
    choisir(onglet, "ar")
    assert (chemin(onglet), onglet.input_value("input[name=du]"), onglet.input_value("select[name=tri]")) == (FILTRES, "2020-01-01", "ancien")

    onglet.goto("/my/formation/ententes/nouvelle")
    onglet.fill("textarea[name=justification]", "Écrit avant de changer de langue")
    onglet.check("input[name=urgence]")
    choisir(onglet, "fr")
    assert onglet.input_value("textarea[name=justification]") == "Écrit avant de changer de langue"
    assert onglet.is_checked("input[name=urgence]")
    choisir(onglet, "ar")

    onglet.goto("/my/formation/feuilles/nouvelle")
    for champ, valeur in (("reference", "ARABE-1"), ("matricule", matricule), ("date_soins", jour(1)), ("pathologie", "J06.9")):
        onglet.fill(f"#saisie input[name={champ}]", valeur)
    for champ, valeur in (("prestation", "ACT0002"), ("quantite", "1"), ("prix_unitaire", "550")):
        onglet.fill(f"#saisie input[name={champ}] >> nth=0", valeur)
    onglet.click("#saisie button.principal")
    onglet.wait_for_selector("#constats:visible, .accord")
    if "deposee" not in onglet.url:
        onglet.click("#saisie button.principal")
    onglet.wait_for_url(re.compile("message=deposee"))
    sens(onglet, "ar")

    onglet.wait_for_function(COQUILLE_EN_ARABE)  # trois changements de suite : le service worker reprend la dernière
    for adresse in ("/my/formation/horsligne", "/my/security", "/cnas/verifier/inconnu"):
        onglet.goto(adresse)
        sens(onglet, "ar")
    assert not onglet.erreurs, onglet.erreurs
