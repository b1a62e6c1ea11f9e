"""./cnas tester : installations sans avertissement, tests d'Odoo, pytest-odoo, bout en bout, et une date décalée.

Deux files menées de front (deux cœurs) :
  1. base avec démonstration  →  pytest-odoo  →  le même à une date décalée de treize mois (Odoo, et le `now()` de la base) ;
  2. chaque chaîne d'addons seule, puis tous sans démonstration, `--test-enable`  →  `tests/` sur une copie de la base de démonstration.
"""
import json
import re
import shutil
import threading
import time

from . import bases, chemins, commandes, console, horloge, resultats, serveur, systeme
from .console import Arret

BASE_DEMO, BASE_NUE, BASE_MODELE = "cnas_essai", "cnas_essai_nu", "cnas_essai_modele"
BASE_SOCLE, BASE_SEULE, BASE_DECALEE = "cnas_essai_socle", "cnas_essai_seul", "cnas_essai_decale"
# Chaque chaîne s'installe avec ses seules dépendances ; les addons intermédiaires y passent.
CHAINES = ("cnas_employeurs", "cnas_formations", "cnas_feuilles_soin", *chemins.EN_PLUS)
TIERS = "queue_job"
# Sous libfaketime, Chromium ne démarre pas, attendre (`time.sleep`) échoue et un outil lancé à côté (Tesseract) paraît en retard ; les matrices (des dizaines de milliers d'essais) éprouvent des droits et des portes, qu'aucune date ne change
HORS_DU_TEMPS = ("test_parcours.py", "test_hostile.py", "test_confiance.py", "test_matrice_actions.py", "test_lecture_seule.py",
                 "test_fiches_vides.py", "test_enfants.py", "test_concurrence.py", "test_numerotation.py", "test_visite.py", "cnas_feuilles_soin/tests/test_lecture.py")


def tester(selection=None, decale=False):
    """Passe tout, ou la sélection ; dernière ligne : N passed, N failed, N skipped."""
    debut = time.monotonic()
    systeme.preparer_outils(navigateur=True)
    machine = commandes.preparer_machine(tests=True, rapide=True)
    bilan = resultats.Bilan()
    for dossier in ("resultats", "captures"):
        shutil.rmtree(chemins.PRIVE / dossier, ignore_errors=True)
    try:
        if decale:
            _decale(machine, bilan, selection)
        elif selection:
            machine.installer_demo_a_jour(BASE_DEMO)
            _selection(machine, bilan, BASE_DEMO, selection)
        else:
            _tout(machine, bilan)
    finally:
        console.arreter_enfants()
        for fiche in serveur.en_cours():
            if fiche["base"].startswith("cnas_e2e"):
                serveur.arreter(fiche)
        if machine.acces.grappe:
            machine.acces.grappe.arreter()
    for message in bilan.messages:
        console.dire(f"✗ {message}")
    for test in sorted(bilan.rates):
        console.dire(f"✗ {test}")
    console.dire(f"Durée : {int(time.monotonic() - debut) // 60} min {int(time.monotonic() - debut) % 60} s")
    console.dire(bilan.derniere_ligne())
    return 0 if bilan.reussi else 1


def _tout(machine, bilan):
    copie_prete = threading.Event()

    def file_demo():
        try:
            _installer_neuf(machine, bilan, BASE_DEMO, chemins.TOUS)
            _copier(machine, BASE_DEMO, BASE_MODELE)
        finally:
            copie_prete.set()
        _pytest_odoo(machine, bilan, BASE_DEMO, _tous_les_tests())
        _decale(machine, bilan)

    def file_nue():
        _installer_seuls(machine, bilan)
        _installer_neuf(machine, bilan, BASE_NUE, chemins.ADDONS, tests=True)
        copie_prete.wait()
        _bout_en_bout(machine, bilan, ["tests"])

    _mener_de_front(bilan, {"démo": file_demo, "nue": file_nue})


def _decale(machine, bilan, selection=None):
    """Installe et teste treize mois plus tard : rien ne doit rougir tout seul."""
    decalee = bases.Machine(machine.python, machine.odoo, machine.acces, horloge.decalee())
    if selection:
        decalee.installer_demo_a_jour(BASE_DECALEE)
        return _selection(decalee, bilan, BASE_DECALEE, selection)
    _installer_neuf(decalee, bilan, BASE_DECALEE, chemins.TOUS)
    _pytest_odoo(decalee, bilan, BASE_DECALEE, _tous_les_tests())
    return None


