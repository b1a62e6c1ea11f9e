"""Clé privée de signature (Ed25519) : où elle vit, comment elle naît.

Elle n'est ni dans le dépôt, ni dans la base, ni dans un champ :

* variable d'environnement ``CNAS_CLE_SIGNATURE`` — graine de 32 octets en base64, ou texte PEM
  PKCS#8 ; c'est le mode à employer quand plusieurs serveurs signent ;
* à défaut, le fichier ``<data_dir>/cnas/signature-<base>.pem`` (droits 0600), créé au premier besoin.
"""
import base64
import binascii
import hashlib
import os
import tempfile

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from odoo import _
from odoo.exceptions import UserError
from odoo.tools import config

VARIABLE = "CNAS_CLE_SIGNATURE"
TAILLE_SIGNATURE = 64


def base64url(octets):
    """Rend les octets en base64 « URL », sans remplissage."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def octets_base64url(texte):
    """Rend les octets d'un texte base64 « URL » canonique, ou None s'il ne l'est pas."""
    try:
        octets = base64.b64decode(texte + "=" * (-len(texte) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return octets if base64url(octets) == texte else None


def cle_privee(base):
    """Rend la clé privée de la base de données `base`, créée si elle n'existe pas.

    :raise UserError: variable d'environnement ou fichier illisibles
    """
    texte = os.environ.get(VARIABLE)
    if texte:
        return _lire_variable(texte.strip())
    chemin = chemin_cle(base)
    if not os.path.exists(chemin):
        _creer_fichier(chemin)
    try:
        with open(chemin, "rb") as fichier:
            return _cle_ed25519(serialization.load_pem_private_key(fichier.read(), password=None))
    except (OSError, ValueError, TypeError) as erreur:
        raise UserError(_(
            "La clé de signature du serveur est illisible : l'administrateur technique doit la restaurer "
            "depuis sa sauvegarde."
        )) from erreur


def chemin_cle(base):
    """Rend le chemin du fichier de clé de la base `base`."""
    return os.path.join(config["data_dir"], "cnas", f"signature-{base}.pem")


def octets_publics(cle):
    """Rend les 32 octets de la clé publique d'une clé privée."""
    return cle.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def pem_public(octets):
    """Rend la clé publique (32 octets) au format PEM, lisible par OpenSSL."""
    cle = Ed25519PublicKey.from_public_bytes(octets)
    return cle.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def identifiant_cle(octets):
    """Rend l'identifiant court d'une clé publique : 16 chiffres hexadécimaux de son SHA-256."""
    return hashlib.sha256(octets).hexdigest()[:16]


def signature_juste(octets_cle, message, signature):
    """Dit si `signature` (64 octets) du `message` (octets) est celle de la clé publique."""
    try:
        Ed25519PublicKey.from_public_bytes(octets_cle).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _cle_ed25519(cle):
    if not isinstance(cle, Ed25519PrivateKey):
        raise ValueError("clé d'un autre type")
    return cle


def _lire_variable(texte):
    try:
        if texte.startswith("-----BEGIN"):
            return _cle_ed25519(serialization.load_pem_private_key(texte.encode(), password=None))
        return Ed25519PrivateKey.from_private_bytes(base64.b64decode(texte, validate=True))
    except (ValueError, TypeError) as erreur:
        raise UserError(_(
            "La variable %s du serveur n'est pas une clé Ed25519 : 32 octets en base64, ou un texte PEM.",
            VARIABLE,
        )) from erreur


def _creer_fichier(chemin):
    """Écrit une clé neuve d'un seul geste : deux processus qui naissent ensemble gardent la même."""
    dossier = os.path.dirname(chemin)
    os.makedirs(dossier, mode=0o700, exist_ok=True)
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    descripteur, provisoire = tempfile.mkstemp(dir=dossier)  # mkstemp : droits 0600
    try:
        with os.fdopen(descripteur, "wb") as fichier:
            fichier.write(pem)
            fichier.flush()
            os.fsync(fichier.fileno())
        try:
            os.link(provisoire, chemin)
        except FileExistsError:
            return
    finally:
        os.unlink(provisoire)
