"""Les captures des guides, prises d'un vrai serveur de démonstration : captures.py ADRESSE BASE DOSSIER CHROMIUM [RÔLE…].

Lancé par `./cnas captures`. Une ligne de plus dans ECRANS, une image de plus.
"""
import io
import sys
import xmlrpc.client
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

POSTE, TELEPHONE = (1366, 768), (390, 844)
# (nom de l'image, identifiant, menu ou adresse, modèle et domaine de la fiche à ouvrir, taille)
ECRANS = (
    ("agent-accueil", "agent", "CNAS", None, POSTE),
    ("agent-assure", "agent", "CNAS/Gestion des Assurés/Assurés CNAS", ("cnas.assure", [("type_assure", "=", "principal"), ("ayant_droit_ids", "!=", False)]), POSTE),
    ("controleur-feuille", "controleur", "CNAS/Feuilles de soins/Toutes", ("cnas.feuille_soin", [("state", "=", "controle")]), POSTE),
    ("medecin-avis", "medecin", "CNAS/Feuilles de soins/Avis médicaux", None, POSTE),
    ("superviseur-accueil", "superviseur", "CNAS", None, POSTE),
    ("superviseur-tableaux", "superviseur", "CNAS/Tableaux de bord/Liquidation", None, POSTE),
    ("finance-lots", "finance2", "CNAS/Facturation/Lots de paiement", None, POSTE),
    ("formation-accueil", "formation", "/my/formation", None, TELEPHONE),
    ("formation-feuilles", "formation2", "/my/formation/feuilles", None, TELEPHONE),
    ("employeur-declaration", "agent", "CNAS/Gestion des Employeurs/Déclarations", ("cnas.declaration_effectif", [("ligne_ids", "!=", False)]), POSTE),
    ("administrateur-parametres", "administrateur", "CNAS/Configuration/Paramètres/Âges, délais et seuils", None, POSTE),
    ("administrateur-regles", "administrateur", "CNAS/Configuration/Contrôle/Règles de contrôle", None, POSTE),
)
COULEURS, MAXIMUM = 96, 120 * 1024


def principal(adresse, base, dossier, chromium, *roles):
    """Prend chaque image ; lève si un écran montre une erreur ou si une image pèse trop."""
    choisis = [ecran for ecran in ECRANS if not roles or ecran[0].split("-")[0] in roles]
    with sync_playwright() as pilote:
        navigateur = pilote.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
        pages = {}
        for nom, login, menu, fiche, taille in choisis:
            if (login, taille) not in pages:
                pages[login, taille] = _ouvrir(navigateur, adresse, login, taille)
            page = pages[login, taille]
            page.goto("about:blank")
            page.goto(adresse + _chemin(adresse, base, login, menu, fiche))
            if not menu.startswith("/"):
                page.wait_for_selector(".o_action_manager > *")
                page.wait_for_timeout(1000)
                page.wait_for_selector(".o_loading_indicator", state="hidden")
            page.wait_for_timeout(2500)
            assert not page.locator(".o_error_dialog").count(), f"{nom} : l'écran montre une erreur"
            _garder(page.screenshot(), Path(dossier) / f"{nom}.png")
        navigateur.close()


def _ouvrir(navigateur, adresse, login, taille):
    page = navigateur.new_context(viewport=dict(zip(("width", "height"), taille)), locale="fr-FR", timezone_id="Africa/Ndjamena").new_page()
    page.set_default_timeout(90_000)
    page.goto(f"{adresse}/web/login")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", login)
    page.click("button[type=submit]")
    page.wait_for_url(lambda adresse: "/login" not in adresse)
    return page


def _chemin(adresse, base, login, menu, fiche):
    if menu.startswith("/"):
        return menu
    uid = xmlrpc.client.ServerProxy(f"{adresse}/xmlrpc/2/common").authenticate(base, login, login, {})
    objet = xmlrpc.client.ServerProxy(f"{adresse}/xmlrpc/2/object")

    def appel(modele, methode, *arguments, **options):
        return objet.execute_kw(base, uid, login, modele, methode, list(arguments), options)

    lus = {m["complete_name"]: m for m in appel("ir.ui.menu", "search_read", [], ["complete_name", "action"], context={"lang": "fr_FR"})}
    chemin = f"/web#menu_id={lus[menu]['id']}"
    if lus[menu]["action"]:
        chemin += f"&action={lus[menu]['action'].split(',')[1]}"
    if fiche:
        modele, domaine = fiche
        trouve, = appel(modele, "search", domaine, limit=1, order="id desc")
        chemin += f"&id={trouve}&model={modele}&view_type=form"
    return chemin


def _garder(brut, chemin):
    """Une image de peu de couleurs : lisible, et légère pour le dépôt."""
    sortie = io.BytesIO()
    Image.open(io.BytesIO(brut)).convert("RGB").quantize(COULEURS, dither=Image.Dither.NONE).save(sortie, "PNG", optimize=True)
    assert sortie.tell() < MAXIMUM, f"{chemin.name} pèse {sortie.tell() // 1024} Ko"
    chemin.write_bytes(sortie.getvalue())
    sys.stdout.write(f"{chemin.name} : {sortie.tell() // 1024} Ko\n")


if __name__ == "__main__":
    principal(*sys.argv[1:])
