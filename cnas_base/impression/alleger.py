"""Alléger les pages d'un PDF : ce que plusieurs pages dessinent au même endroit s'écrit une fois, et se cite.

Deux cents accusés disent deux cents fois les mêmes libellés, cadres et signatures. On relit ce que reportlab a écrit de chaque
page, opération par opération, chacune avec l'état (couleurs, trait) dont elle dépend ; les suites communes deviennent des formes.
"""
import itertools
import re

# Ce que pèse une forme, ce qu'en coûte une citation, et ce que la compression laisse d'une lettre répétée : une forme se gagne.
FORME, CITATION_PESE, RESTE = 360, 8, 0.35
CITER, CITATION = "\x01%d\x01", re.compile(r"\x01(\d+)\x01")
_ETAT = re.compile(r"(?:\[.*\] )?(?:-?[\d.]+ )+(rg|RG|w|J|j|d)")
_VIDE = re.compile(r"BT 1 0 0 1 \S+ \S+ Tm\s+T\* ET")
_TEXTE = re.compile(r"BT 1 0 0 1 (\S+) (\S+) Tm (.*) T\* ET", re.DOTALL)
_INTERLIGNE = re.compile(r"(/F\S+ [\d.]+ Tf) [\d.]+ TL ")
_NOMBRE = re.compile(r"-?\d+\.\d{3,}")
_DECIMALES = re.compile(r"(\.\d{3})\d+")  # une couleur à un millième, un trait de même
_PEINT = re.compile(r"(?:^|\s)(?:S|s|f\*?|B\*?|b\*?|n|Do|ET)\s*$")


def alleger(pages):
    """Rend les pages allégées et leurs formes.

    :param pages: liste, par page, des lignes que reportlab a écrites
    :return: (liste de codes où `CITER % i` cite la forme i, liste des codes des formes)
    """
    lues = [list(_operations(lignes)) for lignes in pages]
    ou = {}
    for rang, page in enumerate(lues):
        for operation in page:
            ou.setdefault(operation, set()).add(rang)
    # Une suite va ensemble si elle est sur les mêmes pages : elle n'a qu'une forme.
    ou = {operation: frozenset(rangs) for operation, rangs in ou.items()}
    formes, rangs = [], {}

    def citer(suite, combien):
        code = _ecrire(suite)
        if combien * (len(code) * RESTE - CITATION_PESE) < FORME + len(code) / 2:
            return None
        if suite not in rangs:
            rangs[suite] = len(formes)
            formes.append(code)
        return rangs[suite]
    return [_ecrire(_regrouper(page, ou, citer)) for page in lues], formes


def _operations(lignes):
    """Rend les opérations d'une page : (code, état), l'état étant les réglages dont elle dépend."""
    etat, attente, pile = {}, [], 0
    for ligne in "\n".join(lignes).split("\n"):
        ligne = ligne.strip()
        if not ligne or _VIDE.fullmatch(ligne):
            continue
        reglage = _ETAT.fullmatch(ligne)
        if reglage and not attente:
            etat[reglage[1]] = _DECIMALES.sub(r"\1", ligne)
            continue
        attente.append(_compacter(ligne))
        pile += (ligne == "q") - (ligne == "Q")
        if not pile and (ligne == "Q" or _PEINT.search(ligne)):
            yield "\n".join(attente), tuple(sorted(etat.items()))
            attente = []
    if attente:
        yield "\n".join(attente), tuple(sorted(etat.items()))


def _compacter(ligne):
    texte = _TEXTE.fullmatch(ligne)
    if texte:
        suite = _INTERLIGNE.sub(r"\1 ", texte[3])
        return f"BT {_arrondir(texte[1])} {_arrondir(texte[2])} Td {suite} ET"
    # Un texte ne se touche pas, une échelle ne s'arrondit pas.
    return ligne if "(" in ligne or ligne.endswith(" cm") else _arrondir(ligne)


def _arrondir(texte):
    return _NOMBRE.sub(lambda nombre: f"{float(nombre[0]):.2f}".rstrip("0").rstrip("."), texte)


def _regrouper(page, ou, citer):
    """Rend la page, ses suites communes aux mêmes pages remplacées par la citation d'une forme."""
    resultat = []
    # Des suites qui se suivent : `odoo.tools.groupby` rassemblerait aussi celles qui ne se touchent pas.
    # pylint: disable=bad-builtin-groupby
    for pages, suite in itertools.groupby(page, lambda operation: " Do" not in operation[0] and ou[operation]):
        suite = tuple(suite)
        forme = citer(suite, len(pages)) if pages else None
        resultat += suite if forme is None else [(CITER % forme, ())]
    return resultat


def _ecrire(operations):
    """Rend le code : chaque réglage ne s'écrit que s'il change. Une forme ne change rien pour qui la cite."""
    courant, lignes = {}, []
    for code, etat in operations:
        for genre, reglage in etat:
            if courant.get(genre) != reglage and (genre == "rg" or not code.startswith("BT")):
                lignes.append(reglage)
                courant[genre] = reglage
        lignes.append(code)
    return "\n".join(lignes)
