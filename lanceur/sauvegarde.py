"""./cnas sauvegarder et ./cnas restaurer : la base et ses pièces d'un même instant, la clé de signature, la configuration.

Un dossier de sauvegardes porte :

    <base>-AAAAMMJJ-HHMMSS/   manifeste.json, base.dump, pieces.txt (chaque pièce de la base), reglages.tar
    paquets/                  les pièces, en paquets qui ne changent plus : une sauvegarde n'ajoute que les nouvelles,
                              et repart d'un paquet entier chaque mois

Restaurer ne détruit jamais : la base en place est renommée, ses fichiers et sa clé la suivent sous son nouveau nom.
"""
import datetime
import hashlib
import io
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import tarfile
import time
from contextlib import contextmanager
from pathlib import Path

from . import bases, chemins, chiffre, console, postgres, serveur
from .console import Arret

INSTANT = "%Y%m%d-%H%M%S"
GARDES = (("%Y-%m-%d", 7), ("%G-%V", 4), ("%Y-%m", 12))  # sept jours, quatre semaines, douze mois
ABSENTES_MONTREES = 5
ARRETS = (signal.SIGINT, signal.SIGTERM)
FINS = ("", ".liste", ".somme")  # un paquet, ses pièces, son empreinte
PIECE = re.compile(r"([0-9a-f]{2,3})/\1[0-9a-f]{37,38}\Z")  # le début de l'empreinte, puis l'empreinte


def maintenant():
    """L'instant, en temps universel."""
    return datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None, microsecond=0)


def somme(chemin):
    """Le SHA-256 et la taille d'un fichier, relu du disque."""
    calcul = hashlib.sha256()
    with open(chemin, "rb") as flux:
        while bloc := flux.read(1 << 20):
            calcul.update(bloc)
    return {"sha256": calcul.hexdigest(), "taille": os.path.getsize(chemin)}


# ---------------------------------------------------------------- sauvegarder

def sauvegarder(machine, base, dossier, destinataire=None, copie=None, noter=True):
    """Sauvegarde une base et rend le dossier écrit ; lève si une pièce de la base n'a pas pu y être mise."""
    console.etape(f"Sauvegarde de « {base} »")
    if not machine.sql("etat", base)["existe"]:
        raise Arret(f"La base « {base} » n'existe pas.")
    depot, chiffreur = Path(dossier).absolute(), chiffre.pour(destinataire)
    # un dossier qui existe (un disque monté) garde ses droits : ce qui s'y écrit a les siens
    depot.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _a_soi(), chemins.verrou(depot / ".verrou"):
        archive = _ecrire(machine, base, depot, chiffreur)
        manifeste = lire_manifeste(archive)
        manquantes = manifeste["manquantes"]
        if manquantes:
            raise Arret(f"Sauvegarde incomplète, gardée sous {archive} : {len(manquantes)} pièce(s) de la base manquent ou sont abîmées sur le "
                        f"disque ({', '.join(manquantes[:ABSENTES_MONTREES])}…). Retrouvez-les dans une sauvegarde plus ancienne ; si elles ne "
                        "reviendront pas, un superviseur en constate la perte (Fichiers perdus ou altérés), puis relancez.")
        if manifeste["perdues"]:
            console.detail(f"{len(manifeste['perdues'])} pièce(s) constatée(s) perdue(s) n'y sont pas : la sauvegarde est valable")
        if noter:
            machine.sql("noter_sauvegarde", base)
        for ancienne in _tourner(depot, base):
            console.detail(f"rotation : {ancienne} retirée")
    if copie:
        _copier_au_loin(depot, copie)
    console.detail(f"écrite : {archive}")
    return archive


@contextmanager
def _a_soi():
    """Ce qui s'écrit ici, données de santé, ne se lit que par l'usager du service."""
    masque = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(masque)


