"""Les mots des listes de ménages : genres, liens avec le chef, téléphones, cases laissées vides par un mot."""
import re
from datetime import date

from odoo.addons.cnas_base.ecriture import ecrire_date
from odoo.addons.cnas_base.lecture import absent, dit_absent, sans_accent

# Ce que les listes écrivent, en plus de « Néant », « N/A », « - », dans une case qui ne dit rien.
MOTS_VIDES = frozenset(("0", "pas de telephone", "pas de numero"))
VIDES_POUR_UN_NOM = frozenset(("", "neant", "n a", "non renseigne"))
GENRES_LUS = {
    **dict.fromkeys(("m", "masculin", "masc", "homme", "h", "garcon", "male", "monsieur", "mr", "ذكر", "رجل", "ولد"), "masculin"),
    **dict.fromkeys(("f", "feminin", "feminine", "fem", "femme", "fille", "femelle", "dame", "madame", "mme", "انثي", "انثى", "امراة", "بنت"), "feminin"),
}
CHEF, CONJOINT, ENFANT, ASCENDANT, AUTRE = "", "conjoint", "enfant", "ascendant", "autre"
LIENS_LUS = {
    **dict.fromkeys(("chef", "cheffe", "chef de menage", "cheffe de menage", "chef menage", "chef du menage", "chef de famille",
                     "chef famille", "cm", "c m", "principal", "assure principal", "assure", "titulaire", "lui meme",
                     "elle meme", "soi meme", "رب الاسرة", "ربة الاسرة", "رب البيت", "المومن الرييسي"), CHEF),
    **dict.fromkeys(("conjoint", "conjointe", "epouse", "epouses", "epoux", "femme", "mari", "co epouse", "coepouse",
                     "concubin", "concubine", "زوج", "زوجة", "الزوج", "الزوجة"), CONJOINT),
    **dict.fromkeys(("enfant", "enfants", "fils", "fille", "garcon", "bebe", "nouveau ne", "nouveau nee", "nourrisson",
                     "ابن", "ابنة", "طفل", "طفلة", "مولود جديد"), ENFANT),
    **dict.fromkeys(("ascendant", "ascendante", "pere", "mere", "papa", "maman", "parent", "parents", "grand pere",
                     "grand mere", "اب", "ام", "الاب", "الام", "جد", "جدة", "والد", "والدة"), ASCENDANT),
    # L'enfant confié et la fratrie vivent au ménage, à charge du chef.
    **dict.fromkeys(("autre", "autres", "a charge", "personne a charge", "neveu", "niece", "petit fils", "petite fille",
                     "frere", "soeur", "beau fils", "belle fille", "beau pere", "belle mere", "beau frere", "belle soeur",
                     "gendre", "bru", "oncle", "tante", "orphelin", "orpheline", "enfant confie", "اخ", "اخت",
                     "قريب", "قريبة", "يتيم", "يتيمة", "اخر", "اخرى"), AUTRE),
}
# « 2e épouse », « fils aîné », « 3ème enfant » : le rang ne change pas le lien.
_RANG = re.compile(
    r"\b(?:\d+ ?(?:e|er|ere|re|eme|ieme|nd|nde|n)?|n|no|premiere?|deuxieme|seconde?|troisieme|quatrieme|cinquieme|ainee?"
    r"|cadette?|benjamine?|derniere?|jumeau|jumelle|legitime|biologique|mineure?|majeure?|adoptee?|adoptif|adoptive)\b")
_DU_CHEF = re.compile(r"(?<=\w) (?:du|de la|de l|d un|au)? ?(?:cheffe?|assuree?|titulaire)\b.*$")
_SEPARATEURS = re.compile(r"\s*(?:[/,;|\n]|\bou\b|\bet\b|(?<=\d{2})\s+-\s+(?=[\d+]))\s*", re.IGNORECASE)


def vide(valeur, nom=False):
    """Dit si une case est vide, ou ne porte qu'un mot qui le dit.

    :param bool nom: la case porte un nom ou un numéro, que peu de mots vident
    """
    if nom:
        return absent(valeur) or (isinstance(valeur, str) and sans_accent(valeur) in VIDES_POUR_UN_NOM)
    return dit_absent(valeur) or (isinstance(valeur, str) and sans_accent(valeur) in MOTS_VIDES)


def montrer_case(valeur):
    """Rend une case comme on la voit : une date en clair, et 12 là où le tableur tient « 12.0 »."""
    if isinstance(valeur, date):
        return ecrire_date(valeur)
    if isinstance(valeur, float) and valeur.is_integer():
        valeur = int(valeur)
    return "" if absent(valeur) else " ".join(str(valeur).replace("\x00", "").split())[:500]


def lire_case(valeur, nom=False):
    """Rend le texte d'une case, vide si elle ne dit rien ; un zéro de tableur n'est le numéro de personne.

    :param bool nom: voir `vide`
    """
    texte = montrer_case(valeur)
    return "" if vide(texte, nom) else texte


def lire_genre(texte):
    """Rend « masculin », « feminin », ou None si le mot n'est pas connu."""
    return GENRES_LUS.get(sans_accent(texte))


def lire_lien(texte):
    """Rend le lien avec le chef (vide : c'est lui), ou None si le mot n'est pas connu."""
    lu = sans_accent((texte or "").replace("œ", "oe").replace("Œ", "oe"))
    if lu in LIENS_LUS:
        return LIENS_LUS[lu]
    sans_rang = " ".join(_RANG.sub(" ", _DU_CHEF.sub("", lu)).split())
    # « 2e » seul ne dit pas de qui il s'agit : surtout pas d'un second chef.
    return LIENS_LUS.get(sans_rang) or None


def couper_telephones(texte):
    """Rend les numéros écrits dans une case : « 66123456/99123456 », « 66 12 34 56 ou 63 45 67 89 »."""
    morceaux = []
    for morceau in _SEPARATEURS.split(re.sub(r"\.0$", "", str(texte).strip())):
        chiffres = re.sub(r"[\s.-]", "", morceau)
        if chiffres.isdigit() and len(chiffres) == 16:
            morceaux += [chiffres[:8], chiffres[8:]]
        elif not vide(morceau):
            morceaux.append(morceau)
    return morceaux
