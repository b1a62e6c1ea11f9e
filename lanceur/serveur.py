"""Le serveur Odoo : démarrer, attendre qu'il réponde, retrouver, arrêter."""
import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

from . import chemins, console
from .console import Arret


def port_libre(port):
    """Vrai si on peut écouter sur ce port."""
    with socket.socket() as prise:
        prise.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            prise.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def port_au_hasard():
    """Un port libre choisi par le système."""
    with socket.socket() as prise:
        prise.bind(("127.0.0.1", 0))
        return prise.getsockname()[1]


def _vivant(fiche):
    """Vrai si le processus de la fiche est toujours notre Odoo."""
    try:
        os.kill(fiche["pid"], 0)
    except (ProcessLookupError, PermissionError):
        return False
    try:
        with open(f"/proc/{fiche['pid']}/cmdline", "rb") as flux:
            return fiche["conf"].encode() in flux.read()
    except OSError:
        return not os.path.isdir("/proc/self")


def en_cours():
    """Les serveurs de ce clone qui tournent ; oublie les morts."""
    fiches = []
    for chemin in sorted((chemins.PRIVE / "serveurs").glob("*.json")):
        fiche = json.loads(chemin.read_text(encoding="utf-8"))
        if _vivant(fiche):
            fiches.append(fiche)
        else:
            chemin.unlink()
    return fiches


def lancer(machine, base, port, journal, arguments=(), **options):
    """Lance Odoo dans son propre groupe et rend le processus, sans attendre qu'il réponde."""
    configuration = machine.configuration(base, http_port=port, **options)
    with open(chemins.journal(journal), "a", encoding="utf-8") as flux:
        processus = subprocess.Popen(machine.commande(configuration, *arguments), env=machine.env(), cwd="/",
                                     stdin=subprocess.DEVNULL, stdout=flux, stderr=subprocess.STDOUT, start_new_session=True)
    fiche = {"pid": processus.pid, "port": port, "base": base, "conf": str(configuration)}
    chemins.prive("serveurs", f"{port}.json").write_text(json.dumps(fiche), encoding="utf-8")
    return processus


def attendre(processus, port, journal, delai=300):
    """Attend que la page de connexion réponde (donc que la base réponde)."""
    fin = time.monotonic() + delai
    while time.monotonic() < fin:
        if processus.poll() is not None:
            raise Arret(f"Le serveur Odoo s'est arrêté au démarrage :\n{console.fin_du_journal(chemins.journal(journal))}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/web/login", timeout=30) as reponse:
                if reponse.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.5)
    arreter_processus(processus.pid)
    raise Arret(f"Le serveur Odoo ne répond pas après {delai} s :\n{console.fin_du_journal(chemins.journal(journal))}")


def arreter_processus(pid, delai=20):
    """Arrêt propre, puis forcé."""
    for envoi, attente in ((signal.SIGTERM, delai), (signal.SIGKILL, 5)):
        try:
            os.kill(pid, envoi)
        except ProcessLookupError:
            return
        fin = time.monotonic() + attente
        while time.monotonic() < fin:
            try:
                if os.waitpid(pid, os.WNOHANG)[0] == pid:
                    return
            except ChildProcessError:
                pass
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                return
            time.sleep(0.2)


def arreter(fiche):
    """Arrête un serveur de ce clone."""
    arreter_processus(fiche["pid"])
    (chemins.PRIVE / "serveurs" / f"{fiche['port']}.json").unlink(missing_ok=True)
