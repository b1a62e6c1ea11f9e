"""Lire une date, comme on l'écrit au Tchad, dans un tableur ou dans un script."""
import re
import unicodedata
from datetime import date, datetime, timedelta

from odoo import _
from odoo.exceptions import ValidationError

from ..ecriture import ecrire_date
from ..jour import aujourd_hui
from .texte import OBLIGATOIRE, absent, chiffres_latins, montrer, sans_accent

MOIS = ("janvier", "fevrier", "mars", "avril", "mai", "juin", "juillet", "aout", "septembre", "octobre", "novembre",
        "decembre")
# Numéros de série d'un tableur, de 1927 à 2201 : plus petit, le nombre est une année ou une faute.
ORIGINE_TABLEUR, SERIES = date(1899, 12, 30), (10_000, 110_000)
ANNEE_MIN = 1900
_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_ANNEE_DEVANT = re.compile(r"(\d{4})([/.-])(\d{1,2})\2(\d{1,2})")
_JOUR_DEVANT = re.compile(r"(\d{1,2})([/. -])(\d{1,2})\2(\d{2}|\d{4})")
_EN_LETTRES = re.compile(r"(?:(?:lun|mar|mercre|jeu|vendre|same)di |dimanche )?(\d{1,2})(?:er)? ([a-z]+) (\d{2}|\d{4})")
_SERIE = re.compile(r"[0-9]{5}(?:[.,]0+)?")
# « 2026-01-01 00:00:00 » : ce qu'écrivent les tableurs ; l'heure ne compte que si elle est nulle.
_HEURE_NULLE = re.compile(r"[ T]00:00(:00)?(\.0+)?$")
_NAISSANCE = re.compile(r"(?:née?s?\s+|ne\s+)?(?:(vers|environ|env\.?|autour de|حوالي|نحو)\s+|en\s+|le\s+)?(.+)", re.IGNORECASE)
_ANNEE_SEULE = re.compile(r"(?:(\d{1,2}|[a-z]+) )?((?:19|20)\d\d)")


def lire_date(valeur, defaut=OBLIGATOIRE, quoi=None, stricte=False):
    """Rend une date.

    :param valeur: date, texte (3/11/2026, 2026-11-03, 2 mars 1975) ou numéro de série d'un tableur (46332)
    :param defaut: ce que rend le vide ; sans lui, le vide est refusé
    :param str quoi: nom de la donnée, cité dans le refus
    :param bool stricte: contrat des scripts, un texte ne s'écrit que AAAA-MM-JJ
    :raise ValidationError: manquante, illisible, hors du calendrier, ou d'un siècle qu'elle ne dit pas
    """
    if isinstance(valeur, date):
        return valeur.date() if isinstance(valeur, datetime) else valeur
    if absent(valeur):
        if defaut is OBLIGATOIRE:
            raise ValidationError(_("%s manquante.", quoi or _("Date")))
        return defaut
    texte = " ".join(valeur.split()) if isinstance(valeur, str) else ""
    texte = texte if stricte else chiffres_latins(texte)
    iso = _ISO.fullmatch(texte)
    if iso:
        return _du_calendrier(valeur, quoi, *iso.groups())
    quoi = quoi or _("Date")
    lue = _lire_tolerant(valeur, _HEURE_NULLE.sub("", texte), quoi)
    if stricte or not lue:
        forme = _("AAAA-MM-JJ") if stricte else _("JJ/MM/AAAA, par exemple 21/11/2026")
        raise ValidationError(_("%(quoi)s illisible : « %(valeur)s ». Écrivez-la %(forme)s.",
                                quoi=quoi, valeur=montrer(valeur), forme=forme))
    return lue


def lire_effet(valeur, quoi):
    """Rend le jour où une décision prend effet : aujourd'hui par défaut, jamais plus tard.

    :param str quoi: la décision, citée dans le refus (« La fermeture »)
    :raise ValidationError: illisible, ou à venir
    """
    jour = lire_date(valeur, aujourd_hui(), stricte=True)
    if jour > aujourd_hui():
        raise ValidationError(_("%s prend effet au plus tard aujourd'hui.", quoi))
    return jour


