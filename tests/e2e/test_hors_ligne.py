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


# Une liste à qui il manque une carte : l'écart la rend, et la signature de la caisse tient sur la liste recomposée.
ECART = """async (racine) => {
    const { completer, listeJuste, temoins } = await import(`${racine}/carte.js`);
    const entiere = await (await fetch(`${racine}/cartes.json`)).json();
    const vieille = { ...entiere, perdues: entiere.perdues.slice(8) };
    const ecart = await (await fetch(`${racine}/cartes.json?seaux=${await temoins(vieille)}`)).json();
    return [Object.keys(ecart.seaux).length, await listeJuste(vieille), await listeJuste(completer(vieille, ecart))];
}"""


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


def couper_une_reponse(onglet):
    """Le deuxième dépôt arrive au serveur, mais sa réponse se perd en route."""
    coupures, vus = [], []

    def couper(route):
        vus.append(route.request.url)
        if len(vus) == 2:
            coupures.append(route.fetch().status)
            return route.abort()
        return route.continue_()
    onglet.route(re.compile(rf"{COQUILLE}/envoi/[0-9a-f-]+$"), couper)
    return coupures


def verifier_depots(rpc):
    """Vingt feuilles, une photo chacune, l'orientation gardée."""
    agent = rpc("agent")
    lues = agent.appel("cnas.feuille_soin", "search_read", [("reference", "in", FEUILLES)],
                       fields=["reference", "numero", "montant_facture", "piece_ids"])
    assert sorted(lue["reference"] for lue in lues) == FEUILLES
    # le numéro dit le dépôt ; l'état dirait aussi ce qu'un contrôle a pu faire depuis
    assert all(lue["numero"] for lue in lues), lues
    assert {(lue["montant_facture"], len(lue["piece_ids"])) for lue in lues} == {(550, 1)}
    lourde = next(lue for lue in lues if lue["reference"] == FEUILLES[1])
    piece = agent.appel("cnas.feuille_soin.piece", "read", lourde["piece_ids"], ["contenu", "taille"])[0]
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


def brider(onglet, avion=False, debit=6250):
    """50 kb/s et 600 ms, ou plus rien ; débit -1 : le réseau de la machine."""
    onglet.reseau = getattr(onglet, "reseau", None) or onglet.context.new_cdp_session(onglet)
    onglet.reseau.send("Network.emulateNetworkConditions", {
        "offline": avion, "latency": 600 if debit > 0 else 0, "downloadThroughput": debit, "uploadThroughput": debit})
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


def saisir_en_ligne_puis_couper(onglet, reference, matricule):
    """Une saisie commencée en ligne : rechargée, elle revient, photo comprise ; le réseau coupé, elle attend sur l'appareil."""
    onglet.goto("/my/formation/feuilles/nouvelle")
    for champ, valeur in (("reference", reference), ("matricule", matricule), ("date_soins", jour(1)), ("pathologie", "J06.9")):
        onglet.fill(f"#saisie input[name={champ}]", valeur)
    for champ, valeur in (("prestation", "ACT0002"), ("quantite", "1"), ("prix_unitaire", "550")):
        onglet.fill(f"#saisie input[name={champ}] >> nth=0", valeur)
    onglet.set_input_files("#saisie input[name=fichiers_0]", fichier("en ligne.jpg", photo(reference)))
    onglet.wait_for_timeout(1500)
    onglet.reload()
    onglet.wait_for_selector("#brouillon:has-text('reprise')")
    assert onglet.input_value("#saisie input[name=reference]") == reference
    assert onglet.evaluate("document.querySelector('[name=fichiers_0]').files[0].name") == "en ligne.jpg"
    brider(onglet, avion=True)
    onglet.click("#saisie button.principal")
    onglet.click("#brouillon button:has-text('Garder sur l')")
    onglet.wait_for_selector("h1:has-text('Travailler sans réseau')")
    compte(onglet, "1 en attente")


def compte(onglet, texte):
    onglet.wait_for_selector(f"#compte:has-text('{texte}')")


def preparer(onglet):
    """Une visite avec du réseau, bridée : l'appareil emporte de quoi travailler sans."""
    onglet.goto("/web/login?redirect=/my/formation")
    se_connecter(onglet)
    onglet.evaluate("navigator.serviceWorker.ready.then(() => true)")
    assert onglet.evaluate(ECART, COQUILLE) == [1, False, True]
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


def test_vingt_feuilles_sans_reseau(telephone, rpc, matricule):
    """Mode avion : deux cartes vérifiées, vingt feuilles avec photos, fermer, rouvrir, session finie, coupure : vingt dépôts, une fois."""
    actif, perdu = qr(rpc, "active"), qr(rpc, "perdue")
    onglet = telephone()
    preparer(onglet)
    saisir_en_ligne_puis_couper(onglet, FEUILLES[0], matricule)
    onglet.goto("/my/formation/feuilles/nouvelle")
    onglet.wait_for_selector("h1:has-text('Travailler sans réseau')")
    lire_carte(onglet, actif, "authentique")
    lire_carte(onglet, f"https://cnas.td/cnas/carte/{perdu.replace('|', '~')}", "déclarée perdue")
    lire_carte(onglet, actif[:-4] + "AAAA", "pas été signé")
    saisir(onglet, FEUILLES[1], matricule, fichier("abimee.jpg", b"pas une image"))
    onglet.wait_for_selector("#erreurs:has-text('ne se lit pas')")
    onglet.set_input_files("#feuille input[name=fichiers_0]", fichier("vide.jpg", b""))
    onglet.click("#feuille button.principal")
    onglet.wait_for_selector("#erreurs:has-text('est vide')")
    assert onglet.input_value("#feuille input[name=reference]") == FEUILLES[1], "la saisie reste"
    lourde = photo(FEUILLES[1], (2400, 1800), bruit=True, orientation=6)
    saisir(onglet, FEUILLES[1], matricule, fichier("lourde.jpg", lourde))
    compte(onglet, "2 en attente")
    for rang, reference in enumerate(FEUILLES[2:], 3):
        saisir(onglet, reference, matricule, fichier(f"{reference}.jpg", photo(reference)))
        compte(onglet, f"{rang} en attente")
    coffre = onglet.evaluate(COFFRE)
    assert coffre["exportee"] == "InvalidAccessError" and not coffre["extractible"] and not coffre["clair"], coffre
    assert coffre["feuilles"] == 20 and coffre["poids"] <= 300_100 < len(lourde), coffre
    horloges_et_caches(onglet, actif)
    assert not onglet.erreurs, onglet.erreurs
    onglet.context.close()

    onglet = telephone()
    onglet.context.clear_cookies()
    onglet.goto(COQUILLE)
    onglet.click("#reseau a:has-text('Se reconnecter')")
    coupures = couper_une_reponse(onglet)
    se_connecter(onglet)
    onglet.wait_for_selector("#reseau:has-text('ne répond pas')")
    assert coupures, "la réponse d'un dépôt s'est perdue"
    brider(onglet)
    onglet.click("#envoyer")
    onglet.wait_for_selector("#file li:nth-child(4) .etat:has-text('Reçue')", state="attached")
    brider(onglet, debit=-1)
    compte(onglet, "0 en attente, 0 refusée(s), 20 déposée(s)")
    verifier_depots(rpc)
    assert not onglet.erreurs, onglet.erreurs
