"""La porte et les espaces du portail dans un Chromium de 390 × 844 : poids à froid, axe-core, titres, cibles du pouce. Un seul parcours."""
import pytest
from axe_playwright_python.sync_playwright import Axe

PORTE_MAX, PAGE_MAX = 40 * 1024, 60 * 1024
PORTE = ("/web/login", "/web/reset_password", "/web/reset_password?token=faux")
FORMATION = (
    "/my/formation", "/my/formation/droits", "/my/formation/feuilles", "/my/formation/feuilles/nouvelle", "/my/formation/import",
    "/my/formation/ententes", "/my/formation/factures", "/my/formation/decomptes", "/my/formation/paiements",
    "/my/formation/contestations", "/my/formation/indus")
EMPLOYEUR = ("/my/employeur", "/my/employeur/declarations", "/my/employeur/affiliations", "/my/employeur/contacts")
# Ce que le pouce vise : ni les liens au fil d'une phrase, ni une case (son étiquette entière répond).
TROP_PETITES = """() => [...document.querySelectorAll(
    "button, .bouton, input:not([type=hidden]):not([type=checkbox]), select, textarea, header a, .menu a, .barre a, .comptes a, .pages a, .ouvrable tbody tr")]
    .filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 43.5).map((e) => e.outerHTML.slice(0, 90))"""


class Parcours:
    """Ouvre chaque page à froid (cache coupé) et garde ce qu'elle pèse, ce qu'axe lui reproche, son titre."""

    def __init__(self, onglet):
        self.onglet, self.octets, self.titres, self.fautes = onglet, 0, {}, []
        self.cdp = onglet.context.new_cdp_session(onglet)
        self.cdp.send("Network.enable")
        self.cdp.send("Network.setCacheDisabled", {"cacheDisabled": True})
        self.cdp.on("Network.loadingFinished", self._compter)

    def _compter(self, evenement):
        self.octets += evenement["encodedDataLength"]

    def voir(self, adresse, maximum, barre=True):
        """Ouvre la page et note ses fautes."""
        self.octets = 0
        self.onglet.goto(adresse)
        self.onglet.wait_for_load_state("networkidle")
        if self.octets > maximum:
            self.fautes.append(f"{adresse} : {self.octets} octets")
        for faute in Axe().run(self.onglet).response["violations"]:
            self.fautes.append(f"{adresse} : {faute['id']} {[noeud['html'][:120] for noeud in faute['nodes'][:3]]}")
        self.fautes += [f"{adresse} : cible trop petite {cible}" for cible in self.onglet.evaluate(TROP_PETITES)]
        if barre and self.onglet.locator(".barre a:visible").count() != 5:
            self.fautes.append(f"{adresse} : la barre basse n'a pas cinq entrées")
        titre = self.onglet.title()
        if titre in self.titres or not titre.endswith("CNAS"):
            self.fautes.append(f"{adresse} : titre « {titre} », déjà celui de {self.titres.get(titre)}")
        self.titres[titre] = adresse

    def premier(self, liste):
        """Rend l'adresse du premier objet de la liste."""
        self.onglet.goto(liste)
        return self.onglet.get_attribute(".ouvrable td:first-child a", "href")


@pytest.mark.parametrize(("login", "pages", "listes"), [
    (None, PORTE, ()), ("formation", FORMATION, ("feuilles", "factures", "decomptes")), ("employeur", EMPLOYEUR, ("declarations",))])
def test_allure(page, login, pages, listes):
    """Porte ≤ 40 Ko et pages < 60 Ko à froid, aucune faute d'axe, titres distincts, cibles de 44 px, cinq entrées en bas."""
    parcours = Parcours(page(login, chemin=None, largeur=390, hauteur=844))
    for adresse in pages:
        parcours.voir(adresse, PAGE_MAX if login else PORTE_MAX, barre=bool(login))
    for liste in listes:
        parcours.voir(parcours.premier(f"/my/{login}/{liste}"), PAGE_MAX)
    if login:
        parcours.voir("/my/security", PORTE_MAX, barre=False)
    assert not parcours.fautes, "\n".join(parcours.fautes)
    assert not parcours.onglet.erreurs, parcours.onglet.erreurs