def lire_bornes(date, date_fin, quoi):
    """Rend (premier jour, dernier jour ou False) d'une mesure : aujourd'hui et sans fin par défaut, l'un et l'autre compris.

    :param str quoi: la mesure, citée dans le refus (« la suspension »)
    :raise ValidationError: illisible, ou dernier jour avant le premier
    """
    debut, fin = lire_date(date, aujourd_hui(), stricte=True), lire_date(date_fin, False, stricte=True)
    if fin and fin < debut:
        raise ValidationError(_("Le dernier jour de %(quoi)s (%(fin)s) précède le premier (%(debut)s).",
                                quoi=quoi, fin=ecrire_date(fin), debut=ecrire_date(debut)))
    return debut, fin


def _lire_tolerant(valeur, texte, quoi):
    """Lit ce qu'une main ou un tableur écrivent ; rend None si ce n'est pas une date."""
    nombre = int(texte[:5]) if _SERIE.fullmatch(texte) else valeur
    if isinstance(nombre, (int, float)) and not isinstance(nombre, bool) and SERIES[0] <= nombre < SERIES[1]:
        return ORIGINE_TABLEUR + timedelta(days=int(nombre))
    if trouve := _ANNEE_DEVANT.fullmatch(texte):
        annee, _signe, mois, jour = trouve.groups()
    elif trouve := _JOUR_DEVANT.fullmatch(texte):
        jour, _signe, mois, annee = trouve.groups()
    elif trouve := _EN_LETTRES.fullmatch(sans_accent(texte)):
        jour, mois, annee = trouve.groups()
        mois = _rang_du_mois(mois)
    if not trouve or not mois:
        return None
    if len(annee) == 2:
        raise ValidationError(_(
            "%(quoi)s ambiguë : « %(valeur)s » ne dit pas le siècle. Écrivez l'année en quatre chiffres.",
            quoi=quoi, valeur=montrer(valeur)))
    return _du_calendrier(valeur, quoi, annee, mois, jour)


def _rang_du_mois(mot):
    """Rend le rang du mois écrit en lettres, entier ou abrégé (« janv », « sept »), ou None s'il est douteux."""
    rangs = [rang for rang, nom in enumerate(MOIS, 1) if len(mot) >= 3 and nom.startswith(mot)]
    return rangs[0] if len(rangs) == 1 else None


def _du_calendrier(valeur, quoi, annee, mois, jour):
    try:
        lue = date(int(annee), int(mois), int(jour))
    except ValueError:
        raise ValidationError(_("%(quoi)s illisible : « %(valeur)s » n'est pas au calendrier. Écrivez-la AAAA-MM-JJ.",
                                quoi=quoi or _("Date"), valeur=montrer(valeur))) from None
    if lue.year < ANNEE_MIN:
        raise ValidationError(_("%(quoi)s illisible : l'année de « %(valeur)s » n'est pas plausible.",
                                quoi=quoi or _("Date"), valeur=montrer(valeur)))
    return lue


def lire_date_naissance(valeur, quoi=None):
    """Rend (date, estimée) : « vers 1975 » et 1975 au 1er juillet, 03/1975 au 1er du mois, le reste comme une date.

    :raise ValidationError: manquante ou illisible
    """
    quoi = quoi or _("Date de naissance")
    if isinstance(valeur, (int, float)) and not isinstance(valeur, bool) and ANNEE_MIN <= valeur < 2100:
        valeur = str(int(valeur))
    if not isinstance(valeur, str) or not valeur.strip():
        return lire_date(valeur, quoi=quoi), False
    texte = re.sub(r"^(\d{4})[.,]0$", r"\1", chiffres_latins(unicodedata.normalize("NFC", valeur).strip()))
    environ, reste = _NAISSANCE.fullmatch(" ".join(texte.split())).groups()
    seule = _ANNEE_SEULE.fullmatch(sans_accent(reste))
    if not seule:
        return lire_date(reste, quoi=quoi), bool(environ)
    mois, annee = seule.groups()
    if not mois:
        return date(int(annee), 7, 1), True
    rang = mois if mois.isdigit() else _rang_du_mois(mois) or 0
    return _du_calendrier(valeur, quoi, annee, rang, 1), True


def lire_dates(modele, vals):
    """Rend les valeurs de `create` ou `write`, leurs dates lues (mode strict : elles viennent d'un script).

    :param modele: modèle dont les champs disent lesquels sont des dates
    :raise ValidationError: texte qui n'est pas une date AAAA-MM-JJ
    """
    lues = dict(vals)
    for champ, valeur in vals.items():
        field = modele._fields.get(champ)
        if field is not None and field.type == "date" and valeur:
            lues[champ] = lire_date(valeur, stricte=True, quoi=field._description_string(modele.env))
    return lues
