"""Écrire et lire une sauvegarde, en clair ou chiffrée par `age` ou `gpg` pour un destinataire."""
import os
import shutil
import subprocess
import tarfile
from contextlib import contextmanager

from .console import Arret


class Clair:
    """Sans chiffrement : le dossier de sauvegarde est seulement fermé aux autres usagers."""

    suffixe, nom = "", None

    def commande(self):
        """Le programme qui chiffre son entrée sur sa sortie ; None : rien à faire."""

    @contextmanager
    def ecrire(self, chemin):
        """Ouvre un fichier de la sauvegarde ; il est sur le disque à la sortie."""
        with open(chemin, "xb") as sortie:
            commande = self.commande()
            if not commande:
                yield sortie
            else:
                with subprocess.Popen(commande, stdin=subprocess.PIPE, stdout=sortie) as processus:
                    yield processus.stdin
                if processus.returncode:
                    raise Arret(f"Le chiffrement a échoué ({commande[0]}).")
            sortie.flush()
            os.fsync(sortie.fileno())


class Chiffre(Clair):
    """Pour un destinataire : une clé `age1…` ou `ssh-…` (age), sinon un nom de clé de gpg."""

    def __init__(self, destinataire):
        self.destinataire = destinataire
        self.nom = "age" if destinataire.startswith(("age1", "ssh-")) else "gpg"
        self.suffixe = f".{self.nom}"
        _exiger(self.nom)

    def commande(self):
        if self.nom == "age":
            return ["age", "-r", self.destinataire]
        return ["gpg", "--batch", "--quiet", "--trust-model", "always", "-e", "-r", self.destinataire]


def pour(destinataire):
    """Rend de quoi écrire pour ce destinataire, ou en clair."""
    return Chiffre(destinataire) if destinataire else Clair()


@contextmanager
def lire(chemin, nom, cle=None):
    """Ouvre un fichier de sauvegarde, déchiffré par `nom` (« age », « gpg » ou None) avec la clé de l'exploitant."""
    if not nom:
        with open(chemin, "rb") as flux:
            yield flux
        return
    _exiger(nom)
    if nom == "age" and not cle:
        raise Arret("Cette sauvegarde est chiffrée par age : indiquez votre clé (--cle FICHIER).")
    commande = ["age", "-d", "-i", str(cle), str(chemin)] if nom == "age" else ["gpg", "--batch", "--quiet", "-d", str(chemin)]
    illisible = None
    with subprocess.Popen(commande, stdout=subprocess.PIPE) as processus:
        try:
            yield processus.stdout
        except tarfile.TarError as erreur:
            # un contenu illisible vient d'abord d'une clé qui n'est pas la bonne : c'est ce que l'on dit
            illisible = erreur
        except BaseException:
            processus.kill()  # un disque plein, un arrêt demandé : la clé n'y est pour rien
            raise
        while processus.stdout.read(1 << 20):
            pass
    if processus.returncode:
        raise Arret(f"La sauvegarde ne se déchiffre pas ({nom}) : la clé n'est pas la bonne, ou manque.") from illisible
    if illisible:
        raise illisible


def _exiger(nom):
    if not shutil.which(nom):
        raise Arret(f"Le programme « {nom} » manque : installez-le (apt-get install {'age' if nom == 'age' else 'gnupg'}).")
