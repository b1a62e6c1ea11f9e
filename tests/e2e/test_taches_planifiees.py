"""Les tâches planifiées, passées à leur heure par un vrai serveur : aucune n'échoue, et les dossiers déposés sont contrôlés.

Le serveur des autres essais n'en passe aucune : ce qu'ils lisent ne dépend pas de la minute où ils le lisent.
"""
import time
from contextlib import contextmanager

import pytest
from conftest import Rpc, Serveur, base_neuve

from lanceur import chemins, resultats

BASE = "cnas_e2e_taches"
DEPOSEES = [("state", "=", "deposee")]


@pytest.fixture
def base(machine):
    """Une copie neuve de la démonstration, à cet essai seul."""
    base_neuve(machine, BASE)
    yield BASE
    machine.outils.supprimer_base(BASE)


@contextmanager
def administrer(machine, base, **options):
    """Ouvre la session de l'administrateur sur un serveur de cette base, le temps du bloc."""
    serveur = Serveur(machine, base, **options)
    serveur.relancer()
    try:
        yield Rpc(serveur.url, base, "admin", "admin")
    finally:
        serveur.arreter()


def mettre_a_l_heure(admin):
    """Rend les tâches actives de nos addons, toutes dues depuis longtemps et jamais passées."""
    noms = admin.appel("ir.model.data", "search_read", [("model", "=", "ir.cron"), ("module", "=like", "cnas%")], fields=["res_id"])
    siennes = admin.appel("ir.cron", "search", [("id", "in", [nom["res_id"] for nom in noms])])
    admin.appel("ir.cron", "write", siennes, {"nextcall": "2020-01-01 00:00:00", "lastcall": False})
    return siennes


def attendre(admin, taches, delai=300):
    """Attend que chacune soit passée ; Odoo les regarde une minute après son démarrage."""
    fin = time.monotonic() + delai
    while restent := admin.appel("ir.cron", "search_read", [("id", "in", taches), ("lastcall", "=", False)], fields=["cron_name"]):
        assert time.monotonic() < fin, f"pas passées : {restent}"
        time.sleep(2)


def test_chaque_tache_passe(machine, base):
    """Chacune passe sans un avertissement, et plus un dossier n'attend d'être contrôlé."""
    # datées par un serveur qui n'en passe pas : Odoo verrouille celle qui passe
    with administrer(machine, base, max_cron_threads=0) as admin:
        taches = mettre_a_l_heure(admin)
        assert len(taches) > 15 and admin.appel("cnas.feuille_soin", "search_count", DEPOSEES), "la démonstration donne du travail"
    with administrer(machine, base) as admin:
        attendre(admin, taches)
        assert not admin.appel("cnas.feuille_soin", "search_count", DEPOSEES)
    releve = resultats.lire_journal(chemins.journal(f"{base}.log"))
    assert not releve.defauts, "\n".join(releve.defauts)
