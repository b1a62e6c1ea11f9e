"""Lire ce que les tests ont dit : journal d'Odoo, rapport JUnit de pytest ; faire le bilan."""
import re
import threading
import xml.etree.ElementTree as ET

from . import chemins

LIGNE = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ \d+ (?P<niveau>[A-Z]+) (?P<base>\S+) (?P<source>\S+): (?P<texte>.*)$")
TOTAL = re.compile(r"(\d+) failed, (\d+) error\(s\) of (\d+) tests")
COMMENCE = re.compile(r"^Starting (?P<test>\S+) \.\.\.$")
SAUTE = re.compile(r"^skipped (?P<test>.*?) : ?(?P<raison>.*)$")
ECHEC = re.compile(r"^(FAIL|ERROR): (?:Subtest )?(?P<test>\S+)")

# Avertissements attendus, chacun avec son motif. Tout autre WARNING, ERROR ou CRITICAL est un échec.
ATTENDUS = (
    # le journal de démarrage rappelle l'usager root : c'est le cas d'une machine de test jetable
    ("", re.compile(r"Running as user 'root' is a security risk")),
    # bibliothèques tierces épinglées par Odoo 17, hors de notre portée ; celles de nos addons échouent
    ("py.warnings", re.compile(r"(?!\S*/(?:%s)/\S+\.py:)\S*(?:site-packages|/odoo)/\S+: (?:Pending)?DeprecationWarning" % "|".join(chemins.TOUS))),
)
# Les seules raisons admises de sauter un test. Toute autre est un échec.
RAISONS_ADMISES = (
    # un serveur PostgreSQL fourni, sans la contribution ou sans ses programmes à côté
    re.compile(r"PostgreSQL lancé sans unaccent"),
    re.compile(r"les programmes de PostgreSQL \(pg_dump\) ne sont pas sur cette machine"),
)


class Releve:
    """Ce qu'une phase a dit : les tests commencés, en échec, sautés (chacun par son nom), et les défauts."""

    def __init__(self):
        self.tests, self.echecs, self.sautes, self.defauts = set(), set(), set(), []

    def sauter(self, test, raison):
        """Note un test sauté ; une raison qui n'est pas admise est un défaut."""
        self.tests.add(test)
        self.sautes.add(test)
        if not any(admise.search(raison) for admise in RAISONS_ADMISES):
            self.defauts.append(f"test sauté sans raison admise : {test} ({raison})")


class Bilan:
    """Le compte des tests de toutes les phases : un test passé trois fois compte pour un."""

    def __init__(self):
        self.tests, self.rates, self.joues = set(), set(), set()
        self.messages = []
        self._verrou = threading.Lock()

    def ajouter(self, phase, releve, vide=False):
        """Ajoute une phase ; chaque défaut (avertissement, saut sans raison, phase sans test…) compte pour un échec."""
        with self._verrou:
            defauts = list(releve.defauts)
            if not (releve.tests or vide):
                defauts.append("aucun test n'a tourné")
            self.tests |= releve.tests | releve.echecs
            self.rates |= releve.echecs
            self.joues |= releve.tests - releve.sautes
            self.messages += [f"{phase} : {defaut}" for defaut in defauts]
            return (f"{len(releve.tests)} tests, {len(releve.echecs)} échec(s), {len(releve.sautes)} sauté(s), "
                    f"{len(defauts)} défaut(s)")

    def echec(self, phase, texte):
        """Une phase qui n'a pas pu se faire."""
        with self._verrou:
            self.messages.append(f"{phase} : {texte}")

    @property
    def passes(self):
        """Les tests qui ont tourné et n'ont échoué nulle part."""
        return self.joues - self.rates

    @property
    def reussi(self):
        """Vrai si au moins un test a passé, et que rien n'a échoué."""
        return bool(self.passes) and not self.rates and not self.messages

    def derniere_ligne(self):
        """La ligne que lit la CI."""
        sautes = self.tests - self.joues - self.rates
        return f"{len(self.passes)} passed, {len(self.rates) + len(self.messages)} failed, {len(sautes)} skipped"


def lire_journal(chemin):
    """Lit un journal d'Odoo et rend son relevé ; avertissements et erreurs y sont des défauts."""
    releve, courant, annonces = Releve(), None, 0
    with open(chemin, encoding="utf-8", errors="replace") as flux:
        for brute in flux:
            trouve = LIGNE.match(brute.rstrip())
            if not trouve:
                if courant is not None and len(courant) < 12:
                    courant.append("      " + brute.rstrip())
                continue
            courant = None
            source, texte = trouve["source"].removeprefix("odoo.addons."), trouve["texte"]
            total, commence, saut = TOTAL.search(texte), COMMENCE.match(texte), SAUTE.match(texte)
            if total and trouve["source"].startswith("odoo.tests"):
                annonces += int(total[1]) + int(total[2])
            elif commence:
                releve.tests.add(f"{source}.{commence['test']}")
            elif saut and trouve["niveau"] == "INFO":
                releve.sauter(f"{source}.{saut['test']}", saut["raison"])
            elif trouve["niveau"] in ("WARNING", "ERROR", "CRITICAL") and not _attendu(trouve["source"], texte):
                courant = [f"{trouve['niveau']} {trouve['source']} : {texte}"]
                echec = ECHEC.match(texte)
                releve.echecs.add(f"{source}.{echec['test']}") if echec else releve.defauts.append(courant)
    if annonces and not releve.echecs:
        releve.defauts.append(f"Odoo annonce {annonces} échec(s) que le journal ne nomme pas")
    releve.defauts = ["\n".join(d) if isinstance(d, list) else d for d in releve.defauts]
    return releve


def _attendu(source, texte):
    return any(source.startswith(debut) and motif.match(texte) for debut, motif in ATTENDUS) \
        or bool(TOTAL.search(texte)) or texte.startswith("Module ") and "failures" in texte


def lire_junit(chemin):
    """Lit un rapport JUnit et rend son relevé."""
    releve = Releve()
    for cas in ET.parse(chemin).iter("testcase"):
        test = f"{cas.get('classname')}.{cas.get('name')}".removeprefix("odoo.addons.")
        releve.tests.add(test)
        if cas.find("failure") is not None or cas.find("error") is not None:
            releve.echecs.add(test)
        saut = cas.find("skipped")
        if saut is not None:
            releve.sauter(test, saut.get("message") or "")
    return releve
