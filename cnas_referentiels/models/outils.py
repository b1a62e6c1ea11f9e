"""Champ de niveau facultatif, lecture des dates et des montants, écriture des montants."""
import datetime
import re
from decimal import Decimal, InvalidOperation

from odoo import _, fields
from odoo.exceptions import ValidationError

FORMATS_DATE = ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y")


class Niveau(fields.Integer):
    """Niveau de formation (1 à 4) ; vide en base (NULL) quand le tarif vaut pour tous les niveaux."""

    def convert_to_column(self, value, record, values=None, validate=True):
        return int(value) if value else None


def _extrait(valeur):
    """Rend le début de ce qui ne se lit pas, pour le citer dans un message."""
    if valeur is None or valeur is False:
        return ""
    try:
        return str(valeur)[:40]
    except ValueError:  # entier de plus de 4 300 chiffres
        return "…"


def lire_date(valeur):
    """Rend une date.

    :param valeur: date, ou texte AAAA-MM-JJ (ou JJ/MM/AAAA, comme on l'écrit au Tchad)
    :raise ValidationError: la date manque ou ne se lit pas
    """
    if isinstance(valeur, datetime.datetime):
        return valeur.date()
    if isinstance(valeur, datetime.date):
        return valeur
    texte = valeur.strip() if isinstance(valeur, str) else ""
    # « 2026-01-01 00:00:00 » : ce qu'écrivent les tableurs et xmlrpc ; l'heure ne compte que si elle est nulle.
    texte = re.sub(r"[ T]00:00(:00)?(\.0+)?$", "", texte)
    if len(texte) == 10 and texte[4] == texte[7] == "-":
        # Dix fois plus rapide que strptime : un classeur porte des dizaines de milliers de dates.
        try:
            return datetime.date.fromisoformat(texte)
        except ValueError:
            pass
    for modele in FORMATS_DATE:
        try:
            return datetime.datetime.strptime(texte, modele).date()
        except ValueError:
            continue
    raise ValidationError(_(
        "Date illisible : « %s ». Écrivez-la AAAA-MM-JJ, par exemple 2026-11-21.", _extrait(valeur)))


def lire_montant(valeur):
    """Rend un montant entier en XAF, lu d'une cellule (« 1 500 », 1500.0).

    :raise ValidationError: vide, illisible, négatif ou avec des centimes
    """
    if isinstance(valeur, str) and len(valeur) < 10 and valeur.isascii() and valeur.isdigit():
        return int(valeur)
    vide = valeur is None or valeur is False
    try:
        texte = re.sub(r"(?i)[\s\u00a0\u202f]|fcfa|xaf", "", "" if vide else str(valeur)).replace(",", ".")
        montant = Decimal(texte)
        negatif = montant < 0  # « NaN » se lit, mais ne se compare pas
    except (InvalidOperation, ValueError):
        raise ValidationError(_(
            "Montant illisible : « %s ». Écrivez un nombre entier de francs.", _extrait(valeur))) from None
    if negatif:
        raise ValidationError(_("Montant négatif : « %s ».", _extrait(valeur)))
    if not montant <= 1_000_000_000:
        raise ValidationError(_("Montant hors limites : « %s ».", _extrait(valeur)))
    if montant != montant.to_integral_value():
        raise ValidationError(_("Montant avec centimes : « %s ». Le franc CFA n'en a pas.", _extrait(valeur)))
    return int(montant)


def lire_niveau(valeur):
    """Rend un niveau de formation de 1 à 4, ou 0 (tous les niveaux) si la valeur est vide.

    :raise ValidationError: autre chose que 1, 2, 3, 4 ou vide
    """
    if valeur in (None, False, "", 0, "0"):
        return 0
    try:
        nombre = float(valeur)
    except (TypeError, ValueError, OverflowError):
        nombre = -1
    if nombre not in (1, 2, 3, 4):
        raise ValidationError(_("Niveau inconnu : « %s ». Les niveaux vont de 1 (centre de santé) à 4 (hôpital "
                                "de référence) ; laissez vide pour tous.", _extrait(valeur)))
    return int(nombre)


def ecrire_montant(montant):
    """Écrit un montant entier avec des espaces : 1 500 FCFA."""
    return f"{round(montant or 0):,} FCFA".replace(",", " ")


def ecrire_date(jour):
    """Écrit une date JJ/MM/AAAA."""
    return jour.strftime("%d/%m/%Y")
