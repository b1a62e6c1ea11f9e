"""L'espace formation sans réseau, dans un vrai Chromium : 50 kb/s et 600 ms, puis le mode avion, puis le retour."""
import base64
import io
import re
import time

import pytest
from conftest import ARGUMENTS_CHROMIUM
from jours import jour
from PIL import Image, ImageDraw

FEUILLES = [f"HL-{rang:02}" for rang in range(1, 21)]
COQUILLE = "/my/formation/horsligne"
# Ce qu'un script de la page peut savoir du coffre : la clé ne s'exporte pas, et rien de lisible ne reste en clair.
COFFRE = """async () => {
    const base = await new Promise((tenir) => { const d = indexedDB.open("cnas-formation"); d.onsuccess = () => tenir(d.result); });
    const tout = (nom) => new Promise((tenir) => { const d = base.transaction(nom).objectStore(nom).getAll(); d.onsuccess = () => tenir(d.result); });
    const [cle] = await tout("cles"), feuilles = await tout("feuilles"), photos = await tout("photos");
    const exportee = await crypto.subtle.exportKey("raw", cle).then(() => "exportée", (erreur) => erreur.name);
    const clair = [...feuilles, ...photos].some(({ garde }) => new TextDecoder("latin1").decode(garde.chiffre).includes("reference"));
    base.close();
    return { exportee, extractible: cle.extractable, clair, feuilles: feuilles.length,
             poids: Math.max(...photos.map(({ garde }) => garde.chiffre.byteLength)) };
}"""


def photo(texte, taille=(900, 700), bruit=False, orientation=1):
    """Rend les octets d'un JPEG qui porte ce texte ; `orientation` : celle de l'EXIF, comme un téléphone tenu debout."""
    image = Image.effect_noise(taille, 90).convert("RGB") if bruit else Image.new("RGB", taille, "white")
    ImageDraw.Draw(image).text((80, 80), f"Ordonnance {texte}", fill="black", font_size=60)
    exif = Image.Exif()
    exif[0x0112] = orientation
    sortie = io.BytesIO()
    image.save(sortie, "JPEG", quality=92, exif=exif)
    return sortie.getvalue()


@pytest.fixture
def telephone(navigateur, machine, serveur, tmp_path):
    """Fabrique d'un téléphone : le même profil à chaque ouverture, comme un navigateur qu'on ferme et rouvre."""
    ouverts = []

    def ouvrir():
        contexte = navigateur.browser_type.launch_persistent_context(
            tmp_path / "profil", executable_path=machine.chromium, args=list(ARGUMENTS_CHROMIUM),
            base_url=serveur.url, locale="fr-FR", timezone_id="Africa/Ndjamena", viewport={"width": 390, "height": 844})
        onglet = contexte.pages[0]
        onglet.set_default_timeout(60_000)
        onglet.erreurs = []
        onglet.on("pageerror", lambda erreur: onglet.erreurs.append(f"JavaScript : {erreur}"))
        onglet.on("response", lambda r: r.status >= 500 and onglet.erreurs.append(f"HTTP {r.status} : {r.url}"))
        ouverts.append(contexte)
        return onglet

    yield ouvrir
    for contexte in ouverts:
        contexte.close()


def couper_la_premiere_reponse(onglet):
    """Le premier dépôt arrive au serveur, mais sa réponse se perd en route."""
    coupures = []

    def couper(route):
        if not coupures:
            coupures.append(route.fetch().status)
            return route.abort()
        return route.continue_()
    onglet.route(re.compile(rf"{COQUILLE}/envoi/[0-9a-f-]+$"), couper)
    return coupures


def verifier_depots(rpc):
    """Vingt feuilles, une photo chacune, l'orientation gardée."""
    agent = rpc("agent")
    lues = agent.appel("cnas.feuille_soin", "search_read", [("reference", "in", FEUILLES)],
                       fields=["reference", "state", "montant_facture", "piece_ids", "saisie_par_id"])
    assert sorted(lue["reference"] for lue in lues) == FEUILLES
    assert {(lue["state"], lue["montant_facture"], len(lue["piece_ids"])) for lue in lues} == {("deposee", 550, 1)}
    premiere = next(lue for lue in lues if lue["reference"] == FEUILLES[0])
    piece = agent.appel("cnas.feuille_soin.piece", "read", premiere["piece_ids"], ["contenu", "taille"])[0]
    image = Image.open(io.BytesIO(base64.b64decode(piece["contenu"])))
    assert piece["taille"] <= 300_000 and image.height > image.width >= 750, "tenue debout, l'image reste debout et lisible"


@pytest.fixture
def matricule(rpc):
    """Un assuré aux droits ouverts."""
    agent = rpc("agent")
    identifiant = agent.appel("cnas.assure", "create", {
        "nom": "RESEAU", "prenom": "Sans", "genre": "masculin", "date_naissance": "1991-05-04", "statut_matrimonial": "celibataire",
        "regime_id": agent.appel("cnas.regime", "search", [("code", "=", "ASS")])[0], "date_affiliation": jour(300)})
    agent.appel("cnas.assure", "action_immatriculer", [identifiant])
    return agent.appel("cnas.assure", "read", [identifiant], ["matricule"])[0]["matricule"]


def qr(rpc, etat):
    """Rend le texte signé du QR d'une carte de démonstration dans cet état, pas encore expirée."""
    return rpc("agent").appel("cnas.carte", "search_read", [("state", "=", etat), ("date_expiration", ">", jour(-30))],
                              fields=["qr_texte"], limit=1)[0]["qr_texte"]