def _tous_les_tests():
    return [str(chemins.RACINE / addon) for addon in chemins.TOUS]


def _mener_de_front(bilan, files):
    def mener(nom, travail):
        console.prefixer(f"[{nom}] ")
        try:
            travail()
        except Arret as erreur:
            bilan.echec(nom, str(erreur))
        except Exception as erreur:
            bilan.echec(nom, f"panne du lanceur : {erreur!r}")

    fils = [threading.Thread(target=mener, args=paire, daemon=True) for paire in files.items()]
    for fil in fils:
        fil.start()
    for fil in fils:
        fil.join()


def _copier(machine, source, cible):
    machine.supprimer_base(cible)
    machine.creer_base(cible, modele=source)


def _installer_neuf(machine, bilan, base, addons, tests=False):
    """Installe sur une base neuve, au besoin avec `--test-enable`, et lit le journal ligne à ligne."""
    demo = chemins.DEMO in addons
    phase = f"installation {'avec' if demo else 'sans'} démonstration{' à une date décalée' if machine.horloge else ''}"
    console.etape(phase)
    machine.supprimer_base(base)
    machine.creer_base(base)
    journal = f"{base}.log"
    chemins.journal(journal).unlink(missing_ok=True)
    configuration = machine.configuration(base, http_port=serveur.port_au_hasard(), max_cron_threads=0,
                                          screenshots=chemins.prive("captures", base),
                                          **({} if demo else {"server_wide_modules": "base,web"}))
    modules = ([TIERS] if demo else []) + list(addons)
    options = ["--test-enable", "--test-tags", ",".join(f"/{addon}" for addon in addons)] if tests else ["--no-http"]
    code = console.executer(
        machine.commande(configuration, "-i", ",".join(modules), f"--load-language={bases.LANGUES}", *options, "--stop-after-init"),
        journal, env=machine.env(), suivre=_suivre)
    chemin = chemins.journal(journal)
    releve = resultats.lire_journal(chemin)
    if code and not releve.echecs:
        releve.defauts.append(f"Odoo s'est arrêté avec le code {code} :\n{console.fin_du_journal(chemin)}")
    installes = machine.sql("etat", base)["modules"]
    releve.defauts += [f"addon non installé : {a}" for a in addons if installes.get(a) != "installed"]
    for echec in sorted(releve.echecs):
        console.detail(echec)
    machine.sql("noter", base, **chemins.empreintes_addons(addons))
    console.detail(f"{phase} : {bilan.ajouter(phase, releve, vide=not tests)} — {chemin}")


def _installer_seuls(machine, bilan):
    """Installe chaque chaîne d'addons sur le socle seul : un addon n'a besoin que de ses dépendances déclarées."""
    phase = "addons seuls"
    console.etape(phase)
    releve = resultats.Releve()
    machine.supprimer_base(BASE_SOCLE)
    machine.creer_base(BASE_SOCLE)
    releve.defauts += _installer_seul(machine, BASE_SOCLE, "cnas_base", f"--load-language={bases.LANGUES}")
    for addon in CHAINES:
        _copier(machine, BASE_SOCLE, BASE_SEULE)
        releve.defauts += _installer_seul(machine, BASE_SEULE, addon)
    for base in (BASE_SOCLE, BASE_SEULE):
        machine.supprimer_base(base)
    console.detail(f"{phase} : {len(CHAINES) + 1} installations, {bilan.ajouter(phase, releve, vide=True)}")


def _installer_seul(machine, base, addon, *arguments):
    journal = f"seul-{addon}.log"
    chemins.journal(journal).unlink(missing_ok=True)
    configuration = machine.configuration(base, max_cron_threads=0, server_wide_modules="base,web")
    code = console.executer(machine.commande(configuration, "-i", addon, "--stop-after-init", "--no-http", *arguments), journal, env=machine.env())
    defauts = [f"{addon} seul : {defaut}" for defaut in resultats.lire_journal(chemins.journal(journal)).defauts]
    if code or machine.sql("etat", base)["modules"].get(addon) != "installed":
        defauts.append(f"{addon} ne s'installe pas avec ses seules dépendances :\n{console.cause(chemins.journal(journal))}")
    return defauts


def _suivre(ligne):
    """Progression : nos modules, puis chaque classe de tests commencée."""
    bases.suivre_installation(ligne)
    if " odoo.modules.loading: " in ligne and "Modules loaded" in ligne or "Starting post tests" in ligne:
        console.detail(ligne.split(": ", 1)[-1])


