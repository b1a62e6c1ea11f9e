"""Lire ce que les tests ont dit : journal d'Odoo, rapport JUnit de pytest ; faire le bilan."""
import re
import threading
import xml.etree.ElementTree as ET

LIGNE = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ \d+ (?P<niveau>[A-Z]+) (?P<base>\S+) (?P<source>\S+): (?P<texte>.*)$")
TOTAL = re.compile(r"(\d+) failed, (\d+) error\(s\) of (\d+) tests")
SAUTE = re.compile(r"^skipped (?P<test>.*?) : (?P<raison>.*)$")
ECHEC = re.compile(r"^(FAIL|ERROR): (?P<test>.*)$")

# Avertissements attendus, chacun avec son motif. Tout autre WARNING, ERROR ou CRITICAL est un échec.
ATTENDUS = (
    # le journal de démarrage rappelle l'usager root : c'est le cas d'une machine de test jetable
    ("", re.compile(r"Running as user 'root' is a security risk")),
    # bibliothèques tierces épinglées par Odoo 17, hors de notre portée
    ("py.warnings", re.compile(r"(site-packages|/odoo)/(?!addons/cnas_)\S+: (Pending)?DeprecationWarning")),
)
# Un test sauté parce qu'un outil que ./cnas installe lui-même manque n'est pas une raison.
RAISONS_REFUSEES = re.compile(r"chrome|chromium|websocket|--odoo-http|^\s*$", re.I)


class Bilan:
    """Le compte des tests de toutes les phases."""

    def __init__(self):
        self.passes = self.echecs = self.sautes = 0
        self.messages = []
        self._verrou = threading.Lock()

    def ajouter(self, phase, tests, echecs, sautes, defauts=()):
        """Ajoute une phase ; chaque défaut (avertissement, saut sans raison…) compte pour un échec."""
        with self._verrou:
            defauts = list(defauts)
            if not tests:
                defauts.append("aucun test n'a tourné")
            self.passes += max(0, tests - echecs - sautes)
            self.echecs += echecs + len(defauts)
            self.sautes += sautes
            self.messages += [f"{phase} : {defaut}" for defaut in defauts]
            return f"{tests} tests, {echecs} échec(s), {sautes} sauté(s), {len(defauts)} défaut(s)"

    def echec(self, phase, texte):
        """Une phase qui n'a pas pu se faire."""
        with self._verrou:
            self.echecs += 1
            self.messages.append(f"{phase} : {texte}")

    def derniere_ligne(self):
        """La ligne que lit la CI."""
        return f"{self.passes} passed, {self.echecs} failed, {self.sautes} skipped"


def lire_journal(chemin):
    """Lit un journal d'Odoo : tests, échecs, sautés, défauts (avertissements et sauts sans raison)."""
    tests = echecs = sautes = 0
    defauts, courant = [], None
    with open(chemin, encoding="utf-8", errors="replace") as flux:
        for brute in flux:
            trouve = LIGNE.match(brute.rstrip("\n"))
            if not trouve:
                if courant is not None and len(courant) < 12:
                    courant.append("      " + brute.rstrip())
                continue
            courant = None
            niveau, source, texte = trouve["niveau"], trouve["source"], trouve["texte"]
            total = TOTAL.search(texte)
            if total and source.startswith("odoo.tests"):
                rates, erreurs, nombre = map(int, total.groups())
                tests, echecs = tests + nombre, echecs + rates + erreurs
                continue
            saut = SAUTE.match(texte)
            if saut and niveau == "INFO":
                sautes += 1
                if RAISONS_REFUSEES.search(saut["raison"]):
                    defauts.append(f"test sauté sans raison valable : {saut['test']} ({saut['raison']})")
            if niveau in ("WARNING", "ERROR", "CRITICAL") and not _attendu(source, texte):
                courant = [f"{niveau} {source} : {texte}"]
                if not ECHEC.match(texte):
                    defauts.append(courant)
    return tests, echecs, sautes, ["\n".join(d) if isinstance(d, list) else d for d in defauts]


def _attendu(source, texte):
    return any(source.startswith(debut) and motif.search(texte) for debut, motif in ATTENDUS) \
        or bool(TOTAL.search(texte)) or texte.startswith("Module ") and "failures" in texte


def echecs_du_journal(chemin):
    """Noms des tests en échec dans un journal d'Odoo."""
    with open(chemin, encoding="utf-8", errors="replace") as flux:
        for brute in flux:
            trouve = LIGNE.match(brute.rstrip("\n"))
            echec = trouve and ECHEC.match(trouve["texte"])
            if echec:
                yield brute.split(" ", 4)[-1].strip()


def lire_junit(chemin):
    """Lit un rapport JUnit : tests, échecs, sautés, défauts."""
    tests = echecs = sautes = 0
    defauts = []
    for cas in ET.parse(chemin).iter("testcase"):
        tests += 1
        if cas.find("failure") is not None or cas.find("error") is not None:
            echecs += 1
        saut = cas.find("skipped")
        if saut is not None:
            sautes += 1
            raison = saut.get("message") or ""
            if RAISONS_REFUSEES.search(raison):
                defauts.append(f"test sauté sans raison valable : {cas.get('classname')}.{cas.get('name')} ({raison})")
    return tests, echecs, sautes, defauts
