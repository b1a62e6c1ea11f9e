"""Les commandes de ./cnas."""
import argparse
import os
import signal
import sys
import webbrowser
from pathlib import Path

from . import (
    anonymisation,
    bases,
    chemins,
    console,
    environnement,
    instant,
    mise_a_jour,
    postgres,
    sauvegarde,
    serveur,
    sources_odoo,
    systeme,
)
from .console import Arret

IDENTIFIANTS = ("administrateur, agent, controleur, medecin, superviseur, finance, finance2, formation "
                "(mot de passe = identifiant)")

FRANCAIS = {
    "usage: ": "usage : ", "%(prog)s: error: %(message)s\n": "cnas : %(message)s (./cnas --help)\n",
    "unrecognized arguments: %s": "argument inconnu : %s", "expected one argument": "il manque une valeur",
    "the following arguments are required: %s": "il manque : %s",
    "invalid %(type)s value: %(value)r": "valeur incorrecte : %(value)r", "argument %(argument_name)s: %(message)s": "%(argument_name)s : %(message)s",
    "invalid choice: %(value)r (choose from %(choices)s)": "« %(value)s » n'existe pas (au choix : %(choices)s)",
}


def _analyseur():
    # argparse ne parle français que si ses phrases sont traduites
    argparse._ = lambda texte: FRANCAIS.get(texte, texte)
    analyseur = argparse.ArgumentParser(
        prog="./cnas", description="Suite CNAS : démarrer, sauvegarder, restaurer, mettre à jour, tester, mesurer, vérifier.",
        epilog="Variables : ODOO_DIR (arbre d'Odoo 17), PGHOST/PGPORT/PGUSER/PGPASSWORD ou DATABASE_URL (PostgreSQL fourni), "
               "CNAS_INTERFACE (adresse d'écoute, 127.0.0.1 par défaut), CNAS_SAUVEGARDES, CNAS_CHIFFRER_POUR, CNAS_COPIER_VERS (sauvegardes).", add_help=False)
    sous = analyseur.add_subparsers(dest="commande", metavar="COMMANDE", title="commandes")
    aide = {"action": "help", "help": "affiche cette aide"}
    analyseur.add_argument("-h", "--help", "--aide", **aide)
    analyseur._optionals.title = "options"

    def commande(nom, texte):
        ajout = sous.add_parser(nom, help=texte, description=texte, add_help=False)
        ajout.add_argument("-h", "--help", "--aide", **aide)
        ajout._optionals.title, ajout._positionals.title = "options", "arguments"
        return ajout

    demarrer_ = commande("demarrer", "prépare tout ce qui manque, installe les addons et ouvre http://localhost:8069")
    demarrer_.add_argument("--base", metavar="NOM", help="nom de la base (défaut : cnas, ou celle de DATABASE_URL)")
    demarrer_.add_argument("--port", metavar="N", type=int, default=8069, help="port HTTP (défaut : 8069)")
    demarrer_.add_argument("--sans-demo", action="store_true", help="sans jeu de démonstration (à la création de la base)")
    demarrer_.add_argument("--arriere-plan", action="store_true", help="rend la main ; ./cnas arreter pour arrêter")
    commande("arreter", "arrête les serveurs Odoo et PostgreSQL de ce clone")
    tester_ = commande("tester", "passe tous les tests, ou une sélection")
    tester_.add_argument("selection", nargs="?", metavar="SÉLECTION", help="addon, fichier de test ou mot-clé")
    tester_.add_argument("--decale", action="store_true", help="à une date décalée de treize mois (tests des addons seulement)")
    planche_ = commande("planche", "dessine tous les papiers, en PDF et en images, pour les regarder")
    planche_.add_argument("dossier", nargs="?", metavar="DOSSIER", help="où les écrire (défaut : .cnas/planche)")
    banc_ = commande("banc", "mesure les performances (base de référence en SQL)")
    banc_.add_argument("nom", nargs="?", metavar="NOM", help="un seul banc (défaut : tous)")
    banc_.add_argument("--echelle", type=float, default=1.0, metavar="X", help="taille de la base de référence (défaut : 1 = 1 M d'assurés)")
    journal_ = commande("verifier-journal", "relit la chaîne du journal ; code 1 si une ligne a été altérée")
    journal_.add_argument("--base", metavar="NOM", help="nom de la base (défaut : cnas, ou celle de DATABASE_URL)")
    sauvegarder_ = commande("sauvegarder", "base, pièces, clé de signature et configuration, vérifiées, dans un dossier")
    restaurer_ = commande("restaurer", "relit une sauvegarde ; la base du même nom est mise de côté, entière")
    restaurer_.add_argument("archive", metavar="ARCHIVE", help="dossier d'une sauvegarde")
    restaurer_.add_argument("--base", metavar="NOM", help="sous un autre nom (défaut : celui de la sauvegarde)")
    restaurer_.add_argument("--cle", metavar="FICHIER", help="clé privée age d'une sauvegarde chiffrée (gpg : son trousseau)")
    archiver_ = commande("archiver", "garde les journaux de PostgreSQL au fil de l'eau, et une copie du serveur privé")
    revenir_ = commande("revenir", "rend le serveur PostgreSQL privé tel qu'à un instant ; celui d'avant est mis de côté")
    revenir_.add_argument("instant", metavar="INSTANT", help="« AAAA-MM-JJ HH:MM:SS », en temps universel")
    for ajout in (archiver_, revenir_):
        ajout.add_argument("archives", metavar="DOSSIER", help="dossier des archives, sur un autre disque que la base")
    maj_ = commande("mettre-a-jour", "sauvegarde, arrêt, plan, application, contrôles ; retour en arrière en cas d'échec")
    anonymiser_ = commande("anonymiser", "copie une base et rend fictif tout ce qui désigne quelqu'un (formation)")
    anonymiser_.add_argument("copie", nargs="?", metavar="COPIE", help="nom de la copie (défaut : <base>_formation)")
    anonymiser_.add_argument("--sur-place", action="store_true", help="la base elle-même, sans retour : son nom est redemandé")
    for ajout in (sauvegarder_, maj_, anonymiser_):
        ajout.add_argument("--base", metavar="NOM", help="nom de la base (défaut : cnas, ou celle de DATABASE_URL)")
    sauvegarder_.add_argument("dossier", nargs="?", metavar="DOSSIER", help="défaut : CNAS_SAUVEGARDES, ou sauvegardes/")
    sauvegarder_.add_argument("--chiffrer-pour", metavar="CLÉ", help="destinataire age ou gpg (défaut : CNAS_CHIFFRER_POUR ; sinon en clair)")
    sauvegarder_.add_argument("--copier-vers", metavar="LIEU", help="rclone:distant:chemin ou rsync:usager@hôte:/chemin (défaut : CNAS_COPIER_VERS)")
    commande("captures", "reprend les images des guides (doc/guides), d'une base de démonstration").add_argument(
        "role", nargs="?", metavar="RÔLE", help="agent, controleur, medecin… (défaut : tous)")
    commande("traduire", "réécrit les phrases à traduire (i18n/*.pot) et met à jour les traductions (i18n/ar.po)")
    commande("verifier", "contrôles sans exécution : ruff, pylint-odoo, XML, manifestes")
    return analyseur


