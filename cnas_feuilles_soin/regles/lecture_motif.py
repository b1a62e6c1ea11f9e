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


def dire(phrases, message, langue):
    """Rend `message` dans une langue, d'après la première paire (phrase française, phrase traduite) qui l'a écrit."""
    # Celle de qui lit, papier ou courriel compris : `_lt` ne connaîtrait que celle de la requête.
    connues = code_translations.get_python_translations("cnas_feuilles_soin", langue)
    for source, traduite in (*phrases, *((phrase._source, connues.get(phrase._source, phrase._source)) for phrase in PHRASES)):
        trouve = source and _lecteur(source).fullmatch(message)
        if trouve:
            return _remplir(traduite, trouve.groupdict(), connues)
    return message


def _remplir(phrase, valeurs, connues):
    """Rend la phrase, ses trous remplis ; une accolade de trop, dans une traduction, s'y lit telle quelle."""
    return _TROU.sub(lambda trou: _dire_valeur(valeurs.get(trou[1], ""), connues), phrase)


def _dire_valeur(valeur, connues):
    mots = {mot._source: connues.get(mot._source, mot._source) for mot in MOTS}
    return "، ".join(mots.get(mot, mot) for mot in valeur.split(", ")) if any(mot in mots for mot in valeur.split(", ")) else valeur


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
