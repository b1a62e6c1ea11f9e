"""Lire un texte, un motif, un titre de colonne ; citer dans un refus ce qui n'a pas été compris."""
import re
import unicodedata

from odoo import _
from odoo.exceptions import ValidationError

# Une lecture sans `defaut` refuse le vide.
OBLIGATOIRE = object()
# Les chiffres arabes-indiens valent les nôtres ; l'allongement et les marques invisibles (ZWNJ, sens) ne se lisent pas.
_ARABE_ECRIT = {**{ord(c): str(i % 10) for i, c in enumerate("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹")}, ord("٫"): ",", ord("٬"): None, 0x0640: None,
                **dict.fromkeys((*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x061C, 0xFEFF))}
_CONTROLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def absent(valeur):
    """Dit si rien n'est donné : None, False ou un texte vide. Zéro est une valeur."""
    return valeur is None or valeur is False or (isinstance(valeur, str) and not valeur.strip())


def montrer(valeur, longueur=40):
    """Rend une valeur reçue, raccourcie et sans caractère de contrôle, pour la citer dans une phrase."""
    try:
        texte = valeur if isinstance(valeur, str) else repr(valeur)[:200]
    except ValueError:  # entier de plus de 4 300 chiffres
        texte = "…"
    texte = _CONTROLE.sub("?", texte)
    return texte if len(texte) <= longueur else texte[:longueur - 3] + "…"


def chiffres_latins(texte):
    """Rend un texte, ses chiffres arabes en 0-9, sans les marques invisibles de l'écriture arabe."""
    return texte if texte.isascii() else texte.translate(_ARABE_ECRIT)


def sans_accent(texte):
    """Rend le texte en minuscules, sans accents, ponctuation réduite à des espaces simples."""
    decompose = unicodedata.normalize("NFKD", chiffres_latins(texte or ""))
    lettres = (c if c.isalnum() else " " for c in decompose if not unicodedata.combining(c))
    return " ".join("".join(lettres).lower().split())


def nom_de_colonne(entete):
    """Rend l'en-tête d'une colonne sous la forme d'un identifiant : « Date début » → date_debut."""
    return sans_accent(str(entete or "")).replace(" ", "_")


def lire_texte(valeur, longueur=500):
    """Rend un texte sans espaces autour, coupé à `longueur` ; vide si rien n'est donné.

    :raise ValidationError: valeur qui n'est ni un texte ni un nombre
    """
    if valeur is None or valeur is False:
        return ""
    if not isinstance(valeur, (str, int, float)):
        raise ValidationError(_("Donnez un texte, pas une liste ni un objet."))
    return str(valeur).replace("\x00", "").strip()[:longueur]


def lire_motif(motif, longueur=500):
    """Rend le motif d'une action sans blancs autour, vide s'il n'y en a pas : à l'action de l'exiger.

    :raise ValidationError: ce n'est pas un texte, ou il dépasse `longueur` (un motif ne se coupe pas en silence)
    """
    if motif and not isinstance(motif, str):
        raise ValidationError(_("Le motif doit être un texte."))
    texte = (motif or "").replace("\x00", "").strip()
    if len(texte) > longueur:
        raise ValidationError(_("Le motif dépasse %s caractères : abrégez-le.", longueur))
    return texte