def preparer_machine(tests=False, rapide=False):
    """Environnement Python, Odoo et PostgreSQL prêts à servir ; dans l'image de compose, tout y est déjà."""
    if os.environ.get("CNAS_IMAGE"):
        machine = bases.Machine.de_l_image()
        machine.verifier_serveur()
        return machine
    interdits = sorted(set(str(chemins.RACINE)) & set(',"$`\\'))
    if interdits:
        raise Arret(f"Odoo ou PostgreSQL ne savent pas lire un chemin qui contient « {' '.join(interdits)} » : déplacez {chemins.RACINE}.")
    # Odoo d'abord : introuvable et hors ligne, il se dit avant que quoi que ce soit ne s'installe
    odoo = sources_odoo.trouver()
    python = environnement.preparer(tests)
    acces = postgres.preparer("pg-tests" if rapide else "pg", rapide)
    machine = bases.Machine(python, odoo, acces)
    machine.verifier_serveur()
    return machine


def une_a_la_fois():
    """Démarrer, restaurer, mettre à jour, anonymiser sur place : l'une attend que l'autre ait rendu la base."""
    return chemins.verrou(chemins.prive("demarrer.verrou"))


def demarrer(options):
    """./cnas demarrer"""
    if not 1 <= options.port <= 65535:
        raise Arret("--port attend un nombre entre 1 et 65535.")
    deja = next((f for f in serveur.en_cours() if f["port"] == options.port), None)
    if not deja and not serveur.port_libre(options.port):
        raise Arret(f"Le port {options.port} est déjà pris par un autre programme : arrêtez-le, ou choisissez --port {options.port + 1}.")
    with une_a_la_fois():
        machine = preparer_machine()
        systeme.preparer_outils()
        base = options.base or machine.acces.base or "cnas"
        if deja and (deja["base"] != base or _a_changer(machine, base)):
            console.etape("Arrêt du serveur en cours")
            serveur.arreter(deja)
            deja = None
        installer_ou_mettre_a_jour(machine, base, demo=not options.sans_demo)
        if deja:
            return _annoncer(machine, base, options.port, "déjà démarré")
        console.etape("Serveur Odoo")
        journal = f"odoo-{options.port}.log"
        processus = serveur.lancer(machine, base, options.port, journal,
                                   http_interface=os.environ.get("CNAS_INTERFACE", "127.0.0.1"))
        try:
            serveur.attendre(processus, options.port, journal)
        except BaseException:
            serveur.arreter({"pid": processus.pid, "port": options.port})
            raise
    if options.arriere_plan:
        return _annoncer(machine, base, options.port, "démarré en arrière-plan (./cnas arreter pour arrêter)")
    return _rester(machine, processus, base, options.port)