def _pytest(machine, bilan, phase, arguments, env=None):
    console.etape(phase)
    rapport = chemins.prive("resultats", f"{phase}.xml".replace(" ", "-"))
    journal = f"{phase}.log".replace(" ", "-")
    chemins.journal(journal).unlink(missing_ok=True)
    code = console.executer(
        [machine.python, "-m", "pytest", "-q", "-rfEs", "-p", "no:cacheprovider", f"--junitxml={rapport}",
         f"--rootdir={chemins.RACINE}", "-c", chemins.RACINE / "pyproject.toml", *arguments],
        journal, env=env or machine.env(), cwd=chemins.RACINE,
        suivre=lambda ligne: (ligne.startswith(("FAILED", "ERROR", "SKIPPED")) or re.search(r"\[ *\d+%\]$", ligne)) and console.detail(ligne))
    if not rapport.exists():
        return bilan.echec(phase, f"pytest n'a rien rendu (code {code}) :\n{console.fin_du_journal(chemins.journal(journal))}")
    releve = resultats.lire_junit(rapport)
    if code not in (0, 1, 5) or (code and not releve.echecs and releve.tests):
        releve.defauts.append(f"pytest a rendu le code {code} :\n{console.fin_du_journal(chemins.journal(journal))}")
    console.detail(f"{phase} : {bilan.ajouter(phase, releve)} — {chemins.journal(journal)}")


def _pytest_odoo(machine, bilan, base, chemins_tests, *arguments):
    phase = "pytest-odoo décalé" if machine.horloge else "pytest-odoo"
    configuration = machine.configuration(base, max_cron_threads=0, server_wide_modules="base,web",
                                          http_port=serveur.port_au_hasard(), screenshots=chemins.prive("captures", "pytest"))
    ecartes = [f"--ignore-glob=*{fichier}" for fichier in HORS_DU_TEMPS] if machine.horloge else []
    # sans file des tâches : ses requêtes s'exécuteraient dans la transaction d'un essai
    env = {**machine.env(), "ODOO_QUEUE_JOB_CHANNELS": "root:0"}
    _pytest(machine, bilan, phase, [f"--odoo-config={configuration}", f"--odoo-database={base}", "--odoo-http",
                                    *ecartes, *chemins_tests, *arguments], env)


def _bout_en_bout(machine, bilan, chemins_tests, *arguments):
    """`tests/` : un vrai serveur (lancé par tests/conftest.py), XML-RPC et Chromium."""
    env = machine.env()
    env["CNAS_CONTEXTE"] = str(ecrire_contexte(machine, BASE_MODELE))
    _pytest(machine, bilan, "bout en bout", ["-p", "no:odoo", *chemins_tests, *arguments], env)


def ecrire_contexte(machine, modele):
    """Décrit la machine aux tests de bout en bout et aux bancs."""
    contexte = {"python": machine.python, "odoo": {"racine": str(machine.odoo.racine), "addons": machine.odoo.addons,
                                                   "origine": machine.odoo.origine},
                "pg": machine.acces.variables, "pg_admin": machine.acces.admin,
                "prive": bool(machine.acces.grappe), "modele": modele, "chromium": systeme.chromium()}
    chemin = chemins.prive("contexte.json")
    chemin.write_text(json.dumps(contexte), encoding="utf-8")
    chemin.chmod(0o600)
    return chemin


def _selection(machine, bilan, base, selection):
    """Addon, fichier ou mot-clé, sur une base de démonstration gardée d'une fois sur l'autre."""
    chemin = chemins.RACINE / selection
    if selection.split("/")[0] == "tests" and chemin.exists():
        if machine.horloge:
            raise Arret("--decale ne vaut que pour les tests des addons.")
        _copier(machine, base, BASE_MODELE)
        return _bout_en_bout(machine, bilan, [str(chemin)])
    if chemin.exists() or selection in chemins.TOUS:
        if not chemin.resolve().is_relative_to(chemins.RACINE):
            raise Arret(f"« {selection} » n'est pas dans ce dépôt.")
        return _pytest_odoo(machine, bilan, base, [str(chemin)])
    _pytest_odoo(machine, bilan, base, _tous_les_tests(), "-k", selection)
    if bilan.messages and not bilan.passes:
        bilan.messages.append(f"aucun addon, fichier ou test ne correspond à « {selection} »")
    return None
