"""Une journée à la caisse, par XML-RPC : des dépôts de toute taille, des consultations mêlées, puis dix envois dans une agence."""
import itertools
import random
import re
import statistics
import threading
import time
import xmlrpc.client

from odoo.addons.cnas_base.jour import aujourd_hui

from lanceur import chemins

TITRE = "Une journée par XML-RPC"
LOGIN = "banc_journee"
DOSSIERS, ENVOI = 8_000, 1_000  # à l'échelle 1
TAILLES = (100, 20, 20, 1, 1, 1)  # ce qui arrive : un classeur d'hôpital, des centres de santé, le guichet
DEPOSANTS, LECTEURS = 4, 3
PROCESSUS = int(re.search(r"^workers = (\d+)$", (chemins.RACINE / "odoo.conf").read_text(encoding="utf-8"), re.MULTILINE).group(1))


def mesurer(banc):
    """But : chaque appel passe ; 95 sur 100 en moins de 0,4 s, le pire d'un dépôt isolé ou d'une consultation en moins de 2 s ; dix envois de front ≤ 1,3 × les mêmes bout à bout."""
    monde = _monde(banc)
    with banc.serveur(workers=PROCESSUS, max_cron_threads=0) as serveur:
        _chauffer(serveur, monde)
        durees, total = _journee(serveur, monde, max(60, int(DOSSIERS * banc.echelle)))
        _rapporter(banc, "journée", durees, total)
        taille = max(30, int(ENVOI * banc.echelle))
        seul = _bout_a_bout(serveur, monde, taille)
        durees, total = _file(serveur, monde, taille)
        _rapporter(banc, "dix envois dans une agence", durees, total)
        banc.rapport("dix envois de front, contre les mêmes bout à bout", total, 10 * seul, 1.3)


def _monde(banc):
    """Un agent, et de quoi écrire des feuilles : codes de la base de référence."""
    usager = banc.env["res.users"].with_context(no_reset_password=True).search([("login", "=", LOGIN)]) or banc.env["res.users"].create({
        "name": "Banc d'une journée", "login": LOGIN, "groups_id": [(6, 0, banc.env.ref("cnas_base.group_agent").ids)]})
    usager.write({"password": LOGIN})
    banc.env.flush_all()

    def lire(requete):
        banc.cr.execute(requete)
        return [valeur for valeur, in banc.cr.fetchall()]

    monde = {
        "agences": lire("SELECT code FROM cnas_agence ORDER BY id"), "pathologie": lire("SELECT code FROM cnas_pathologie WHERE length(code) > 3 ORDER BY id LIMIT 1")[0],
        "formations": lire("SELECT code FROM cnas_formation_sanitaire WHERE code LIKE 'BFS%' ORDER BY id LIMIT 200"),
        "matricules": lire("SELECT matricule FROM cnas_assure WHERE state = 'actif' AND type_assure = 'principal' ORDER BY id DESC LIMIT 20000"),
        "prestations": lire("SELECT code FROM cnas_prestation WHERE code LIKE 'BPR%' ORDER BY id LIMIT 200"),
        "jour": str(aujourd_hui()), "marque": f"J{time.time_ns() % 10**9}", "rang": itertools.count()}
    banc.cr.commit()
    return monde


def _feuilles(monde, nombre, agence=None):
    """Un envoi de feuilles, chacune de trois lignes ; `next` d'un compteur est sûr entre fils."""
    hasard, envoi = random.Random(next(monde["rang"])), []
    formation = hasard.choice(monde["formations"])
    for _feuille in range(nombre):
        envoi.append({
            "reference": f"{monde['marque']}-{next(monde['rang'])}", "formation": formation, "matricule": hasard.choice(monde["matricules"]),
            "date_soins": monde["jour"], "pathologie": monde["pathologie"], "agence": agence or hasard.choice(monde["agences"]),
            "lignes": [{"prestation": code, "quantite": 1, "prix_unitaire": 500} for code in hasard.sample(monde["prestations"], 3)]})
    return envoi


