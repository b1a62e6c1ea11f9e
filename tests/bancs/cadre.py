"""Cadre des bancs d'essai : `./cnas banc [NOM]`. Voir README.md dans ce dossier.

Un banc est un module de ce dossier avec `TITRE` et `mesurer(banc)`. Ce n'est pas un test chronométré : la machine est
bruyante, on compare des rapports mesurés dans le même passage.
"""
import datetime
import importlib
import json
import platform
import statistics
import sys
import time
import traceback
from contextlib import contextmanager
from pathlib import Path

import odoo
from odoo import SUPERUSER_ID, api

from lanceur import chemins
from tests import conftest


class Banc:
    """Ce dont dispose un banc : `env` (superutilisateur), `cr`, `echelle`, chronomètre, compteur de requêtes, tableau."""

    def __init__(self, nom, base, cr, echelle):
        self.nom, self.base, self.cr, self.echelle = nom, base, cr, echelle
        self.env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True, "lang": "fr_FR"})
        self.lignes = []

    def chrono(self, fonction, fois=5, remise_a_zero=True):
        """Médiane, en secondes, de `fois` exécutions ; la première, qui chauffe les caches, n'est pas comptée si fois > 1.

        `remise_a_zero` annule les écritures après chaque exécution (point de sauvegarde).
        """
        durees = []
        for tour in range(fois + (fois > 1)):
            self.env.flush_all()
            self.env.invalidate_all()
            with self._annuler() if remise_a_zero else _rien():
                debut = time.perf_counter()
                fonction()
                self.env.flush_all()
                duree = time.perf_counter() - debut
            if tour or fois == 1:
                durees.append(duree)
        return statistics.median(durees)

    def requetes(self, fonction):
        """Nombre de requêtes SQL d'une exécution, écritures annulées."""
        self.env.flush_all()
        self.env.invalidate_all()
        with self._annuler():
            avant = self.cr.sql_log_count
            fonction()
            self.env.flush_all()
            return self.cr.sql_log_count - avant

    def noter(self, mesure, valeur, unite, etalon=None, but=None, atteint=None):
        """Ajoute une ligne au tableau ; `etalon` et `but` sont des textes, `atteint` un booléen ou None."""
        self.lignes.append({"mesure": mesure, "valeur": round(valeur, 4), "unite": unite, "etalon": etalon, "but": but,
                            "atteint": None if atteint is None else bool(atteint)})

    def rapport(self, mesure, valeur, etalon, but):
        """Compare deux durées du même passage : note le rapport, à tenir ≤ `but`."""
        self.noter(mesure, valeur / etalon, "×", f"{valeur:.3f} s / {etalon:.3f} s", f"≤ {but} ×", valeur / etalon <= but)

    @contextmanager
    def _annuler(self):
        self.cr.execute("SAVEPOINT banc")
        try:
            yield
        finally:
            self.env.flush_all()
            self.cr.execute("ROLLBACK TO SAVEPOINT banc")
            self.env.invalidate_all()
            self.env.registry.clear_cache()

    @contextmanager
    def serveur(self, **options):
        """Un vrai serveur sur la base du banc (mesures par HTTP et XML-RPC). Validez vos données avant : `banc.cr.commit()`.

        `options` : réglages d'Odoo (`workers=4` : plusieurs processus, comme en production).
        """
        lance = conftest.Serveur(conftest.decrire_machine(), self.base, **options)
        lance.relancer()
        try:
            yield lance
        finally:
            lance.arreter()


@contextmanager
def _rien():
    yield


def afficher(titre, lignes):
    """Tableau aligné d'un banc."""
    entetes = ("mesure", "valeur", "étalon", "but", "")
    corps = [(ligne["mesure"], f"{ligne['valeur']:.4g} {ligne['unite']}", ligne["etalon"] or "", ligne["but"] or "",
              {True: "atteint", False: "MANQUÉ", None: ""}[ligne["atteint"]]) for ligne in lignes]
    largeurs = [max(len(ligne[i]) for ligne in [entetes, *corps]) for i in range(5)]
    print(f"\n{titre}")
    for ligne in [entetes, tuple("-" * largeur for largeur in largeurs), *corps]:
        print("  " + "  ".join(cellule.ljust(largeur) for cellule, largeur in zip(ligne, largeurs)).rstrip(), flush=True)


def principal(base, configuration, echelle, *noms):
    """Charge la base de référence au besoin, passe les bancs, écrit les JSON ; rend le nombre de pannes."""
    odoo.tools.config.parse_config(["-c", configuration])
    registre = odoo.registry(base)
    # nos addons ne s'importent qu'une fois Odoo réglé
    reference = importlib.import_module("tests.bancs.reference")
    with registre.cursor() as cr:
        reference.charger(cr, float(echelle))
    pannes = 0
    dossier = Path(chemins.PRIVE) / "bancs"
    dossier.mkdir(parents=True, exist_ok=True)
    for nom in noms:
        module = importlib.import_module(f"tests.bancs.{nom}")
        with registre.cursor() as cr:
            banc = Banc(nom, base, cr, float(echelle))
            debut = time.perf_counter()
            try:
                module.mesurer(banc)
            except Exception:
                pannes += 1
                print(f"\nLe banc « {nom} » n'a pas pu se faire :\n{traceback.format_exc()}", flush=True)
            cr.rollback()
        if banc.lignes:
            afficher(f"{module.TITRE} ({time.perf_counter() - debut:.0f} s)", banc.lignes)
        (dossier / f"{nom}.json").write_text(json.dumps({
            "banc": nom, "date": datetime.datetime.now().isoformat(timespec="seconds"), "echelle": float(echelle),
            "python": platform.python_version(), "postgresql": cr_version(registre), "mesures": banc.lignes,
        }, ensure_ascii=False, indent=1), encoding="utf-8")
    return pannes


def cr_version(registre):
    """Version du serveur PostgreSQL."""
    with registre.cursor() as cr:
        cr.execute("SHOW server_version")
        return cr.fetchone()[0]


if __name__ == "__main__":
    sys.exit(min(principal(*sys.argv[1:]), 1))