def _ecrire(machine, base, depot, chiffreur):
    instant = maintenant()
    while (depot / f"{base}-{instant:{INSTANT}}").exists():
        instant += datetime.timedelta(seconds=1)
    nom = f"{base}-{instant:{INSTANT}}"
    partiel = depot / f"{nom}.partiel"
    nouveau = _paquets(depot) / f"{nom}.tar{chiffreur.suffixe}"
    partiel.mkdir(mode=0o700)
    try:
        paquets = _paquets_du_mois(depot, base, instant, chiffreur)
        # une pièce retirée par le ramasse-miettes d'Odoo entre l'instantané et la copie : le second instantané ne la cite plus
        for _essai in range(2):
            relu, voulues = _extraire(machine, base, partiel, chiffreur)
            deja = {piece for paquet in paquets for piece in _liste(depot, paquet)}
            manquantes = _empaqueter(machine.donnees / "filestore" / base, nouveau, [piece for piece in voulues if piece not in deja], chiffreur)
            # une perte signée n'est plus une sauvegarde manquée : elle se compte, et rien n'attend
            perdues = sorted(set(relu["perdues"]) & set(manquantes))
            manquantes = [nom for nom in manquantes if nom not in perdues]
            if not manquantes:
                break
        if nouveau.exists():
            paquets = [*paquets, nouveau.name]
        reglages = partiel / f"reglages.tar{chiffreur.suffixe}"
        _ecrire_reglages(machine, base, reglages, chiffreur)
        manifeste = {
            "format": 1, "base": base, "instant": f"{instant:%Y-%m-%d %H:%M:%S}", "chiffrement": chiffreur.nom, **relu,
            "commit": _commit(), "pieces": len(voulues), "manquantes": manquantes, "perdues": perdues,
            "fichiers": {f.name: somme(f) for f in sorted(partiel.iterdir())},
            "paquets": {nom: _somme_de_paquet(depot, nom) for nom in paquets}}
        _poser(partiel / "manifeste.json", json.dumps(manifeste, indent=1, ensure_ascii=False, sort_keys=True))
        definitif = depot / (f"{nom}-incomplete" if manquantes else nom)
        partiel.rename(definitif)
        _synchroniser(depot)
        return definitif
    except BaseException:
        shutil.rmtree(partiel, ignore_errors=True)
        _oter_paquet(nouveau)
        raise


def _extraire(machine, base, partiel, chiffreur):
    """Verse la base ; rend ce que le manifeste en dit, et ses pièces."""
    console.detail("base")
    pieces = partiel / "pieces.txt"
    relu = machine.sql("extraire", base, pg_dump=postgres.programme("pg_dump", machine.acces), chiffrer=chiffreur.commande(),
                       sortie=str(partiel / f"base.dump{chiffreur.suffixe}"), pieces=str(pieces))
    return relu, lire_pieces(pieces)


def lire_pieces(chemin):
    """Les pièces de la liste d'une sauvegarde, écrite « nom taille »."""
    with open(chemin, encoding="utf-8") as flux:
        return [ligne.rpartition(" ")[0] for ligne in flux]


def _empaqueter(magasin, paquet, voulues, chiffreur):
    """Met les pièces dans un paquet neuf, chacune relue contre son empreinte (son nom). Rend celles qui manquent."""
    _oter_paquet(paquet)
    if not voulues:
        return []
    console.detail(f"{len(voulues)} pièce(s) nouvelle(s)")
    mises, manquantes = [], []
    with chiffreur.ecrire(paquet) as sortie, tarfile.open(fileobj=sortie, mode="w|") as archive:
        for nom in voulues:
            try:
                contenu = (magasin / nom).read_bytes()
            except OSError:
                contenu = b""
            if hashlib.sha1(contenu).hexdigest() != Path(nom).name:  # noqa: S324 : l'empreinte d'Odoo
                manquantes.append(nom)
                continue
            membre = tarfile.TarInfo(nom)
            membre.size, membre.mode = len(contenu), 0o600
            archive.addfile(membre, io.BytesIO(contenu))  # ce qui vient d'être relu, même si le fichier disparaît
            mises.append(nom)
    if not mises:
        _oter_paquet(paquet)
        return manquantes
    _poser(_voisin(paquet, ".liste"), "".join(f"{nom}\n" for nom in mises))
    _poser(_voisin(paquet, ".somme"), json.dumps(somme(paquet)))
    return manquantes


