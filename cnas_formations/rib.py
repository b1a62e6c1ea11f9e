"""Contrôle du RIB de la zone CEMAC (Tchad) : 23 chiffres, banque 5 + guichet 5 + compte 11 + clé 2.

La clé vaut ``97 − (89·B + 15·G + 3·C) mod 97`` ; un RIB juste est donc divisible par 97. L'IBAN
tchadien est `TD`, deux chiffres de contrôle et ce RIB. Le Tchad n'est pas au registre public des
IBAN : aucun validateur courant ne le connaît, d'où ces quelques fonctions.
"""
import re

from odoo import _

LONGUEUR_RIB = 23
LONGUEUR_IBAN = 27


def cle_rib(banque, guichet, compte):
    """Rend la clé (1 à 97) d'un compte.

    :param banque: code banque, 5 chiffres
    :param guichet: code guichet, 5 chiffres
    :param compte: numéro de compte, 11 chiffres
    """
    return 97 - (89 * int(banque) + 15 * int(guichet) + 3 * int(compte)) % 97


def composer_rib(banque, guichet, compte):
    """Rend le RIB complet (23 chiffres) d'un compte dont on calcule la clé."""
    return f"{banque}{guichet}{compte}{cle_rib(banque, guichet, compte):02d}"


def iban_td(rib):
    """Rend l'IBAN tchadien (27 caractères) d'un RIB de 23 chiffres (T = 29, D = 13)."""
    return f"TD{98 - int(rib + '291300') % 97:02d}{rib}"


def nettoyer_rib(texte):
    """Ôte espaces, points, tirets et, devant un IBAN tchadien juste, ses quatre premiers caractères."""
    brut = re.sub(r"[\s.\-/]", "", str(texte or "")).upper()
    if len(brut) == LONGUEUR_IBAN and brut.startswith("TD") and brut.isascii() and brut[2:].isdigit():
        return brut[4:] if iban_td(brut[4:]) == brut else brut
    return brut


def grouper_rib(rib):
    """Rend « 60002 00001 02710916001 53 » ; laisse tel quel ce qui n'est pas un RIB."""
    if len(rib) != LONGUEUR_RIB:
        return rib
    return f"{rib[:5]} {rib[5:10]} {rib[10:21]} {rib[21:]}"


def rib_valide(texte):
    """Dit si le texte est un RIB CEMAC juste (ou l'IBAN tchadien qui le porte)."""
    rib = nettoyer_rib(texte)
    return (
        len(rib) == LONGUEUR_RIB and rib.isascii() and rib.isdigit()
        and int(rib) % 97 == 0 and 1 <= int(rib[21:]) <= 97
    )


def erreur_rib(texte):
    """Rend la phrase qui dit quoi corriger, ou None si le RIB est juste."""
    rib = nettoyer_rib(texte)
    if rib_valide(rib):
        return None
    if not rib:
        return _("Le RIB est vide : recopiez ses 23 chiffres.")
    if rib.startswith("TD"):
        return _("L'IBAN « %s » est faux : sa clé ou sa longueur (27 caractères) ne va pas. Vérifiez chaque chiffre.",
                 texte)
    if not (rib.isascii() and rib.isdigit()):
        return _("Le RIB « %s » contient autre chose que des chiffres : il en faut 23, sans lettre.", texte)
    if len(rib) != LONGUEUR_RIB:
        return _("Le RIB « %(rib)s » a %(n)s chiffres : il en faut 23 (banque 5, guichet 5, compte 11, clé 2).",
                 rib=texte, n=len(rib))
    return _("Le RIB « %(rib)s » est faux : la clé %(cle)s ne correspond pas aux 21 premiers chiffres. "
             "Comparez chaque chiffre avec le relevé d'identité bancaire.", rib=grouper_rib(rib), cle=rib[21:])
