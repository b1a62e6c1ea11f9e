"""./cnas banc : prépare la base de référence et lance les mesures (tests/bancs)."""
import os

from . import chemins, commandes, console, tester

BASE = "cnas_banc"


def lancer(nom, echelle):
    """Mesure un banc, ou tous ; rend 1 si un banc n'a pas pu se faire."""
    if not 0 < echelle <= 10:
        raise console.Arret("--echelle attend un nombre entre 0 (exclu) et 10 ; 1 = un million d'assurés.")
    sources = {f.stem: f.read_text(encoding="utf-8") for f in sorted((chemins.RACINE / "tests" / "bancs").glob("[a-z]*.py")) if f.stem not in ("cadre", "reference")}
    disponibles = list(sources)
    if nom and nom not in disponibles:
        raise console.Arret(f"Le banc « {nom} » n'existe pas. Bancs : {', '.join(disponibles)}.")
    machine = commandes.preparer_machine(tests=True, rapide=True)
    base = BASE if echelle == 1 else f"{BASE}_{echelle:g}".replace(".", "_")
    # un banc d'un addon facultatif l'installe : la base de référence n'a que les sept
    mesures = "".join(sources[banc] for banc in ([nom] if nom else disponibles))
    machine.installer(base, demo=False, en_plus=[addon for addon in chemins.EN_PLUS if f"odoo.addons.{addon}" in mesures])
    env = machine.env()
    env["CNAS_CONTEXTE"] = str(tester.ecrire_contexte(machine, base))
    env["PYTHONPATH"] = os.pathsep.join([env["PYTHONPATH"], str(chemins.RACINE)])
    configuration = machine.configuration(base, max_cron_threads=0, server_wide_modules="base,web", log_level="warn")
    console.etape("Bancs")
    code = console.executer([machine.python, "-W", "ignore", "-m", "tests.bancs.cadre", base, configuration, echelle, *([nom] if nom else disponibles)],
                            "bancs.log", env=env, cwd=chemins.RACINE, suivre=console.dire)
    console.detail(f"résultats : {chemins.PRIVE / 'bancs'}")
    return 1 if code else 0