def se_connecter(onglet):
    onglet.fill("input[name=login]", "formation")
    onglet.fill("input[name=password]", "formation")
    onglet.click("button[type=submit]")
    onglet.wait_for_url(re.compile(r"^[^?]*/my/formation"))


def brider(onglet, avion=False):
    """50 kb/s et 600 ms, ou plus rien."""
    onglet.reseau = getattr(onglet, "reseau", None) or onglet.context.new_cdp_session(onglet)
    onglet.reseau.send("Network.emulateNetworkConditions", {
        "offline": avion, "latency": 600, "downloadThroughput": 6250, "uploadThroughput": 6250})
    onglet.context.set_offline(avion)


def lire_carte(onglet, texte, attendu):
    onglet.fill("#carte input[name=matricule]", texte)
    onglet.click("#carte button:has-text('Vérifier')")
    onglet.wait_for_selector(f"#verdict:has-text('{attendu}')")


def saisir(onglet, reference, matricule, fichier):
    for champ, valeur in (("reference", reference), ("matricule", matricule), ("date_soins", jour(1)), ("pathologie", "J06.9")):
        onglet.fill(f"#feuille input[name={champ}]", valeur)
    onglet.fill("#feuille input[name=prestation] >> nth=0", "ACT0002")
    onglet.fill("#feuille input[name=quantite] >> nth=0", "1")
    onglet.fill("#feuille input[name=prix_unitaire] >> nth=0", "550")
    onglet.set_input_files("#feuille input[name=fichiers_0]", fichier)
    onglet.click("#feuille button.principal")


def fichier(nom, octets, mime="image/jpeg"):
    return {"name": nom, "mimeType": mime, "buffer": octets}


def compte(onglet, texte):
    onglet.wait_for_selector(f"#compte:has-text('{texte}')")


def preparer(onglet):
    """Une visite avec du réseau, bridée : l'appareil emporte de quoi travailler sans."""
    onglet.goto("/web/login?redirect=/my/formation")
    se_connecter(onglet)
    onglet.evaluate("navigator.serviceWorker.ready.then(() => true)")
    brider(onglet)
    onglet.goto(COQUILLE)
    onglet.wait_for_selector("#etat:has-text('tarifs au')")


def horloges_et_caches(onglet, actif):
    """Une liste de vingt jours ne confirme plus ; une horloge reculée se dit."""
    heure = time.time()
    onglet.clock.set_fixed_time(heure + 20 * 86400)
    lire_carte(onglet, actif, "non confirmée")
    onglet.clock.set_fixed_time(heure - 3 * 86400)
    onglet.reload()
    onglet.wait_for_selector("#horloge:has-text('a reculé')")
    onglet.clock.set_fixed_time(time.time())
    onglet.reload()
    onglet.wait_for_selector("#etat:has-text('Sans réseau')")


def test_vingt_feuilles_sans_reseau(telephone, rpc, matricule):
    """Mode avion : deux cartes vérifiées, vingt feuilles avec photos, fermer, rouvrir, session finie, coupure : vingt dépôts, une fois."""
    actif, perdu = qr(rpc, "active"), qr(rpc, "perdue")
    onglet = telephone()
    preparer(onglet)
    brider(onglet, avion=True)
    onglet.goto("/my/formation/feuilles/nouvelle")
    onglet.wait_for_selector("h1:has-text('Travailler sans réseau')")
    lire_carte(onglet, actif, "authentique")
    lire_carte(onglet, f"https://cnas.td/cnas/carte/{perdu.replace('|', '~')}", "déclarée perdue")
    lire_carte(onglet, actif[:-4] + "AAAA", "pas été signé")
    horloges_et_caches(onglet, actif)
    saisir(onglet, FEUILLES[0], matricule, fichier("abimee.jpg", b"pas une image"))
    onglet.wait_for_selector("#erreurs:has-text('ne se lit pas')")
    onglet.set_input_files("#feuille input[name=fichiers_0]", fichier("vide.jpg", b""))
    onglet.click("#feuille button.principal")
    onglet.wait_for_selector("#erreurs:has-text('est vide')")
    assert onglet.input_value("#feuille input[name=reference]") == FEUILLES[0], "la saisie reste"
    lourde = photo(FEUILLES[0], (2400, 1800), bruit=True, orientation=6)
    saisir(onglet, FEUILLES[0], matricule, fichier("lourde.jpg", lourde))
    compte(onglet, "1 en attente")
    for rang, reference in enumerate(FEUILLES[1:], 2):
        saisir(onglet, reference, matricule, fichier(f"{reference}.jpg", photo(reference)))
        compte(onglet, f"{rang} en attente")
    coffre = onglet.evaluate(COFFRE)
    assert coffre["exportee"] == "InvalidAccessError" and not coffre["extractible"] and not coffre["clair"], coffre
    assert coffre["feuilles"] == 20 and coffre["poids"] <= 300_100 < len(lourde), coffre
    assert not onglet.erreurs, onglet.erreurs
    onglet.context.close()

    onglet = telephone()
    onglet.context.clear_cookies()
    onglet.goto(COQUILLE)
    onglet.click("#reseau a:has-text('Se reconnecter')")
    coupures = couper_la_premiere_reponse(onglet)
    se_connecter(onglet)
    compte(onglet, "20 en attente")
    onglet.wait_for_selector("#reseau:has-text('ne répond pas')")
    assert coupures, "la réponse du premier dépôt s'est perdue"
    onglet.click("#envoyer")
    compte(onglet, "0 en attente, 0 refusée(s), 20 déposée(s)")
    verifier_depots(rpc)
    assert not onglet.erreurs, onglet.erreurs