def _ecrire_reglages(machine, base, chemin, chiffreur):
    """La clé de signature des cartes et la configuration : sans elles, une base restaurée n'est plus la même caisse."""
    candidats = [("signature.pem", cle_de_signature(machine, base)), ("odoo.conf", machine.fichier_de_configuration(base)),
                 ("environnement", chemins.RACINE / ".env")]
    with chiffreur.ecrire(chemin) as sortie, tarfile.open(fileobj=sortie, mode="w|", dereference=True) as archive:
        for nom, fichier in candidats:
            if fichier.is_file():
                archive.add(fichier, nom)


def cle_de_signature(machine, base):
    """Le fichier de la clé qui signe cartes et attestations (cnas_assures/cle_signature.py)."""
    return machine.donnees / "cnas" / f"signature-{base}.pem"


def _paquets(depot):
    dossier = depot / "paquets"
    dossier.mkdir(mode=0o700, exist_ok=True)
    return dossier


def _voisin(paquet, fin):
    return paquet.with_name(paquet.name + fin)


def _oter_paquet(paquet):
    for fin in FINS:
        _voisin(paquet, fin).unlink(missing_ok=True)


def _liste(depot, paquet):
    return _voisin(depot / "paquets" / paquet, ".liste").read_text(encoding="utf-8").split()


def _somme_de_paquet(depot, paquet):
    return json.loads(_voisin(depot / "paquets" / paquet, ".somme").read_text(encoding="utf-8"))


def _paquets_du_mois(depot, base, instant, chiffreur):
    """Les paquets de la dernière sauvegarde du mois, écrits de la même façon : on y ajoute ; un nouveau mois repart à neuf."""
    du_mois = (lire_manifeste(dossier) for date, dossier in sauvegardes(depot, base) if f"{date:%Y-%m}" == f"{instant:%Y-%m}")
    manifeste = next((lu for lu in du_mois if lu["chiffrement"] == chiffreur.nom), None)
    paquets = list(manifeste["paquets"]) if manifeste else []
    return paquets if all(_voisin(depot / "paquets" / p, fin).is_file() for p in paquets for fin in FINS) else []


def sauvegardes(depot, base):
    """Les sauvegardes achevées d'une base, de la plus récente à la plus ancienne : [(instant, dossier)]."""
    trouvees = []
    for dossier in Path(depot).glob(f"{base}-*"):
        try:
            instant = datetime.datetime.strptime(dossier.name[len(base) + 1:], INSTANT)
        except ValueError:
            continue
        if (dossier / "manifeste.json").is_file():
            trouvees.append((instant, dossier))
    return sorted(trouvees, reverse=True)


def a_garder(instants, jour):
    """Ce que la rotation garde : le dernier jour entier, puis la dernière de sept jours, de quatre semaines, de douze mois."""
    instants = sorted(instants, reverse=True)
    gardes = {instant for instant in instants if instant > jour - datetime.timedelta(days=1)}
    for periode, combien in GARDES:
        dernieres = {}
        for instant in instants:
            dernieres.setdefault(instant.strftime(periode), instant)
        gardes.update(list(dernieres.values())[:combien])
    return gardes


def _tourner(depot, base):
    """Retire ce que la rotation ne garde pas, puis les paquets que plus rien ne cite. Rend les noms retirés."""
    toutes = sauvegardes(depot, base)
    gardes = a_garder([instant for instant, _dossier in toutes], maintenant())
    retirees = [dossier for instant, dossier in toutes if instant not in gardes]
    for dossier in retirees:
        dossier.rename(dossier.with_name(f"{dossier.name}.partiel"))
    # ce qu'une coupure a laissé : sous le verrou du dépôt, personne d'autre n'y écrit
    for reste in depot.glob(f"{base}-{'[0-9]' * 8}-{'[0-9]' * 6}.partiel"):
        shutil.rmtree(reste)
    cites = {paquet for manifeste in depot.glob("*/manifeste.json") for paquet in lire_manifeste(manifeste.parent)["paquets"]}
    for fichier in _paquets(depot).iterdir():
        if fichier.name.removesuffix(".liste").removesuffix(".somme") not in cites:
            fichier.unlink()
    return [dossier.name for dossier in retirees]