class Client:
    """Un poste : sa connexion, et ce que chaque appel a duré."""

    def __init__(self, serveur, monde, durees):
        self.serveur, self.monde, self.durees = serveur, monde, durees
        self.uid = xmlrpc.client.ServerProxy(f"{serveur.url}/xmlrpc/2/common").authenticate(serveur.base, LOGIN, LOGIN, {})
        self.objet = xmlrpc.client.ServerProxy(f"{serveur.url}/xmlrpc/2/object")

    def appel(self, sorte, modele, methode, *arguments, **options):
        debut = time.perf_counter()
        rendu = self.objet.execute_kw(self.serveur.base, self.uid, LOGIN, modele, methode, list(arguments), options)
        self.durees.setdefault(sorte, []).append(time.perf_counter() - debut)
        return rendu

    def deposer(self, nombre, agence=None, sorte=None):
        sorte = sorte or ("dépôt isolé" if nombre == 1 else f"envoi de {nombre}")
        rendus = self.appel(sorte, "cnas.feuille_soin", "importer", _feuilles(self.monde, nombre, agence))
        refus = [phrase for rendu in rendus for phrase in rendu["erreurs"]]
        assert not refus, refus[:3]
        return rendus

    def consulter(self, hasard):
        matricule = hasard.choice(self.monde["matricules"])
        for modele, methode, *arguments in hasard.sample([
            ("cnas.assure", "verifier_droits", matricule, self.monde["jour"]),
            ("cnas.assure", "name_search", matricule),
            ("cnas.feuille_soin", "search_read", [("state", "=", "deposee")], ["numero", "assure_id", "state", "montant_facture"], 0, 80),
        ], 3):
            self.appel("consultation", modele, methode, *arguments)


def _chauffer(serveur, monde):
    """Chaque processus charge ses caches avant qu'on mesure."""
    _mener([lambda: [Client(serveur, monde, {}).deposer(1) for _tour in range(3)] for _processus in range(PROCESSUS)])


def _journee(serveur, monde, dossiers):
    """Les déposants vident la pile ; les lecteurs consultent tant qu'il en reste. Rend ({sorte: durées}, secondes)."""
    pile, reste, durees = [], dossiers, {}
    for taille in itertools.cycle(TAILLES):
        if reste <= 0:
            break
        pile.append(min(taille, reste))
        reste -= pile[-1]
    fini = threading.Event()

    def deposer():
        client = Client(serveur, monde, durees)
        while pile and not fini.is_set():
            try:
                taille = pile.pop()
            except IndexError:
                break
            client.deposer(taille)

    def lire(graine):
        client, hasard = Client(serveur, monde, durees), random.Random(graine)
        while not fini.is_set():
            client.consulter(hasard)
            time.sleep(0.2)

    debut = time.perf_counter()
    lecteurs = [threading.Thread(target=lire, args=(graine,)) for graine in range(LECTEURS)]
    for fil in lecteurs:
        fil.start()
    try:
        _mener([deposer] * DEPOSANTS)
    finally:
        fini.set()
        for fil in lecteurs:
            fil.join()
    return durees, time.perf_counter() - debut


def _bout_a_bout(serveur, monde, taille, fois=3):
    """Rend la durée moyenne d'un envoi, quand chacun attend la réponse du précédent."""
    client = Client(serveur, monde, {})
    debut = time.perf_counter()
    for _envoi in range(fois):
        client.deposer(taille, monde["agences"][0])
    return (time.perf_counter() - debut) / fois


def _file(serveur, monde, taille):
    """Dix envois partis ensemble dans une agence, pendant que le guichet y dépose une à une."""
    durees, fini, agence = {}, threading.Event(), monde["agences"][0]
    rendus = []

    def guichet():
        client = Client(serveur, monde, durees)
        while not fini.is_set():
            client.deposer(1, agence)
            time.sleep(0.3)

    fil = threading.Thread(target=guichet)
    debut = time.perf_counter()
    fil.start()
    try:
        _mener([lambda: rendus.append(Client(serveur, monde, durees).deposer(taille, agence))] * 10)
    finally:
        fini.set()
        fil.join()
    numeros = sorted(int(r["numero"].rsplit("-", 1)[1]) for rendu in rendus for r in rendu)
    assert len(set(numeros)) == 10 * taille, "un numéro donné deux fois"
    return durees, time.perf_counter() - debut


def _mener(travaux):
    """Mène des travaux de front ; la première panne remonte."""
    pannes = []

    def mener(travail):
        try:
            travail()
        except Exception as panne:
            pannes.append(panne)

    fils = [threading.Thread(target=mener, args=(travail,)) for travail in travaux]
    for fil in fils:
        fil.start()
    for fil in fils:
        fil.join()
    if pannes:
        raise pannes[0]


def _rapporter(banc, quoi, durees, total):
    banc.noter(quoi, total, "s", f"{sum(map(len, durees.values()))} appels, {PROCESSUS} processus")
    for sorte, mesures in sorted(durees.items()):
        mesures = sorted(mesures) * (2 if len(mesures) == 1 else 1)
        centiles = statistics.quantiles(mesures, n=100, method="inclusive")
        seul = sorte in ("dépôt isolé", "consultation")
        etalon = f"{len(mesures)} appels ; p50 {centiles[49]:.3f}, p99 {centiles[98]:.3f} s"
        banc.noter(f"{sorte} : p95", centiles[94], "s", etalon, "< 0,4 s" if seul else None, centiles[94] < 0.4 if seul else None)
        banc.noter(f"{sorte} : pire", max(mesures), "s", but="< 2 s" if seul else None, atteint=max(mesures) < 2 if seul else None)
