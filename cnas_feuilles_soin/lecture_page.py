"""De ce que Tesseract lit d'une feuille de soins papier, ce qu'on peut proposer à l'agent : jamais deviné, toujours montré.

Une valeur n'est proposée que si sa forme la prouve : la clé du matricule, une date du calendrier, une ligne dont la quantité
fois le prix fait le montant, un total après son mot.
"""
import contextlib
import re
from typing import NamedTuple

from stdnum.iso7064 import mod_97_10

from odoo.exceptions import ValidationError

from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_date, lire_montant, sans_accent

MATRICULE = re.compile(r"TD\d{12}")
DATE = re.compile(r"\b(\d{1,2})\s*[/.\-]\s*(\d{1,2})\s*[/.\-]\s*(\d{4})\b")
NUMERO = re.compile(r"(?:reference|ref|feuille n|feuille no|feuille numero)\b")
REFERENCE = re.compile(r"[A-Z]{0,6}[-/]?\d[A-Z0-9/-]{2,18}", re.IGNORECASE)
CODE = re.compile(r"(ACT|EXA|MED|CON)[0-9OIlSB]{4}")
FORMATION = re.compile(r"((?:CS|HD|HP|HR|CHU)-[A-Z]{2})[A-Z)}\]|!1]{1,2}(-\d{2})")
# Ce que l'on confond en lisant un chiffre.
CHIFFRES = str.maketrans("OoQDIl|SsBZzGq", "00001115582269")


class Champ(NamedTuple):
    """Une valeur proposée, la confiance du moins sûr de ses mots, et le cadre qui les entoure."""

    valeur: object
    confiance: int
    cadre: tuple


def proposer(mots):
    """Rend {champ: `Champ`} de ce qui se lit de la page, et ses lignes de prestations.

    :param mots: les `Mot` d'une page redressée
    :return: {"matricule"?, "reference"?, "date_soins"?, "total"?, "formation"?, "lignes": [`Champ` de (code, quantité, prix, montant)]}
    """
    rangees = _rangees(mots)
    trouves = {
        "matricule": _premier(_matricule, rangees), "formation": _premier(_formation, rangees),
        "reference": _premier(_reference, rangees), "date_soins": _date_soins(rangees), "total": _premier(_total, rangees[::-1]),
    }
    lignes = [ligne for rangee in rangees if (ligne := _ligne(rangee))]
    return {**{nom: champ for nom, champ in trouves.items() if champ}, "lignes": lignes}


def _rangees(mots):
    """Rend les mots en rangées, de haut en bas et de gauche à droite : les colonnes d'un tableau sont une même rangée."""
    rangees = []
    for mot in sorted(mots, key=lambda m: m.y + m.hauteur / 2):
        milieu = mot.y + mot.hauteur / 2
        derniere = rangees[-1] if rangees else None
        if derniere and mot.hauteur and abs(milieu - derniere[0]) < 0.6 * min(mot.hauteur, derniere[1]):
            derniere[2].append(mot)
        else:
            rangees.append((milieu, mot.hauteur or 1, [mot]))
    return [sorted(rangee[2], key=lambda m: m.x) for rangee in rangees]


def _premier(chercher, rangees):
    return next((champ for rangee in rangees if (champ := chercher(rangee))), None)


def _champ(valeur, mots):
    droite, bas = max(m.x + m.largeur for m in mots), max(m.y + m.hauteur for m in mots)
    gauche, haut = min(m.x for m in mots), min(m.y for m in mots)
    return Champ(valeur, min(m.confiance for m in mots), (gauche, haut, droite - gauche, bas - haut))


def _matricule(rangee):
    """Deux lettres et douze chiffres dont la clé est juste ; les chiffres mal lus se retrouvent, la clé le prouve."""
    for debut in range(len(rangee)):
        for fin in range(debut + 1, min(debut + 5, len(rangee)) + 1):
            texte = re.sub(r"[\s.:\-]", "", "".join(m.texte for m in rangee[debut:fin]))
            for essai in (texte[-14:], texte[:14]):
                lu = "TD" + essai[2:].translate(CHIFFRES) if len(essai) == 14 and essai[:1].upper() in "T17" else ""
                if MATRICULE.fullmatch(lu) and mod_97_10.is_valid(lu):
                    return _champ(lu, rangee[debut:fin])
    return None