def _copier_au_loin(depot, copie):
    """Ajoute à la copie distante ; n'y retire jamais rien (une machine compromise ne l'efface pas d'ici)."""
    outil, _deux_points, cible = copie.partition(":")
    commandes = {"rclone": ["rclone", "copy", "--immutable", str(depot), cible], "rsync": ["rsync", "-a", "--ignore-existing", f"{depot}/", cible]}
    if outil not in commandes or not cible:
        raise Arret("La copie distante s'écrit « rclone:distant:chemin » ou « rsync:usager@hôte:/chemin ».")
    if not shutil.which(outil):
        raise Arret(f"La sauvegarde est faite, mais pas copiée au loin : « {outil} » manque (apt-get install {outil}).")
    console.exiger(commandes[outil], "sauvegarde.log", "La sauvegarde est faite, mais la copie distante a échoué.")
    console.detail(f"copiée : {cible}")


def _commit():
    sortie = subprocess.run(["git", "-C", str(chemins.RACINE), "rev-parse", "HEAD"], capture_output=True, text=True) if shutil.which("git") else None
    return sortie.stdout.strip() if sortie and sortie.returncode == 0 else None


def _poser(chemin, texte):
    with open(chemin, "w", encoding="utf-8") as flux:
        flux.write(texte)
        flux.flush()
        os.fsync(flux.fileno())


def _synchroniser(dossier):
    descripteur = os.open(dossier, os.O_RDONLY)
    try:
        os.fsync(descripteur)
    finally:
        os.close(descripteur)


# ----------------------------------------------------------------- restaurer

