"""Lire un montant en francs ou un nombre entier."""
import math
import re
from decimal import Decimal

from odoo import _
from odoo.exceptions import ValidationError

from .texte import OBLIGATOIRE, absent, chiffres_latins, montrer

MONTANT_MAX = 1_000_000_000
_MONNAIE = re.compile(r"(?:^|(?<=[\d\s]))(?:f\.? ?cfa|fcfa|cfa|xaf|francs?(?: cfa)?|f|فرنك(?:ات)?)\.?(?=$|[\d\s])", re.IGNORECASE)
_ESPACE_DE_MILLIERS = re.compile(r"(?<=\d) (?=\d{3}(?!\d))")
_MILLIERS = re.compile(r"([-+]?[1-9]\d{0,2}(?:([.,])\d{3})(?:\2\d{3})*)((?!\2)[.,]\d{1,2})?")
# Au-delà, un flottant ne dit plus l'unité.
DECIMAL_MAX = 10**15
_NOMBRE = re.compile(r"[-+]?\d{1,30}(?:[.,]\d{1,30})?")


def lire_montant(valeur, defaut=OBLIGATOIRE, quoi=None, maximum=MONTANT_MAX, stricte=False):
    """Rend un montant entier en XAF : `500,00`, `1 500`, `30 FCFA`, 1500.0.

    :param defaut: ce que rend le vide ; sans lui, le vide est refusé
    :param bool stricte: contrat des scripts, un texte n'est pas un nombre
    :raise ValidationError: manquant, illisible, ambigu (`1.000`), négatif, trop grand ou avec des centimes
    """
    if isinstance(valeur, str) and len(valeur) < 10 and valeur.isascii() and valeur.isdigit() and not stricte:
        return int(valeur)  # le cas courant d'un classeur de dizaines de milliers de lignes
    quoi = quoi or _("Montant")
    if absent(valeur) and defaut is not OBLIGATOIRE:
        return defaut
    montant = _lire_nombre(valeur, quoi, stricte)
    if montant is None:
        phrase = _("%(quoi)s illisible : « %(valeur)s ». Écrivez un nombre entier de francs, en chiffres.")
    elif montant < 0:
        phrase = _("%(quoi)s négatif : « %(valeur)s ».")
    elif montant > maximum:
        phrase = _("%(quoi)s hors limites : « %(valeur)s ».")
    elif montant != int(montant):
        phrase = _("%(quoi)s avec centimes : « %(valeur)s ». Le franc CFA n'en a pas.")
    else:
        return int(montant)
    raise ValidationError(phrase % {"quoi": quoi, "valeur": "" if absent(valeur) else montrer(valeur)})


def lire_entier(valeur, defaut=OBLIGATOIRE, quoi=None, minimum=None, maximum=None, stricte=False):
    """Rend un nombre entier compris entre `minimum` et `maximum`, s'ils sont donnés.

    :param str quoi: nom de la donnée avec son article (« La quantité »), sujet de la phrase de refus
    :raise ValidationError: manquant, illisible, avec des décimales, ou hors bornes
    """
    quoi = quoi or _("La valeur")
    if absent(valeur) and defaut is not OBLIGATOIRE:
        return defaut
    nombre = _lire_nombre(valeur, quoi, stricte)
    if nombre is None or nombre != int(nombre):
        phrase = _("%(quoi)s doit être un nombre entier ; reçu : %(valeur)s.")
    elif minimum is not None and nombre < minimum:
        phrase = (_("%(quoi)s (%(valeur)s) doit être supérieur à zéro.") if minimum == 1
                  else _("%(quoi)s (%(valeur)s) ne peut pas être négatif.") if minimum == 0
                  else _("%(quoi)s (%(valeur)s) doit être au moins %(minimum)s."))
    elif maximum is not None and nombre > maximum:
        phrase = _("%(quoi)s dépasse %(maximum)s.")
    else:
        return int(nombre)
    raise ValidationError(phrase % {
        "quoi": quoi, "valeur": montrer(valeur), "minimum": minimum, "maximum": maximum})


def lire_decimal(valeur, defaut=OBLIGATOIRE, quoi=None, stricte=False):
    """Rend un nombre à décimales (un score) : `12,5`, `45.678`, 37. Un signe seul y sépare toujours des décimales.

    :param str quoi: nom de la donnée, cité dans le refus
    :raise ValidationError: manquant ou illisible
    """
    if absent(valeur) and defaut is not OBLIGATOIRE:
        return defaut
    quoi = quoi or _("Le nombre")
    texte = chiffres_latins(valeur).strip() if isinstance(valeur, str) and not stricte else ""
    nombre = Decimal(texte.replace(",", ".")) if _NOMBRE.fullmatch(texte) else _lire_nombre(valeur, quoi, stricte)
    if nombre is None or abs(nombre) > DECIMAL_MAX:
        raise ValidationError(_("%(quoi)s illisible : « %(valeur)s ». Écrivez un nombre, en chiffres.",
                                quoi=quoi, valeur="" if absent(valeur) else montrer(valeur)))
    return float(nombre)


def _lire_nombre(valeur, quoi, stricte):
    """Rend un nombre exact, ou None s'il ne se lit pas. Un booléen n'est pas un nombre, ni un texte en mode strict."""
    if isinstance(valeur, float) and math.isfinite(valeur):
        return Decimal(repr(valeur))
    if isinstance(valeur, int) and not isinstance(valeur, bool):
        return valeur
    if not isinstance(valeur, str):
        return None
    texte = _MONNAIE.sub("", " ".join(chiffres_latins(valeur).split())).strip()
    texte = _ESPACE_DE_MILLIERS.sub("", texte)
    milliers = _MILLIERS.fullmatch(texte)
    if milliers:
        entier, signe, decimales = milliers.groups()
        # « 1.500.000 » et « 1.500,00 » ne se lisent que d'une façon ; « 1.000 » vaut mille ou un.
        if entier.count(signe) == 1 and not decimales:
            raise ValidationError(_(
                "%(quoi)s : « %(valeur)s » est ambigu, le signe peut séparer des milliers ou des décimales. "
                "Écrivez le nombre sans point ni virgule.", quoi=quoi, valeur=montrer(valeur)))
        texte = entier.replace(signe, "") + (decimales or "")
    return Decimal(texte.replace(",", ".")) if _NOMBRE.fullmatch(texte) and not stricte else None
