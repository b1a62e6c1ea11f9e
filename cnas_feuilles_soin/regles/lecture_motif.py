"""Le motif d'une anomalie dans la langue de qui le lit.

Le fait reste écrit en français, tel que le moteur l'a constaté : sa phrase se retrouve au catalogue, ses valeurs se relisent dans le
fait, et la phrase traduite les reçoit. Ce qui ne se retrouve pas se montre tel quel.
"""
import re
from functools import lru_cache

from odoo.tools.translate import _lt, code_translations

# Les phrases qu'une règle écrit à la place de son motif (`constat(…, motif=…)`).
PHRASES = (
    _lt("Prestation retirée le {date}"),
    _lt("Aucun taux de prise en charge en vigueur au {date}"),
    _lt("Spécialité pour laquelle la formation n'est pas agréée"),
    _lt("Franchise, ôtée avant le taux : {x} FCFA à la charge du bénéficiaire"),
    _lt("Franchise : {x} FCFA à la charge du bénéficiaire"),
    _lt("Toutes les lignes sont rejetées"),
)
# Les mots que les règles mettent dans leurs phrases.
MOTS = (
    _lt("bénéficiaire"), _lt("formation"), _lt("prescripteur"), _lt("date de soins"), _lt("au moins une prestation"), _lt("montant"),
    _lt("date de naissance du nouveau-né"), _lt("diagnostic codé"), _lt("en tiers payant"), _lt("en remboursement"),
    _lt("accident du travail"), _lt("tiers responsable"), _lt("programme vertical"), _lt("prestations"),
)
_TROU = re.compile(r"\{(\w+)\}")
_VIRGULES = {", ": "، ", " ; ": "؛ ", "": ""}


def en_francais(env):
    """Dit si l'on lit en français, la langue des faits."""
    return not env.lang or env.lang[:2] in ("fr", "en")


def dire(phrases, message, langue, noms=()):
    """Rend `message` dans une langue, d'après la première paire (phrase française, phrase traduite) qui l'a écrit.

    :param noms: {nom français: nom traduit} de ce que les valeurs citent
    """
    # Celle de qui lit, papier ou courriel compris : `_lt` ne connaîtrait que celle de la requête.
    connues = code_translations.get_python_translations("cnas_feuilles_soin", langue)
    for source, traduite in (*phrases, *((phrase._source, connues.get(phrase._source, phrase._source)) for phrase in PHRASES)):
        trouve = source and _lecteur(source).fullmatch(message)
        if trouve:
            valeurs = {nom: dire_liste(valeur, noms, langue) for nom, valeur in trouve.groupdict().items()}
            return _remplir(traduite, valeurs)
    return message


def _remplir(phrase, valeurs):
    """Rend la phrase, ses trous remplis ; une accolade de trop, dans une traduction, s'y lit telle quelle."""
    return _TROU.sub(lambda trou: valeurs.get(trou[1], ""), phrase)


def dire_liste(texte, noms, langue):
    """Rend une liste écrite en français (« Ordonnance, diagnostic codé »), chaque terme connu dans une langue, le reste tel quel."""
    connues = code_translations.get_python_translations("cnas_feuilles_soin", langue)
    mots = {**{mot._source: connues.get(mot._source, mot._source) for mot in MOTS}, **dict(noms)}
    termes = "|".join(map(re.escape, sorted(mots, key=len, reverse=True)))
    return re.sub(rf"(?:^|(?<=, )|(?<= ; ))({termes})(, | ; |\Z)", lambda terme: mots[terme[1]] + _VIRGULES[terme[2]], texte)


@lru_cache(maxsize=512)
def _lecteur(phrase):
    """Rend l'expression qui relit dans un fait les valeurs d'une phrase du catalogue."""
    vus, morceaux = set(), []
    for morceau in re.split(r"(\{\w+\})", phrase):
        nom = morceau[1:-1]
        if not _TROU.fullmatch(morceau):
            morceaux.append(re.escape(morceau))
        elif nom in vus:
            morceaux.append(f"(?P={nom})")
        else:
            vus.add(nom)
            morceaux.append(f"(?P<{nom}>.*)")
    return re.compile("".join(morceaux), re.DOTALL)
