"""./cnas anonymiser : une copie de la base pour la formation, où plus rien ne désigne quelqu'un."""
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

from . import bases, chemins, console, sauvegarde
from .console import Arret

OUTIL = chemins.RACINE / "lanceur" / "outil_anonymiser.py"


def copier(machine, base, copie):
    """Copie une base, sans l'arrêter, puis anonymise la copie."""
    bases.verifier_nom(copie)
    if copie == base:
        raise Arret("La copie porte un autre nom que la base ; pour la base elle-même : --sur-place.")
    if machine.sql("etat", copie)["existe"]:
        raise Arret(f"La base « {copie} » existe déjà : choisissez un autre nom.")
    console.etape(f"Copie de « {base} » vers « {copie} »")
    depot = Path(tempfile.mkdtemp(prefix=".anonymiser-", dir=machine.donnees))
    mots = []
    try:
        # la copie ne prend son nom qu'anonymisée : arrêtée avant, il n'en reste rien
        sauvegarde.restaurer(machine, sauvegarde.sauvegarder(machine, base, depot, noter=False), copie,
                             retoucher=lambda neuve, magasin: mots.append(_anonymiser(machine, neuve, magasin)))
    finally:
        shutil.rmtree(depot, ignore_errors=True)
    _annoncer(copie, mots[0])


def sur_place(machine, base):
    """Anonymise la base elle-même, à l'arrêt, une fois son nom redonné."""
    if not sauvegarde.exiger_au_repos(machine, base)["existe"]:
        raise Arret(f"La base « {base} » n'existe pas.")
    console.dire(f"Les noms, numéros, pièces et diagnostics de « {base} » seront perdus. Tapez son nom pour confirmer : ")
    if sys.stdin.readline().strip() != base:
        raise Arret("Rien n'a été fait.")
    _annoncer(base, _anonymiser(machine, base, machine.donnees / "filestore" / base))


def _annoncer(base, mot_de_passe):
    console.etape(f"Base « {base} » anonymisée — mot de passe de tous ses comptes, montré cette seule fois : {mot_de_passe}")


def _anonymiser(machine, base, magasin):
    console.detail("noms, numéros, pièces et diagnostics")
    mot_de_passe = secrets.token_urlsafe(9)
    machine.sql("anonymiser", base, outil=OUTIL, mot_de_passe=mot_de_passe)
    machine.sql("isoler", base)
    _retirer_les_pieces(machine, base, magasin)
    return mot_de_passe


def _retirer_les_pieces(machine, base, magasin):
    """Les fichiers que la base ne cite plus ne restent pas sur le disque."""
    citees = set(machine.sql("pieces", base)["noms"])
    for fichier in magasin.rglob("*"):
        if fichier.is_file() and str(fichier.relative_to(magasin)) not in citees:
            fichier.unlink()