def installer_ou_mettre_a_jour(machine, base, demo=True):
    """Une production achevée passe par la mise à jour contrôlée ; une base neuve, ou de démonstration, s'installe."""
    empreintes = machine.sql("etat", base)["empreintes"]
    if empreintes and chemins.DEMO not in empreintes:
        mise_a_jour.mener(machine, base)
    else:
        machine.installer(base, demo=demo)


def _a_changer(machine, base):
    etat = machine.sql("etat", base)
    return etat["empreintes"] != chemins.empreintes_addons({*chemins.ADDONS, *etat["empreintes"]})


def _annoncer(machine, base, port, situation):
    demo = chemins.DEMO in machine.sql("etat", base)["empreintes"]
    console.etape(f"CNAS {situation} — journal : {chemins.journal(f'odoo-{port}.log')}")
    connus = IDENTIFIANTS if demo else "admin (le mot de passe montré à l'installation)"
    console.dire(f"http://localhost:{port} — identifiants : {connus}")
    return 0


def _rester(machine, processus, base, port):
    """Reste au premier plan jusqu'à Ctrl-C ou l'arrêt du serveur."""
    _annoncer(machine, base, port, "démarré (Ctrl-C pour arrêter)")
    if sys.stdout.isatty() and (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or sys.platform == "darwin"):
        webbrowser.open(f"http://localhost:{port}")
    try:
        code = processus.wait()
    except KeyboardInterrupt:
        console.dire("")
        return arreter(None)
    serveur.en_cours()
    if machine.acces.grappe and code:
        console.detail(console.fin_du_journal(chemins.journal(f"odoo-{port}.log")))
    return code and 1


def arreter(_options):
    """./cnas arreter"""
    arretes = 0
    for fiche in serveur.en_cours():
        console.etape(f"Arrêt du serveur Odoo (port {fiche['port']})")
        serveur.arreter(fiche)
        arretes += 1
    for grappe in postgres.grappes_du_clone():
        if grappe.arreter():
            console.etape(f"PostgreSQL privé « {grappe.nom} » arrêté")
            arretes += 1
    console.dire("Arrêté." if arretes else "Rien ne tournait.")
    return 0


def tester(options):
    """./cnas tester"""
    from . import tester as module
    return module.tester(options.selection, options.decale)


