"""./cnas mettre-a-jour : sauvegarder, arrêter, montrer le plan, appliquer, contrôler ; sinon revenir en arrière."""
from . import chemins, console, sauvegarde, serveur, verifier_journal
from .console import Arret

# Ces tables grandissent d'elles-mêmes : la mise à jour y écrit ce qu'elle fait.
VIVANTES = ("cnas_journal", "cnas_journal_tete", "cnas_livraison")


def a_faire(machine, base):
    """Le plan d'une base achevée, ou None si elle est à jour ; lève si elle n'a jamais été achevée."""
    plan = machine.plan(base)
    if not plan["etat"]["empreintes"]:
        raise Arret(f"La base « {base} » n'est pas une base achevée de la suite : ./cnas demarrer --base {base}")
    return plan if plan["nouveaux"] or plan["changes"] else None


def mener(machine, base, dossier=None):
    """Met à jour une base, ou la rend telle qu'elle était. Rend vrai si quelque chose a changé.

    La sauvegarde d'avant reste sur la machine, en clair : un retour en arrière n'attend ni clé privée, ni réseau.
    """
    console.etape(f"Mise à jour de « {base} »")
    plan = a_faire(machine, base)
    if not plan:
        console.detail("à jour")
        return False
    montrer(plan)
    for fiche in (f for f in serveur.en_cours() if f["base"] == base):
        console.etape("Arrêt du serveur en cours")
        serveur.arreter(fiche)
    sauvegarde.exiger_au_repos(machine, base)
    avant = machine.sql("invariants", base)
    archive = sauvegarde.sauvegarder(machine, base, dossier or chemins.PRIVE / "avant-mise-a-jour", noter=False)
    try:
        machine.installer(base)
        controler(machine, base, avant)
    except BaseException as erreur:
        _revenir(machine, base, archive, erreur)
        raise
    console.detail("contrôlée : dossiers et montants inchangés, réglages gardés, journal intact")
    return True


def montrer(plan):
    """Dit ce qui sera installé ou mis à jour, de quelle version à quelle version."""
    console.etape("Plan")
    for module in (*plan["nouveaux"], *plan["changes"]):
        geste = "installer" if module in plan["nouveaux"] else "mettre à jour"
        versions = f"{plan['etat'].get('versions', {}).get(module) or '—'} → {_version_livree(module)}"
        console.detail(f"{geste} {module} : {versions}")


def _version_livree(module):
    return chemins.manifeste(module)["version"] if (chemins.RACINE / module / "__manifest__.py").is_file() else "celle d'Odoo"


def refaits(versions):
    """Ce que les migrations à passer disent refaire (`migrations/VERSION/refait.txt`, une ligne « addon.identifiant.champ »).

    :param versions: {addon: version d'avant}
    """
    lignes = set()
    for addon in (*chemins.ADDONS, *chemins.EN_PLUS):
        for fichier in (chemins.RACINE / addon / "migrations").glob("*/refait.txt"):
            if _nombres(versions.get(addon)) < _nombres(fichier.parent.name) <= _nombres(_version_livree(addon)):
                lignes.update(fichier.read_text(encoding="utf-8").split())
    return lignes


def _nombres(version):
    return [int(nombre) for nombre in (version or "0").split(".")]


def ecarts(avant, apres):
    """Rend ce qu'une mise à jour n'avait pas à changer : dossiers, montants, réglages de la caisse."""
    permis = refaits(avant.get("versions", {}))
    fautes = []
    for table, valeurs in avant["sommes"].items():
        neuves = apres["sommes"].get(table)
        if neuves is None or table in VIVANTES or table in apres["livres"]:
            continue
        fautes += [f"{table}.{colonne} : {valeur} → {neuves[colonne]}" for colonne, valeur in valeurs.items() if neuves.get(colonne, valeur) != valeur]
    for nom, ligne in avant["reglages"].items():
        neuve = apres["reglages"].get(nom)
        if neuve is not None:
            fautes += [f"{nom}.{champ} : {ligne[champ]} → {neuve[champ]}" for champ in ligne
                       if champ in neuve and neuve[champ] != ligne[champ] and f"{nom}.{champ}" not in permis]
    return fautes


def controler(machine, base, avant):
    """Lève si la mise à jour a changé ce qu'elle n'avait pas à changer, ou si le journal ne se relit plus."""
    console.etape("Contrôles")
    fautes = ecarts(avant, machine.sql("invariants", base))
    if fautes:
        raise Arret("La mise à jour a changé ce qui ne devait pas l'être :\n  " + "\n  ".join(fautes[:20]))
    if verifier_journal.verifier(machine, base):
        raise Arret("Le journal ne se relit plus après la mise à jour.")


def _revenir(machine, base, archive, erreur):
    """La base d'avant reprend sa place ; celle de la tentative reste à côté, pour comprendre."""
    if isinstance(erreur, KeyboardInterrupt):
        console.dire(f"cnas : mise à jour interrompue. Relancez-la pour la finir, ou revenez en arrière : ./cnas restaurer '{archive}'")
        return
    console.etape("Retour en arrière")
    try:
        sauvegarde.restaurer(machine, archive, base)
    except (Arret, OSError) as echec:
        raise Arret(f"{erreur}\nLe retour en arrière a échoué aussi : {echec}\nLa base est restée à moitié mise à jour : ne la démarrez pas. "
                    f"Corrigez, puis : ./cnas restaurer '{archive}'") from echec
    commit = sauvegarde.lire_manifeste(archive)["commit"]
    console.detail(f"la base est celle d'avant ; remettez aussi le programme d'avant (git checkout {commit or 'VERSION'}) avant de redémarrer")