def lire_manifeste(archive):
    """Le manifeste d'une sauvegarde."""
    chemin = Path(archive) / "manifeste.json"
    try:
        manifeste = json.loads(chemin.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise Arret(f"{archive} n'est pas une sauvegarde : manifeste.json manque ou ne se lit pas.") from None
    if manifeste.get("format") != 1:
        raise Arret(f"{archive} vient d'une autre version de l'outil (format {manifeste.get('format')}).")
    return manifeste


def verifier(archive):
    """Relit chaque fichier d'une sauvegarde contre son empreinte. Rend (manifeste, chemins des paquets)."""
    archive = Path(archive).absolute()
    manifeste = lire_manifeste(archive)
    console.detail("empreintes")
    paquets = [next((p for p in (archive / nom, archive.parent / "paquets" / nom) if p.is_file()), archive.parent / "paquets" / nom)
               for nom in manifeste["paquets"]]
    attendus = [*((archive / nom, s) for nom, s in manifeste["fichiers"].items()), *zip(paquets, manifeste["paquets"].values())]
    for chemin, attendue in attendus:
        if not chemin.is_file():
            raise Arret(f"La sauvegarde n'est pas entière : {chemin} manque. Rien n'a été touché.")
        if somme(chemin) != attendue:
            raise Arret(f"La sauvegarde est abîmée : {chemin} n'a plus son empreinte. Rien n'a été touché.")
    return manifeste, paquets


def restaurer(machine, archive, base=None, cle=None, retoucher=None):
    """Restaure une sauvegarde ; la base du même nom est mise de côté, entière. Rend le nom de la base mise de côté, ou None.

    `retoucher(base, dossier des pièces)` passe sur la copie avant qu'elle ne prenne son nom ; elle n'a alors pas la clé de signature.
    """
    console.etape(f"Restauration de {archive}")
    manifeste, paquets = verifier(archive)
    base = base or manifeste["base"]
    bases.verifier_nom(base)
    exiger_au_repos(machine, base)
    if manifeste["manquantes"]:
        console.detail(f"sauvegarde incomplète : {len(manifeste['manquantes'])} pièce(s) y manquent")
    marque = f"{maintenant():%Y%m%d_%H%M%S}"
    # un nom tiré au sort : l'échec d'une restauration ne supprime pas la base d'une autre de la même seconde
    neuve, magasin = f"{base[:34]}_neuve_{marque}_{secrets.token_hex(2)}", machine.donnees / "filestore"
    provisoire = magasin / f".{neuve}"
    try:
        _poser_pieces(archive, manifeste, paquets, provisoire, cle)
        machine.creer_base(neuve)
        _verser(machine, archive, manifeste, neuve, cle)
        if machine.sql("invariants", neuve)["sommes"] != manifeste["sommes"]:
            raise Arret("La base relue n'a pas les sommes du manifeste : elle n'a pas été mise en service.")
        if base != manifeste["base"]:
            machine.sql("isoler", neuve)
            console.detail("copie sous un autre nom : ses courriels et ses SMS sont éteints")
        if retoucher:
            retoucher(neuve, provisoire)
        else:
            _poser_cle(machine, archive, manifeste, neuve, cle)
        with _sans_interruption():
            return _mettre_en_service(machine, manifeste, base, neuve, marque)
    except BaseException:
        machine.supprimer_base(neuve)
        cle_de_signature(machine, neuve).unlink(missing_ok=True)
        raise
    finally:
        shutil.rmtree(provisoire, ignore_errors=True)


@contextmanager
def _sans_interruption():
    """Un arrêt demandé (Ctrl-C, SIGTERM) attend la fin : base et fichiers changent de nom ensemble, ou pas."""
    recus = []
    avant = {arret: signal.signal(arret, lambda numero, _pile: recus.append(numero)) for arret in ARRETS}
    # Le masque vaut pour les programmes lancés d'ici ; un autre fil peut recevoir le signal à notre place : il est alors retenu.
    masque = signal.pthread_sigmask(signal.SIG_BLOCK, ARRETS)
    try:
        yield
    finally:
        for arret, traite in avant.items():
            signal.signal(arret, traite)
        signal.pthread_sigmask(signal.SIG_SETMASK, masque)
        for arret in recus[:1]:
            signal.raise_signal(arret)


def exiger_au_repos(machine, base):
    """Refuse de toucher à une base qui sert."""
    if any(fiche["base"] == base for fiche in serveur.en_cours()):
        raise Arret(f"La base « {base} » est en service : ./cnas arreter, puis relancez.")
    etat = machine.sql("etat", base)
    for attente in (1, 1, 2, 0):  # ce qui vient de finir met un instant à se déconnecter
        noms = etat["existe"] and machine.sql("connexions", base, seule=bool(os.environ.get("CNAS_IMAGE")))["noms"]
        if not noms:
            break
        time.sleep(attente)
    if noms:
        raise Arret(f"La base « {base} » est en service ({', '.join(noms)}) : arrêtez ce qui s'en sert (docker compose stop odoo), puis relancez.")
    return etat


def _poser_pieces(archive, manifeste, paquets, provisoire, cle):
    """Étale les pièces à côté, chacune relue contre son empreinte, et exige celles de la liste."""
    console.detail("pièces")
    provisoire.mkdir(mode=0o700, parents=True)
    voulues, posees = set(lire_pieces(Path(archive) / "pieces.txt")), set()
    if etranges := [nom for nom in voulues if not PIECE.match(nom)]:
        raise Arret(f"{len(etranges)} pièce(s) ne porte(nt) pas un nom d'Odoo ({', '.join(etranges[:ABSENTES_MONTREES])}) : rien n'a été touché.")
    for paquet in paquets:
        with chiffre.lire(paquet, manifeste["chiffrement"], cle) as flux, tarfile.open(fileobj=flux, mode="r|") as contenu:
            for membre in contenu:
                if membre.name in voulues and membre.name not in posees and membre.isfile():
                    octets = contenu.extractfile(membre).read()
                    if hashlib.sha1(octets).hexdigest() == Path(membre.name).name:  # noqa: S324 : l'empreinte d'Odoo
                        cible = provisoire / membre.name
                        cible.parent.mkdir(exist_ok=True)
                        cible.write_bytes(octets)
                        posees.add(membre.name)
    absentes = voulues - posees - set(manifeste["manquantes"]) - set(manifeste.get("perdues", ()))
    if absentes:
        raise Arret(f"La sauvegarde n'est pas entière : {len(absentes)} pièce(s) manquent dans les paquets. Rien n'a été touché.")


def _verser(machine, archive, manifeste, neuve, cle):
    """Relit la base dans une base neuve, d'une seule transaction ; les contributions y sont déjà."""
    console.detail("base (quelques minutes)")
    clair = machine.donnees / f".{neuve}.dump"
    suffixe = f".{manifeste['chiffrement']}" if manifeste["chiffrement"] else ""
    env, relire = machine.env(), postgres.programme("pg_restore", machine.acces)
    try:
        with chiffre.lire(Path(archive) / f"base.dump{suffixe}", manifeste["chiffrement"], cle) as flux, open(clair, "xb") as sortie:
            os.fchmod(sortie.fileno(), 0o600)
            shutil.copyfileobj(flux, sortie, 1 << 20)
        sommaire = subprocess.run([relire, "--list", clair], capture_output=True, text=True, env=env)
        if sommaire.returncode:
            # un pg_dump plus récent écrit un format que ce pg_restore ne connaît pas
            raise Arret(f"La base ne se relit pas ; rien n'a été mis en service.\n{sommaire.stderr.strip()}")
        liste = clair.with_suffix(".liste")
        liste.write_text("".join(ligne for ligne in sommaire.stdout.splitlines(True) if " EXTENSION " not in ligne), encoding="utf-8")
        with open(chemins.journal("restauration.log"), "ab") as journal, \
                subprocess.Popen([relire, "--no-owner", "--no-acl", "-L", liste, "-f", "-", clair], stdout=subprocess.PIPE, stderr=journal, env=env) as lu, \
                subprocess.Popen([postgres.programme("psql", machine.acces), "-Xq1", "-v", "ON_ERROR_STOP=1", "-d", neuve],
                                 stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=journal, env=env) as ecrit:
            _transmettre(lu.stdout, ecrit.stdin)
        if lu.returncode or ecrit.returncode:
            raise Arret(f"La base ne se relit pas ; rien n'a été mis en service.\n{console.fin_du_journal(chemins.journal('restauration.log'), 5)}")
        machine.sql("analyser", neuve)
    finally:
        clair.unlink(missing_ok=True)
        clair.with_suffix(".liste").unlink(missing_ok=True)


def _transmettre(lu, ecrit):
    """Passe le SQL à psql, sans le réglage qu'un pg_restore plus récent que le serveur met en tête."""
    try:
        for ligne in lu:
            if not ligne.startswith(b"SET transaction_timeout"):
                ecrit.write(ligne)
            if ligne.startswith((b"CREATE ", b"SELECT pg_catalog.set_config('search_path'")):
                break
        shutil.copyfileobj(lu, ecrit, 1 << 20)
        ecrit.close()
    except BrokenPipeError:
        lu.read()  # psql s'est arrêté sur une erreur : son code le dit


def _mettre_en_service(machine, manifeste, base, neuve, marque):
    """L'ancienne de côté, la neuve à sa place : base, fichiers et clé, dans cet ordre, défait si l'un échoue."""
    magasin, cote = machine.donnees / "filestore", f"{base[:40]}_avant_{marque}"
    ancienne = exiger_au_repos(machine, base)["existe"]
    defaire = []
    try:
        if ancienne:
            machine.sql("renommer", base, admin=True, nom=cote)
            defaire.append(lambda: machine.sql("renommer", cote, admin=True, nom=base))
        deplacements = [(magasin / base, magasin / cote), (magasin / f".{neuve}", magasin / base),
                        (cle_de_signature(machine, base), cle_de_signature(machine, cote)),
                        (cle_de_signature(machine, neuve), cle_de_signature(machine, base))]
        for origine, cible in deplacements:
            if origine.exists():
                origine.rename(cible)
                defaire.append(lambda o=origine, c=cible: c.rename(o))
        machine.sql("renommer", neuve, admin=True, nom=base)
    except BaseException:
        for geste in reversed(defaire):
            geste()
        raise
    if ancienne:
        console.detail(f"l'ancienne base est gardée : « {cote} », fichiers et clé sous le même nom")
    console.detail(f"base « {base} » restaurée : {manifeste['pieces']} pièce(s), sauvegarde du {manifeste['instant']} (temps universel)")
    return cote if ancienne else None


def _poser_cle(machine, archive, manifeste, base, cle):
    """La clé de signature ; la configuration reste celle de cette machine."""
    suffixe = f".{manifeste['chiffrement']}" if manifeste["chiffrement"] else ""
    with chiffre.lire(Path(archive) / f"reglages.tar{suffixe}", manifeste["chiffrement"], cle) as flux, tarfile.open(fileobj=flux, mode="r|") as contenu:
        for membre in contenu:
            if membre.name == "signature.pem" and membre.isfile():
                cible = cle_de_signature(machine, base)
                cible.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                descripteur = os.open(cible, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
                with open(descripteur, "wb") as sortie:
                    sortie.write(contenu.extractfile(membre).read())