def banc(options):
    """./cnas banc"""
    from . import bancs
    return bancs.lancer(options.nom, options.echelle)


def captures(options):
    """./cnas captures"""
    from . import captures as module
    module.prendre(options.role)
    return 0


def planche(options):
    """./cnas planche"""
    from . import planche as module
    module.dessiner(options.dossier)
    return 0


def traduire(_options):
    """./cnas traduire"""
    from . import traduire as module
    module.traduire()
    return 0


def verifier(_options):
    """./cnas verifier"""
    from . import verifier as module
    return module.verifier()


def verifier_journal(options):
    """./cnas verifier-journal"""
    from . import verifier_journal as module
    machine = preparer_machine()
    return module.verifier(machine, _base(options, machine))


def _base(options, machine):
    return options.base or machine.acces.base or os.environ.get("CNAS_BASE") or "cnas"


def sauvegarder(options):
    """./cnas sauvegarder"""
    machine = preparer_machine()
    archive = sauvegarde.sauvegarder(
        machine, _base(options, machine), options.dossier or os.environ.get("CNAS_SAUVEGARDES") or chemins.RACINE / "sauvegardes",
        options.chiffrer_pour or os.environ.get("CNAS_CHIFFRER_POUR"), options.copier_vers or os.environ.get("CNAS_COPIER_VERS"))
    console.dire(str(archive))
    return 0


def restaurer(options):
    """./cnas restaurer"""
    archive = Path(options.archive).absolute()
    sauvegarde.lire_manifeste(archive)
    with une_a_la_fois():
        sauvegarde.restaurer(preparer_machine(), archive, options.base, options.cle)
    return 0


def archiver(options):
    """./cnas archiver"""
    with une_a_la_fois():
        instant.archiver(preparer_machine(), options.archives)
    return 0


def revenir(options):
    """./cnas revenir"""
    instant.lire_instant(options.instant)
    with une_a_la_fois():
        instant.revenir(preparer_machine(), options.instant, options.archives)
    return 0


def mettre_a_jour(options):
    """./cnas mettre-a-jour"""
    with une_a_la_fois():
        machine = preparer_machine()
        base = _base(options, machine)
        ports = [fiche["port"] for fiche in serveur.en_cours() if fiche["base"] == base]
        if mise_a_jour.mener(machine, base):
            for port in ports:
                console.etape(f"Serveur Odoo (port {port})")
                journal = f"odoo-{port}.log"
                serveur.attendre(serveur.lancer(machine, base, port, journal, http_interface=os.environ.get("CNAS_INTERFACE", "127.0.0.1")), port, journal)
    return 0


def anonymiser(options):
    """./cnas anonymiser"""
    machine = preparer_machine()
    base = _base(options, machine)
    if options.sur_place:
        with une_a_la_fois():
            anonymisation.sur_place(machine, base)
    else:
        anonymisation.copier(machine, base, options.copie or f"{base}_formation")
    return 0


def principal(arguments):
    """Analyse la ligne de commande, exécute, rend le code de sortie."""
    analyseur = _analyseur()
    options = analyseur.parse_args(arguments)
    if not options.commande:
        analyseur.print_help()
        return 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    actions = {"demarrer": demarrer, "arreter": arreter, "tester": tester, "banc": banc, "verifier": verifier,
               "verifier-journal": verifier_journal, "sauvegarder": sauvegarder, "restaurer": restaurer, "mettre-a-jour": mettre_a_jour,
               "archiver": archiver, "revenir": revenir, "captures": captures, "planche": planche, "traduire": traduire,
               "anonymiser": anonymiser}
    try:
        return actions[options.commande](options)
    except Arret as erreur:
        console.dire(f"cnas : {erreur}")
        return 1
    except OSError as erreur:
        console.dire(f"cnas : accès impossible à {erreur.filename or 'un fichier'} ({erreur.strerror}) ; corrigez puis relancez.")
        return 1
    except KeyboardInterrupt:
        console.dire("cnas : interrompu ; relancez la même commande pour reprendre.")
        return 130
