"""Ce que l'usager lit : étapes, détails, erreurs ; et l'exécution journalisée des programmes."""
import os
import re
import subprocess
import sys
import threading
import time

from . import chemins


class Arret(Exception):
    """Erreur prévue : la phrase dit à l'usager quoi corriger."""


_verrou = threading.Lock()
_local = threading.local()
_enfants = set()


def prefixer(texte):
    """Fait précéder les messages de ce fil d'un nom (tests menés de front)."""
    _local.prefixe = texte


def dire(texte=""):
    """Écrit une ligne, tout de suite."""
    with _verrou:
        sys.stdout.write(getattr(_local, "prefixe", "") + texte + "\n")
        sys.stdout.flush()


def etape(titre):
    """Annonce une étape."""
    dire(f"• {titre}")


def detail(texte):
    """Précise l'étape en cours."""
    dire(f"    {texte}")


def fin_du_journal(chemin, lignes=15):
    """Rend les dernières lignes d'un journal, pour accompagner une erreur."""
    try:
        with open(chemin, encoding="utf-8", errors="replace") as flux:
            return "".join(flux.readlines()[-lignes:]).rstrip()
    except OSError:
        return ""


def cause(chemin):
    """Rend la dernière erreur Python d'un journal, abrégée, ou rien."""
    try:
        with open(chemin, encoding="utf-8", errors="replace") as flux:
            lignes = flux.read().splitlines()
    except OSError:
        return ""
    depart = max((rang for rang, ligne in enumerate(lignes) if re.match(r"\d{4}-.* (ERROR|CRITICAL) ", ligne)), default=0)
    erreurs = [rang for rang in range(depart, len(lignes))
               if re.match(r"[A-Za-z_][\w.]*(Error|Exception|Warning|Invalid\w*|Violation)\b.*: ", lignes[rang])]
    if not erreurs:
        return ""
    # la première de la chaîne est la cause, la dernière dit où
    blocs = [lignes[rang:rang + 6] if rang == erreurs[0] else lignes[rang:rang + 1] for rang in dict.fromkeys((erreurs[0], erreurs[-1]))]
    return "\n".join(ligne.rstrip() for bloc in blocs for ligne in bloc if ligne.strip() and not ligne.startswith(("Traceback", "The above", "During", "  File ")))


def executer(commande, journal, env=None, cwd=None, suivre=None, **options):
    """Lance un programme, écrit sa sortie dans `.cnas/journaux/<journal>`, rend son code de retour.

    `suivre(ligne)` reçoit chaque ligne au vol (progression).
    """
    chemin = chemins.journal(journal)
    with open(chemin, "a", encoding="utf-8", buffering=1) as flux:
        flux.write(f"\n# {time.strftime('%Y-%m-%d %H:%M:%S')} {' '.join(map(str, commande))}\n")
        try:
            processus = subprocess.Popen(
                [str(c) for c in commande], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, env=env, cwd=cwd or os.sep, text=True, encoding="utf-8",
                errors="replace", **options)
        except OSError as erreur:
            flux.write(f"{erreur}\n")
            return 127
        _enfants.add(processus)
        try:
            for ligne in processus.stdout:
                flux.write(ligne)
                if suivre:
                    suivre(ligne.rstrip("\n"))
            return processus.wait()
        except BaseException:
            processus.terminate()
            try:
                processus.wait(20)
            except subprocess.TimeoutExpired:
                processus.kill()
            raise
        finally:
            _enfants.discard(processus)


def arreter_enfants():
    """Arrête les programmes encore en cours (interruption pendant des travaux menés de front)."""
    for processus in list(_enfants):
        processus.terminate()
    for processus in list(_enfants):
        try:
            processus.wait(20)
        except subprocess.TimeoutExpired:
            processus.kill()


def exiger(commande, journal, phrase, **options):
    """Comme `executer`, mais un échec arrête tout avec `phrase` et la fin du journal."""
    code = executer(commande, journal, **options)
    if code:
        chemin = chemins.journal(journal)
        raise Arret(f"{phrase}\n{cause(chemin) or fin_du_journal(chemin)}\n(journal complet : {chemin})")