def _formation(rangee):
    """Le début et la fin du code d'une formation : sa troisième lettre, souvent un J, se lit mal."""
    for mot in rangee:
        if trouve := FORMATION.search(mot.texte.upper()):
            return _champ(trouve.groups(), [mot])
    return None


def _reference(rangee):
    texte = sans_accent(" ".join(m.texte.replace("°", "o") for m in rangee))
    if not NUMERO.search(texte):
        return None
    for mot in rangee:
        nu = mot.texte.strip(":.,;|()[]'’")
        if REFERENCE.fullmatch(nu) and sum(c.isdigit() for c in nu) >= 3 and not DATE.search(nu) and not MATRICULE.fullmatch(nu):
            return _champ(nu.upper(), [mot])
    return None


def _date_soins(rangees):
    """La date d'une rangée qui parle de soins ; sinon la seule date de la page qui n'est pas celle d'une naissance."""
    autres = []
    for rangee in rangees:
        texte = sans_accent(" ".join(m.texte for m in rangee))
        for champ in _dates(rangee):
            if "soins" in texte:
                return champ
            if "naiss" not in texte and "ne le" not in texte and "nee le" not in texte:
                autres.append(champ)
    return autres[0] if len({champ.valeur for champ in autres}) == 1 else None


def _dates(rangee):
    trouvees = []
    for debut in range(len(rangee)):
        for fin in range(debut + 1, min(debut + 5, len(rangee)) + 1):
            trouve = DATE.fullmatch("".join(m.texte for m in rangee[debut:fin]).strip(":,;|"))
            if trouve:
                with contextlib.suppress(ValidationError):
                    jour = lire_date("/".join(trouve.groups()))
                    if jour <= aujourd_hui():
                        trouvees.append(_champ(jour, rangee[debut:fin]))
    return trouvees


def _total(rangee):
    mots = [sans_accent(m.texte) for m in rangee]
    rang = next((i for i, mot in enumerate(mots) if mot.startswith("total")), None)
    if rang is None:
        return None
    nombres = _nombres(rangee[rang + 1:])
    return _champ(nombres[-1][0], nombres[-1][1]) if nombres else None


def _ligne(rangee):
    """Une prestation : son code, puis quantité, prix et montant qui s'accordent."""
    rang = next((i for i, mot in enumerate(rangee[:3]) if CODE.fullmatch(mot.texte.strip("[]|():"))), None)
    if rang is None:
        return None
    code = rangee[rang].texte.strip("[]|():")
    code = code[:3] + code[3:].translate(CHIFFRES)
    nombres = _nombres(rangee[rang + 1:])[-3:]
    valeurs = [valeur for valeur, _mots in nombres]
    if len(valeurs) < 3 or not 0 < valeurs[0] <= 1000 or valeurs[0] * valeurs[1] != valeurs[2]:
        return None
    return _champ((code, *valeurs), [rangee[rang], *(mot for _valeur, mots in nombres for mot in mots)])


def _nombres(mots):
    """Les nombres d'une rangée ; trois chiffres tout contre un nombre en sont les milliers : « 1 1 500 » est 1, puis 1 500."""
    trouves = []
    for mot in mots:
        if _nombre(mot.texte) is None:
            continue
        chiffres = _chiffres(mot.texte)
        if trouves and len(chiffres) == 3 and mot.x - (trouves[-1][1][-1].x + trouves[-1][1][-1].largeur) < 150:
            trouves[-1] = (int(f"{trouves[-1][0]}{chiffres}"), [*trouves[-1][1], mot])
        else:
            trouves.append((int(chiffres), [mot]))
    return trouves


def _nombre(texte):
    """Rend l'entier d'un mot fait de chiffres, ou None."""
    chiffres = _chiffres(texte)
    try:
        return lire_montant(chiffres, None) if chiffres else None
    except ValidationError:
        return None


def _chiffres(texte):
    nu = re.sub(r"(?i)f\.?cfa$|^\W+|\W+$", "", texte)
    lu = nu.translate(CHIFFRES)
    return lu if lu.isascii() and lu.isdigit() and any(c.isdigit() for c in nu) else ""
